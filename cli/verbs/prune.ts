import type { Command } from 'commander';
import { connect } from '../api.ts';
import { durationOption } from '../duration-option.ts';
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
Acts on the evidence folder of the server, not on this machine. Only members of the groups that may start countdowns can do it
(spec.start.groups of the server's environment file). What an open countdown, an undo or the last good release names is kept whatever its
age, and so is everything stored since the oldest open countdown began. Where an open countdown cannot be read, nothing is removed.

Examples:
  # how much would go
  tminus prune --older-than 90d --dry-run
  # remove it
  tminus prune --older-than 90d`;

export function pruneCommand(program: Command): void {
  program
    .command('prune')
    .description('Remove old evidence of ended countdowns from the server')
    .requiredOption('--older-than <duration>', 'minimum age of what is removed, such as 90d; at least 1d', checkedDuration)
    .option('--dry-run', 'only count what would be removed', false)
    .addHelpText('after', HELP)
    .action(async ({ olderThan, dryRun }: { olderThan: string; dryRun: boolean }, command: Command) => {
      // A piece that is gone is not removed again: the same request may be sent twice.
      const answer = await connect(command).post<PruneAnswer>('/api/v1/evidence/prune', { olderThan, dryRun }, { twice: true });
      print(command, answer, render);
    });
}

/** Sent as it was written: the server reads it by the same rules. */
function checkedDuration(text: string): string {
  durationOption(text);
  return text;
}

function render({ dryRun, before, openCountdowns, removed, removedBytes, keptNamed, keptYoung }: PruneAnswer): string {
  return [
    `${count(removed)} pieces (${size(removedBytes)}) ${dryRun ? 'would be removed' : 'removed'}, stored before ${time(before)}`,
    `${keptNamed} old pieces kept: an open countdown, an undo or the last good release names them; ${keptYoung} younger pieces kept; ${openCountdowns} countdowns are open`,
  ].join('\n');
}
