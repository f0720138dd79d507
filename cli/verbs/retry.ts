import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface RetryOptions extends ActionOptions {
  step: string;
}

export function retryCommand(program: Command): void {
  actionVerb<RetryOptions>(program, {
    name: 'retry',
    description: 'run a step of the present checkpoint again',
    needsMessage: false,
    reads: 'status',
    options: (command) => command.requiredOption('--step <name>', 'name of the step'),
    say: ({ step }) => ({ step }),
  });
}
