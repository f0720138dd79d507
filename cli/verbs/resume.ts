import { Option, type Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface ResumeOptions extends ActionOptions {
  keep?: boolean;
  shift?: boolean;
}

export function resumeCommand(program: Command): void {
  actionVerb<ResumeOptions>(program, {
    name: 'resume',
    description: 'restart the clock; inconclusive steps run again',
    needsMessage: false,
    reads: 'status',
    options: (command) =>
      command
        .addOption(new Option('--keep', 'keep the launch time').conflicts('shift'))
        .option('--shift', 'move the launch by the length of the hold; else it moves only if a checkpoint was missed'),
    say: ({ keep, shift }) => (keep ? { launchAt: 'keep' } : shift ? { launchAt: 'shift' } : {}),
  });
}
