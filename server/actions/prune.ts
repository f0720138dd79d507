// Removes old evidence of ended countdowns. Evidence that an open countdown may still read is never removed.
import type { EvidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import { MIN_AGE_MS, digestsIn, type Pruned } from '../../activities/evidence/prune.ts';
import { readDuration } from '../../release/duration.ts';
import type { StartPolicy } from '../../release/start-policy.ts';
import { explainStart } from '../../verdict/can.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { ApiError } from '../request/refusal.ts';
import { CountdownFailure, type Countdowns, type OpenCountdown } from '../temporal/countdowns.ts';
import type { PruneRequest } from './requests.ts';

export interface PruneDependencies {
  countdowns: Countdowns;
  folder: EvidenceFolder;
  startPolicy: StartPolicy;
  now: () => number;
  /** Writes one line to the server log. */
  log: (line: string) => void;
}

export type PruneResult = Pruned & {
  /** RFC 3339: only pieces stored before it can be removed. */
  before: string;
  openCountdowns: number;
};

/**
 * Removes the pieces that are older than the requested age and than the start of the oldest open countdown, and that no open countdown
 * and no pointer references. If one open countdown cannot be read, nothing is removed and the refusal names it.
 */
export async function prune(
  dependencies: PruneDependencies,
  { olderThan, dryRun }: PruneRequest,
  principal: Principal,
): Promise<PruneResult> {
  const { countdowns, folder, startPolicy, now, log } = dependencies;
  const barred = explainStart(principal, startPolicy.starters);
  if (barred !== null) throw new ApiError('NotAllowed', barred, 'ask a member of these groups to prune');
  const askedMs = ageOf(olderThan);
  const open = await countdowns.open();
  const named = new Set<string>();
  let oldestStartMs = now();
  for (const each of open) {
    const { startedAtMs, digests } = await needsOf(countdowns, each);
    oldestStartMs = Math.min(oldestStartMs, startedAtMs);
    for (const digest of digests) named.add(digest);
  }
  const olderThanMs = Math.max(askedMs, now() - oldestStartMs);
  const pruned = await folder.prune({ olderThanMs, named, dryRun, now });
  const before = new Date(now() - olderThanMs).toISOString();
  log(
    `evidence.${dryRun ? 'prune-dry-run' : 'pruned'} by ${principal.issuer}/${principal.subject}: ${pruned.removed} pieces, ` +
      `${pruned.removedBytes} bytes, stored before ${before}; ${open.length} open countdowns`,
  );
  return { ...pruned, before, openCountdowns: open.length };
}

function ageOf(text: string): number {
  const reading = readDuration(text);
  if (!reading.ok) throw new ApiError('InvalidRequest', `--older-than: ${reading.reason}`, 'use an age such as 90d');
  if (reading.ms < MIN_AGE_MS)
    throw new ApiError(
      'InvalidRequest',
      `--older-than: ${text} is less than a day`,
      'a younger piece may belong to a running step; use an age such as 90d',
    );
  return reading.ms;
}

/** Every digest anywhere in the status of a countdown. */
async function needsOf(countdowns: Countdowns, { release, startedFrom }: OpenCountdown) {
  if (startedFrom === null) throw notRead(release, 'its start has no record of the scripts (older server version)');
  const status = await countdowns.status(release).catch((error: unknown) => {
    throw error instanceof CountdownFailure ? notRead(release, error.message) : error;
  });
  return {
    startedAtMs: Date.parse(status.startedAt),
    digests: [...startedFrom, ...digestsIn(JSON.stringify(status))],
  };
}

const notRead = (release: string, reason: string): ApiError =>
  new ApiError(
    'Refused',
    `nothing was removed: the evidence that the open countdown ${release} needs is unknown (${reason})`,
    'start its worker, or wait until the countdown has ended',
  );
