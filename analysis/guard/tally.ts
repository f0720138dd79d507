// From looks to counts: how many requests, errors and slow requests the launched version answered while it was watched.
import type { GuardAnswers, GuardSample, PodValue } from './sample.ts';

interface PodCounts {
  requests: number;
  errors: number;
  within: number;
}

export interface GuardTally {
  requests: number;
  errors: number;
  slow: number;
  /** Between the first and the last look that saw all pods. */
  watchedMs: number;
  /** Length of the present stretch without a look that saw all pods; 0 when the last look did. */
  blindMs: number;
  /** Longest such stretch. */
  longestBlindMs: number;
  /** Why the last blind look was blind. */
  trouble: { query: string; sentence: string } | null;
  /** Restarts seen during the watch, per pod. */
  restarts: Record<string, number>;
  p99S: number | null;
  /** Looks that saw all pods. */
  looks: number;

  /** Last counters of each pod; null before the first look that saw all pods. */
  last: Record<string, PodCounts> | null;
  firstRestarts: Record<string, number> | null;
  firstSeenMs: number | null;
  lastSeenMs: number | null;
  startedMs: number | null;
}

export const EMPTY_TALLY: GuardTally = {
  requests: 0,
  errors: 0,
  slow: 0,
  watchedMs: 0,
  blindMs: 0,
  longestBlindMs: 0,
  trouble: null,
  restarts: {},
  p99S: null,
  looks: 0,
  last: null,
  firstRestarts: null,
  firstSeenMs: null,
  lastSeenMs: null,
  startedMs: null,
};

/**
 * Adds one look. Counts are exact: differences of raw counters between looks, per pod, and not `increase()`, which extrapolates to
 * fractions and, worse, sees nothing of the first value of a new series - a burst of errors that creates the 5xx series would count
 * as none. A counter that went down restarted from zero, so its new value is what was added. A pod that appears later was started by
 * this version's ReplicaSet during the watch, so all of its requests count.
 */
export function addSample(tally: GuardTally, sample: GuardSample, maxAgeMs: number): GuardTally {
  const startedMs = tally.startedMs ?? sample.atMs;
  const restarted = addRestarts(tally, sample);
  const seen = readLook(sample, maxAgeMs);
  if ('trouble' in seen) {
    const blindMs = sample.atMs - (tally.lastSeenMs ?? startedMs);
    return { ...tally, ...restarted, startedMs, blindMs, longestBlindMs: Math.max(tally.longestBlindMs, blindMs), trouble: seen.trouble };
  }
  const added = { requests: 0, errors: 0, slow: 0 };
  for (const [pod, now] of Object.entries(seen.pods)) {
    if (tally.last === null) continue;
    const before = tally.last[pod] ?? { requests: 0, errors: 0, within: 0 };
    const since = now.requests < before.requests ? { requests: 0, errors: 0, within: 0 } : before;
    added.requests += now.requests - since.requests;
    added.errors += Math.max(0, now.errors - since.errors);
    added.slow += Math.max(0, now.requests - now.within - (since.requests - since.within));
  }
  const firstSeenMs = tally.firstSeenMs ?? sample.atMs;
  // The stretch up to this look was blind too when looks in between were: a gap that is over still was a gap.
  const gapMs = tally.blindMs > 0 ? sample.atMs - (tally.lastSeenMs ?? startedMs) : 0;
  return {
    ...tally,
    ...restarted,
    requests: tally.requests + added.requests,
    errors: tally.errors + added.errors,
    slow: tally.slow + added.slow,
    watchedMs: sample.atMs - firstSeenMs,
    blindMs: 0,
    longestBlindMs: Math.max(tally.longestBlindMs, gapMs),
    p99S: sample.p99S ?? tally.p99S,
    looks: tally.looks + 1,
    last: { ...tally.last, ...seen.pods },
    firstSeenMs,
    lastSeenMs: sample.atMs,
    startedMs,
  };
}

