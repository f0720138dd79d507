import type { Command } from 'commander';
import { actVerb } from '../act-verb.ts';

export function holdCommand(program: Command): void {
  actVerb(program, {
    name: 'hold',
    description: 'stop the clock; takes effect even while no worker runs',
    needsMessage: true,
    reads: 'nothing',
  });
}
