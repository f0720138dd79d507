import type { Command } from 'commander';
import { actionVerb, type ActionOptions } from '../action-verb.ts';
import { durationOption } from '../duration-option.ts';
import { clockMs } from '../../verdict/words.ts';

interface WaiveOptions extends ActionOptions {
  finding: string;
  expires: number;
}

export function waiveCommand(program: Command): void {
  actionVerb<WaiveOptions>(program, {
    name: 'waive',
    description: 'accept a failing finding until it expires; recorded and announced',
    needsMessage: true,
    reads: 'status',
    options: (command) =>
      command
        .requiredOption('--finding <key>', 'CODE/SUBJECT, as the line `accept` of `tminus explain` has it')
        .requiredOption('--expires <duration>', 'how long it is accepted, such as 24h', durationOption),
    say: ({ finding, expires }, status) => ({
      finding,
      expiresAt: new Date(clockMs(status, Date.now()) + expires).toISOString(),
    }),
  });
}
