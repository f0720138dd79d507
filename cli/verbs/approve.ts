import type { Command } from 'commander';
import { actVerb, withCheckpoint } from '../act-verb.ts';

export function approveCommand(program: Command): void {
  actVerb(program, {
    name: 'approve',
    description: 'approve the waiting checkpoint: go',
    needsMessage: false,
    reads: 'status',
    options: withCheckpoint,
  });
}
