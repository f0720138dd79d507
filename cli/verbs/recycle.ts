import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface RecycleOptions extends ActionOptions {
  to: string;
}

export function recycleCommand(program: Command): void {
  actionVerb<RecycleOptions>(program, {
    name: 'recycle',
    description: 'Go back to an earlier checkpoint and run its steps again',
    examples: [
      ['by offset', 'tminus recycle go-api-1.4.0 --to T-72h -m "index added"'],
      ['by name', 'tminus recycle go-api-1.4.0 --to load-and-diagnosis -m "index added"'],
      ['the steps that will run again', 'tminus status go-api-1.4.0 --checkpoint load-and-diagnosis --all'],
    ],
    needsMessage: true,
    reads: 'status',
    options: (command) => command.requiredOption('--to <checkpoint>', 'name or offset, such as T-72h'),
    fields: ({ to }) => ({ to }),
  });
}
