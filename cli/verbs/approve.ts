import type { Command } from 'commander';
import { actionVerb, withCheckpoint } from '../action-verb.ts';

export function approveCommand(program: Command): void {
  actionVerb(program, {
    name: 'approve',
    description: 'approve the waiting checkpoint: go',
    needsMessage: false,
    reads: 'status',
    options: withCheckpoint,
  });
}
