import type { Command } from 'commander';
import { actionVerb, withCheckpoint } from '../action-verb.ts';

export function approveCommand(program: Command): void {
  actionVerb(program, {
    name: 'approve',
    description: 'Approve the checkpoint that waits for approval',
    examples: [
      ['approve the checkpoint that waits now', 'tminus approve go-api-1.4.0'],
      ['with a reason for the audit log', 'tminus approve go-api-1.4.0 -m "p99 is 212 ms, limits held"'],
      ['only if it is this checkpoint', 'tminus approve go-api-1.4.0 --checkpoint final-poll'],
    ],
    needsMessage: false,
    reads: 'status',
    options: withCheckpoint,
  });
}
