import { Option, type Command } from 'commander';
import { actVerb, type ActOptions } from '../act-verb.ts';

interface ResumeOptions extends ActOptions {
  keep?: boolean;
  shift?: boolean;
}

export function resumeCommand(program: Command): void {
  actVerb<ResumeOptions>(program, {
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
