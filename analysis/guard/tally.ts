// From samples to the state of a watch: how many requests, errors and slow requests the launched version answered, how long it was watched,
// and what is certain. Small JSON: it travels in heartbeats and from one activity to the next.
import type { Finding } from '../../verdict/finding.ts';
import { breachOf } from './breach.ts';
import { readCounts, readSight, type PodCounts, type Trouble } from './read-sample.ts';
import { addRestarts, NO_RESTARTS, restartsOf, type Restarts } from './restarts.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { addServing, NOT_SERVING_YET, type Serving } from './serving.ts';
import { addTraffic, NO_TRAFFIC_YET, quietSentence, type Traffic } from './traffic.ts';
import { addToWindows, NO_WINDOWS_YET, type Answered, type Windows } from './windows.ts';

/** Requests at a time of the bake. */
interface Mark {
  watchedMs: number;
  requests: number;
}

export interface GuardTally {
  requests: number;
  errors: number;
  slow: number;
  /** Time between samples that saw; a gap longer than `noDataAfter` is not watched. */
  watchedMs: number;
  /** How long nothing has been seen; 0 when the last sample saw. */
  blindMs: number;
  /** Why the last sample saw nothing, or no traffic; null when it saw. */
  trouble: Trouble | null;
  /** The last sample saw every Ready pod, and that requests had stopped. */
  silent: boolean;
  p99S: number | null;
  /** Samples that saw. */
  seenSamples: number;
  serving: Serving;
  restarts: Restarts;
  traffic: Traffic;
  /** What was answered when: requests fail in bursts, which totals do not show. */
  windows: Windows;
  /** Where the bake began: at the start, or at a restart. */
  bake: Mark;
  /** Marks of the last third of the bake, oldest first. */
  marks: Mark[];
  /** What is certain; the watch ends with it. */
  breach: Finding[];

  /** Last counters of each pod. */
  last: Record<string, PodCounts>;
  startedMs: number | null;
  /** Time of the last sample. */
  atMs: number | null;
  lastSeenMs: number | null;
  /** Since when nothing is seen, and the first sample that saw nothing. */
  blindFromMs: number | null;
  firstBlindMs: number | null;
}

export const EMPTY_TALLY: GuardTally = {
  requests: 0,
  errors: 0,
  slow: 0,
  watchedMs: 0,
  blindMs: 0,
  trouble: null,
  silent: false,
  p99S: null,
  seenSamples: 0,
  serving: NOT_SERVING_YET,
  restarts: NO_RESTARTS,
  traffic: NO_TRAFFIC_YET,
  windows: NO_WINDOWS_YET,
  bake: { watchedMs: 0, requests: 0 },
  marks: [],
  breach: [],
  last: {},
  startedMs: null,
  atMs: null,
  lastSeenMs: null,
  blindFromMs: null,
  firstBlindMs: null,
};

/** A third of the bake is measured to a twelfth of it: four marks span it. */
const MARKS_PER_BAKE = 12;
export const lastThirdMs = ({ bakeMs }: GuardLimits): number => bakeMs / 3;

/** Adds one sample. A breach stays, also when later samples dilute it. */
export function addSample(tally: GuardTally, sample: GuardSample, limits: GuardLimits): GuardTally {
  const counted: GuardTally = {
    ...tally,
    ...addCounts(tally, sample, limits.noDataAfterMs),
    serving: addServing(tally.serving, sample),
    restarts: addRestarts(tally.restarts, sample),
    startedMs: tally.startedMs ?? sample.atMs,
    atMs: sample.atMs,
  };
  const seen = addSight(counted, sample, limits);
  const baked = restartsOf(seen.restarts) > restartsOf(tally.restarts) ? bakeAgain(seen) : addMark(seen, limits);
  const breach = breachOf(baked, sample, limits);
  return { ...baked, breach: breach.length >= tally.breach.length ? breach : tally.breach };
}

/** All samples of a watch. */
export function tallySamples(samples: readonly GuardSample[], limits: GuardLimits): GuardTally {
  return samples.reduce((tally, sample) => addSample(tally, sample, limits), EMPTY_TALLY);
}

/**
 * Counts are exact: differences of raw counters between samples, per pod, and not `increase()`, which extrapolates to fractions and, worse,
 * sees nothing of the first value of a new series - a burst of errors that creates the 5xx series would count as none. A counter that went
 * down restarted from zero, so its new value is what was added. A pod that appears later was started by this version's ReplicaSet during
 * the watch, so all of its requests count. Counters are cumulative: what happened while nobody looked is counted by the next sample.
 */
