import type { Command } from 'commander';
import { actionVerb } from '../action-verb.ts';

export function holdCommand(program: Command): void {
  actionVerb(program, {
    name: 'hold',
    description: 'Stop the clock; accepted also while no worker runs',
    examples: [
      ['stop the clock', 'tminus hold go-api-1.4.0 -m "incident in payments"'],
      ['a long reason from a file', 'tminus hold go-api-1.4.0 -m - < incident.txt'],
      ['send the same request again after a lost response', 'tminus hold go-api-1.4.0 -m "incident" --id incident-4711'],
    ],
    needsMessage: true,
    reads: 'nothing',
  });
}
