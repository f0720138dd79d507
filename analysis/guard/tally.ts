// Adds samples to the state of a watch: requests, errors and slow requests of the launched version, watched time, and certain breaches.
import { breachOf } from './breach.ts';
import type { GuardTally } from './guard-tally.ts';
import { countedSince, type PodCounts } from './pod-counts.ts';
import { readCounts, readSight } from './read-sample.ts';
import { addRestarts, restartsOf } from './restarts.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { addServing } from './serving.ts';
import { addTraffic, quietMessage } from './traffic.ts';
import { addToWindows, type Answered } from './windows.ts';

/** Four marks span the last third of the bake, so it is measured to a twelfth of the bake. */
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

function addCounts(tally: GuardTally, sample: GuardSample, maxAgeMs: number): Answered & Pick<GuardTally, 'windows' | 'last'> {
  const { pods, oldestScrapeMs } = readCounts(sample, maxAgeMs);
  const { added, last } = countedSince(tally.last, pods, tally.seenSamples > 0);
  return {
    requests: tally.requests + added.requests,
    errors: tally.errors + added.errors,
    slow: tally.slow + added.slow,
    windows: addToWindows(tally.windows, added, sample, oldestScrapeMs),
    last: presentOnly(last, sample),
  };
}

/** Drops the counters of deleted pods, so that the state of a long watch stays small. */
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
      trouble: { query: sample.queries.requests, message: quietMessage(traffic.quiet) },
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

/** Blind since the last usable sample; without traffic since the quiet window began, if that is earlier. */
function blind(tally: GuardTally, atMs: number, quietFromMs: number): Pick<GuardTally, 'blindMs' | 'blindFromMs' | 'firstBlindMs'> {
  const from = tally.blindFromMs ?? tally.lastSeenMs ?? tally.startedMs ?? atMs;
  const blindFromMs = Math.min(from, quietFromMs);
  return { blindFromMs, blindMs: atMs - blindFromMs, firstBlindMs: tally.firstBlindMs ?? atMs };
}

/** Restarts the bake: errors so far stay; watched time, requests to decide on and the last third start again. */
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
