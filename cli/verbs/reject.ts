import type { Command } from 'commander';
import { actionVerb, withCheckpoint } from '../action-verb.ts';

export function rejectCommand(program: Command): void {
  actionVerb(program, {
    name: 'reject',
    description: 'reject the waiting checkpoint: no-go',
    needsMessage: true,
    reads: 'status',
    options: withCheckpoint,
  });
}
