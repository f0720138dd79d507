import type { Command } from 'commander';
import { actVerb, withCheckpoint } from '../act-verb.ts';

export function rejectCommand(program: Command): void {
  actVerb(program, {
    name: 'reject',
    description: 'reject the waiting checkpoint: no-go',
    needsMessage: true,
    reads: 'status',
    options: withCheckpoint,
  });
}
