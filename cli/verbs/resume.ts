import { Option, type Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface ResumeOptions extends ActionOptions {
  keep?: boolean;
  shift?: boolean;
}

export function resumeCommand(program: Command): void {
  actionVerb<ResumeOptions>(program, {
    name: 'resume',
    description: 'Resume a held countdown and run inconclusive steps again',
    examples: [
      ['the launch moves only if a checkpoint was missed', 'tminus resume go-api-1.4.0'],
      ['keep the launch time', 'tminus resume go-api-1.4.0 --keep -m "incident over"'],
      ['move the launch by the duration of the hold', 'tminus resume go-api-1.4.0 --shift'],
    ],
    needsMessage: false,
    reads: 'status',
    options: (command) =>
      command
        .addOption(new Option('--keep', 'keep the launch time').conflicts('shift'))
        .option('--shift', 'move the launch by the duration of the hold (default: only if a checkpoint was missed)'),
    fields: ({ keep, shift }) => (keep ? { launchAt: 'keep' } : shift ? { launchAt: 'shift' } : {}),
  });
}