function addCounts(tally: GuardTally, sample: GuardSample, maxAgeMs: number): Answered & Pick<GuardTally, 'windows' | 'last'> {
  const added: Answered = { requests: 0, errors: 0, slow: 0 };
  const zero: PodCounts = { requests: 0, errors: 0, within: 0 };
  const last = { ...tally.last };
  const { pods, oldestScrapeMs } = readCounts(sample, maxAgeMs);
  for (const [pod, counts] of Object.entries(pods)) {
    const before = tally.last[pod];
    // No series yet: zero. A series that is gone for a moment: the counter will go on from where it was.
    const now = counts ?? before ?? zero;
    last[pod] = now;
    // Until a sample has seen every Ready pod, a pod that appears was there before the watch.
    if (before === undefined && tally.seenSamples === 0) continue;
    const since = before === undefined || now.requests < before.requests ? zero : before;
    added.requests += now.requests - since.requests;
    added.errors += Math.max(0, now.errors - since.errors);
    added.slow += Math.max(0, now.requests - now.within - (since.requests - since.within));
  }
  return {
    requests: tally.requests + added.requests,
    errors: tally.errors + added.errors,
    slow: tally.slow + added.slow,
    windows: addToWindows(tally.windows, added, sample, oldestScrapeMs),
    last: presentOnly(last, sample),
  };
}

/** Counters of pods that are gone for good would grow the state of a long watch without end. */
function presentOnly(last: Record<string, PodCounts>, { deployment, answers }: GuardSample): Record<string, PodCounts> {
  if (deployment === null || answers === null) return last;
  const present = new Set([...deployment.pods.map(({ name }) => name), ...answers.up.map(({ pod }) => pod)]);
  return Object.fromEntries(Object.entries(last).filter(([pod]) => present.has(pod)));
}

function addSight(tally: GuardTally, sample: GuardSample, limits: GuardLimits): GuardTally {
  const sight = readSight(sample, limits);
  if ('trouble' in sight) return { ...tally, ...blind(tally, sample.atMs, sample.atMs), trouble: sight.trouble, silent: false };
  const traffic = addTraffic(tally.traffic, sight, tally.requests, limits);
  if (traffic.quiet !== null)
    return {
      ...tally,
      traffic,
      ...blind(tally, sample.atMs, sample.atMs - traffic.quiet.ms),
      trouble: { query: sample.queries.requests, sentence: quietSentence(traffic.quiet) },
      silent: true,
    };
  const gapMs = sample.atMs - (tally.lastSeenMs ?? sample.atMs);
  return {
    ...tally,
    traffic,
    watchedMs: tally.watchedMs + (gapMs <= limits.noDataAfterMs ? gapMs : 0),
    blindMs: 0,
    blindFromMs: null,
    firstBlindMs: null,
    trouble: null,
    silent: false,
    p99S: sample.p99S ?? tally.p99S,
    seenSamples: tally.seenSamples + 1,
    lastSeenMs: sample.atMs,
  };
}

/** Blind since the last sample that saw; without traffic since the quiet window began, if that is earlier. */
function blind(tally: GuardTally, atMs: number, quietFromMs: number): Pick<GuardTally, 'blindMs' | 'blindFromMs' | 'firstBlindMs'> {
  const from = tally.blindFromMs ?? tally.lastSeenMs ?? tally.startedMs ?? atMs;
  const blindFromMs = Math.min(from, quietFromMs);
  return { blindFromMs, blindMs: atMs - blindFromMs, firstBlindMs: tally.firstBlindMs ?? atMs };
}

/** Errors seen before stay; time, requests to decide on, and the last third begin again. */
function bakeAgain(tally: GuardTally): GuardTally {
  return { ...tally, bake: { watchedMs: tally.watchedMs, requests: tally.requests }, marks: [] };
}

function addMark(tally: GuardTally, limits: GuardLimits): GuardTally {
  if (tally.trouble !== null) return tally;
  const { watchedMs, requests, marks } = tally;
  const last = marks.at(-1);
  if (last !== undefined && watchedMs - last.watchedMs < limits.bakeMs / MARKS_PER_BAKE) return tally;
  const start = marks.findLast((mark) => watchedMs - mark.watchedMs >= lastThirdMs(limits));
  return { ...tally, marks: [...marks.filter((mark) => mark.watchedMs >= (start?.watchedMs ?? 0)), { watchedMs, requests }] };
}
