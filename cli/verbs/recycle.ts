import type { Command } from 'commander';
import { actVerb, type ActOptions } from '../act-verb.ts';

interface RecycleOptions extends ActOptions {
  to: string;
}

export function recycleCommand(program: Command): void {
  actVerb<RecycleOptions>(program, {
    name: 'recycle',
    description: 'go back to an earlier checkpoint; its steps run again',
    needsMessage: true,
    reads: 'status',
    options: (command) => command.requiredOption('--to <checkpoint>', 'name or offset, such as T-72h'),
    say: ({ to }) => ({ to }),
  });
}
