import type { Command } from 'commander';
import { connect } from '../api.ts';
import { durationOption } from '../duration-option.ts';
import { examplesText, type Examples } from '../help.ts';
import { print } from '../output.ts';
import { count, size, time } from '../../verdict/wording/index.ts';

interface PruneAnswer {
  dryRun: boolean;
  before: string;
  openCountdowns: number;
  removed: number;
  removedBytes: number;
  keptNamed: number;
  keptYoung: number;
}

const HELP = `
Acts on the evidence folder of the server. Requires membership in a group that
may start countdowns (spec.start.groups of the server's environment file).
Keeps evidence that an open countdown, an undo or the last good release
references, and everything stored since the oldest open countdown began.
Removes nothing if an open countdown cannot be read.`;

const EXAMPLES: Examples = [
  ['count what would be removed', 'tminus prune --older-than 90d --dry-run'],
  ['remove it', 'tminus prune --older-than 90d'],
];

export function pruneCommand(program: Command): void {
  program
    .command('prune')
    .description('Remove old evidence of ended countdowns from the server')
    .requiredOption('--older-than <duration>', 'minimum age of removed evidence, such as 90d; at least 1d', checkedDuration)
    .option('--dry-run', 'only count what would be removed', false)
    .addHelpText('after', `${HELP}\n${examplesText(EXAMPLES)}`)
    .action(async ({ olderThan, dryRun }: { olderThan: string; dryRun: boolean }, command: Command) => {
      // Idempotent, so it may be sent twice.
      const answer = await connect(command).post<PruneAnswer>('/api/v1/evidence/prune', { olderThan, dryRun }, { twice: true });
      print(command, answer, render);
    });
}

/** Checked and sent as text: the server parses it by the same rules. */
function checkedDuration(text: string): string {
  durationOption(text);
  return text;
}

function render({ dryRun, before, openCountdowns, removed, removedBytes, keptNamed, keptYoung }: PruneAnswer): string {
  return [
    `${count(removed)} pieces (${size(removedBytes)}) ${dryRun ? 'would be removed' : 'removed'}, stored before ${time(before)}`,
    [
      `${keptNamed} old pieces kept: referenced by an open countdown, an undo or the last good release`,
      `${keptYoung} younger pieces kept`,
      `${openCountdowns} countdowns are open`,
    ].join('; '),
  ].join('\n');
}
