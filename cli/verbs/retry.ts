import type { Command } from 'commander';
import { actVerb, type ActOptions } from '../act-verb.ts';

interface RetryOptions extends ActOptions {
  step: string;
}

export function retryCommand(program: Command): void {
  actVerb<RetryOptions>(program, {
    name: 'retry',
    description: 'run a step of the present checkpoint again',
    needsMessage: false,
    reads: 'status',
    options: (command) => command.requiredOption('--step <name>', 'name of the step'),
    say: ({ step }) => ({ step }),
  });
}
