import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';

interface RecycleOptions extends ActionOptions {
  to: string;
}

export function recycleCommand(program: Command): void {
  actionVerb<RecycleOptions>(program, {
    name: 'recycle',
    description: 'go back to an earlier checkpoint; its steps run again',
    needsMessage: true,
    reads: 'status',
    options: (command) => command.requiredOption('--to <checkpoint>', 'name or offset, such as T-72h'),
    say: ({ to }) => ({ to }),
  });
}
