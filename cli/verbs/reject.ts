import type { Command } from 'commander';
import { actVerb, withCheckpoint } from '../act-verb.ts';

export function rejectCommand(program: Command): void {
  actVerb(program, { name: 'reject', description: 'no-go, from a person', needsMessage: true, reads: 'status', options: withCheckpoint });
}
