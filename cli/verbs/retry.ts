import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface RetryOptions extends ActionOptions {
  step: string;
}

export function retryCommand(program: Command): void {
  actionVerb<RetryOptions>(program, {
    name: 'retry',
    description: 'Run a step of the current checkpoint again',
    examples: [
      ['run the load test again', 'tminus retry go-api-1.4.0 --step load-test'],
      ['with a reason for the audit log', 'tminus retry go-api-1.4.0 --step preflight -m "quota raised"'],
      ['names of the steps', 'tminus status go-api-1.4.0 --all'],
    ],
    needsMessage: false,
    reads: 'status',
    options: (command) => command.requiredOption('--step <name>', 'name of the step'),
    fields: ({ step }) => ({ step }),
  });
}
