import type { Command } from 'commander';
import { actionVerb, withCheckpoint } from '../action-verb.ts';

export function approveCommand(program: Command): void {
  actionVerb(program, {
    name: 'approve',
    description: 'Approve the checkpoint that is waiting for approval',
    examples: [
      ['the checkpoint that is waiting', 'tminus approve go-api-1.4.0'],
      ['with a reason for the audit log', 'tminus approve go-api-1.4.0 -m "p99 is 212 ms, limits held"'],
      ['one checkpoint, by name or offset', 'tminus approve go-api-1.4.0 --checkpoint final-poll'],
    ],
    needsMessage: false,
    reads: 'status',
    options: withCheckpoint,
  });
}