/** All looks of a watch. */
export function tallySamples(samples: readonly GuardSample[], maxAgeMs: number): GuardTally {
  return samples.reduce((tally, sample) => addSample(tally, sample, maxAgeMs), EMPTY_TALLY);
}

type Look = { pods: Record<string, PodCounts> } | { trouble: { query: string; sentence: string } };

/** One look is usable only when every pod was scraped by exactly one target, a moment ago, and has the series the limits need. */
export function readLook({ pods, answers, trouble, queries }: GuardSample, maxAgeMs: number): Look {
  if (answers === null) return { trouble: trouble ?? { query: '', sentence: 'nothing was asked' } };
  const blind = (question: keyof GuardAnswers, why: string): Look => ({
    trouble: { query: queries[question] ?? '', sentence: `${why} (${queries[question]})` },
  });
  if (pods.length === 0) return blind('up', 'the launched version has no pods');

  const counts: Record<string, PodCounts> = {};
  for (const pod of pods) {
    const up = answers.up.filter((sample) => sample.pod === pod);
    if (up.length !== 1)
      return blind(
        'up',
        up.length === 0
          ? `Prometheus does not scrape pod ${pod}`
          : `Prometheus scrapes pod ${pod} ${up.length} times, so its requests would count ${up.length} times`,
      );
    if (up[0]?.value !== 1) return blind('up', `the last scrape of pod ${pod} failed`);
    const age = only(answers.ageS, pod);
    if (age === null || !(age * 1_000 <= maxAgeMs))
      return blind(
        'ageS',
        age === null ? `nobody knows how old the samples of pod ${pod} are` : `the newest sample of pod ${pod} is ${age.toFixed(0)} s old`,
      );
    const requests = only(answers.requests, pod);
    if (requests === null) return blind('requests', `pod ${pod} has no request counter`);
    const within = only(answers.within, pod);
    if (within === null) return blind('within', `pod ${pod} has no bucket at the limit`);
    // A histogram that labels its status otherwise (`status`, `status_code`) has no series with `code` either, and is not without errors.
    // Both counts are of one moment, so of one scrape, and equal to the last request.
    const coded = answers.coded && codedRequests(answers.coded, pod);
    if (coded !== undefined && coded !== requests)
      return blind(
        'coded',
        `the status of ${coded === null ? 'the' : `${requests - coded} of ${requests}`} requests of pod ${pod} is not told by a label \`code\``,
      );
    // The one absence that is a zero: code series are made by the first such answer, and the same scrape of the same process gave the
    // total and its codes. With them, no 5xx series means no 5xx since the process started.
    const errors = answers.errors.some((sample) => sample.pod === pod) ? only(answers.errors, pod) : 0;
    if (errors === null || errors > requests || within > requests)
      return blind('errors', `the counters of pod ${pod} contradict each other`);
    counts[pod] = { requests, errors, within };
  }
  return { pods: counts };
}

/** A pod without any such series has told the code of none. */
function codedRequests(coded: readonly PodValue[], pod: string): number | null {
  return coded.some((sample) => sample.pod === pod) ? only(coded, pod) : 0;
}

/** The one count of a pod; null when there is none, there are two, or it is no count. */
function only(samples: readonly PodValue[], pod: string): number | null {
  const own = samples.filter((sample) => sample.pod === pod);
  const value = own.length === 1 ? own[0]?.value : undefined;
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}

function addRestarts({ firstRestarts, restarts }: GuardTally, sample: GuardSample): Pick<GuardTally, 'firstRestarts' | 'restarts'> {
  const known = Object.keys(sample.restarts).length > 0;
  if (firstRestarts === null) return { firstRestarts: known ? { ...sample.restarts } : null, restarts };
  const next = { ...restarts };
  for (const [pod, count] of Object.entries(sample.restarts)) {
    const more = count - (firstRestarts[pod] ?? 0);
    if (more > (next[pod] ?? 0)) next[pod] = more;
  }
  return { firstRestarts, restarts: next };
}
