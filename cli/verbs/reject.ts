import type { Command } from 'commander';
import { actionVerb, withCheckpoint } from '../action-verb.ts';

export function rejectCommand(program: Command): void {
  actionVerb(program, {
    name: 'reject',
    description: 'Reject the current checkpoint: its verdict becomes no-go',
    examples: [
      ['the current checkpoint', 'tminus reject go-api-1.4.0 -m "dashboards are missing"'],
      ['a long reason from a file', 'tminus reject go-api-1.4.0 -m - < reason.txt'],
      ['one checkpoint, by name or offset', 'tminus reject go-api-1.4.0 --checkpoint final-poll -m "freeze until Monday"'],
    ],
    needsMessage: true,
    reads: 'status',
    options: withCheckpoint,
  });
}
