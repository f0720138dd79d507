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
    description: 'Accept a failing or inconclusive finding for a limited time; recorded in the audit log and announced',
    examples: [
      ['list the findings that can be waived, each with its key', 'tminus explain go-api-1.4.0'],
      [
        'accept one for a day',
        'tminus waive go-api-1.4.0 --finding "LatencyAboveLimit/POST /api/order/create" --expires 24h -m "known, ticket 4711"',
      ],
      [
        'accept one until after a launch in 72 hours',
        'tminus waive go-api-1.4.0 --finding GoroutinesHigh/goroutines --expires 73h -m "fixed worker pool"',
      ],
    ],
    needsMessage: true,
    reads: 'status',
    options: (command) =>
      command
        .requiredOption('--finding <key>', 'finding to waive, as CODE/SUBJECT (see `tminus explain`)')
        .requiredOption('--expires <duration>', 'duration of the waiver, such as 24h', durationOption),
    fields: ({ finding, expires }, status) => ({
      finding,
      expiresAt: new Date(clockMs(status, Date.now()) + expires).toISOString(),
    }),
  });
}
