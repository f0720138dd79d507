import type { Command } from 'commander';
import { actionVerb } from '../action-verb.ts';

export function holdCommand(program: Command): void {
  actionVerb(program, {
    name: 'hold',
    description: 'stop the clock; takes effect even while no worker runs',
    needsMessage: true,
    reads: 'nothing',
  });
}
