import type { Command } from 'commander';
import { actVerb, withCheckpoint } from '../act-verb.ts';

export function approveCommand(program: Command): void {
  actVerb(program, {
    name: 'approve',
    description: 'go, from a person, for the checkpoint that waits',
    needsMessage: false,
    reads: 'status',
    options: withCheckpoint,
  });
}
