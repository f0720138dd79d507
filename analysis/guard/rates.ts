// Tests whether the share of failed or slow requests is above its limit. Windows are tested, not requests: requests fail in bursts, and a
// test of single requests would reject any burst. False-alarm rates were simulated: docs/explanation/guard-rates.md.
import { addWindow, burstSizeAround, NO_WINDOWS, poissonTail, scanTail, type WindowSums } from '../statistics/index.ts';
import type { GuardTally } from './guard-tally.ts';
import type { GuardLimits } from './sample.ts';
import { BURST_MS, LONG_WINDOWS, windowsIn, type Answered, type BadKind, type Window, type Windows } from './windows.ts';

/** Fewer requests may be one cold start (connections, caches): they never cause a rollback. */
const MIN_REQUESTS_TO_BREACH = 30;
/** One burst spans at most two windows, so two are not enough evidence. */
const MIN_WINDOWS = 3;
/** Requests that fail for longer than this in one window or two: a burst is shorter, and two bursts seldom meet. */
const OUTAGE_MS = 2.5 * BURST_MS;
/** About the last minute: a watch does not pass on what happened before it. */
const SHORT_WINDOWS = 9;
/** A watch passes only when all of these keep the limits: a failure that begins before the end is in one of them. */
export const LAST_WINDOWS: readonly number[] = [SHORT_WINDOWS, 3, 1];
/** Two limits are tested, and either may cause a false alarm. */
const LIMITS = 2;

/** Alpha spending: how the false-alarm probability is divided among the tests. All shares add up to at most 1. */
export interface Spending {
  /** One window or two with more failing time than bursts explain. */
  outage: number;
  /** Windows in a row that are all above the limit. */
  inARow: readonly { length: number; share: number }[];
  /** The last windows together. */
  ofTheLast: readonly { length: number; share: number }[];
  whole: number;
}

/**
 * Short stretches get most, as a watch has more of them: at 100 requests/s and samples 5 s apart, 50 times the limit is detected in 15 s and
 * ten times in 45 s. Long ones have large counts.
 */
const GUARD_SPENDING: Spending = {
  outage: 0.02,
  inARow: [
    { length: 3, share: 0.58 },
    { length: 6, share: 0.06 },
  ],
  ofTheLast: [
    { length: SHORT_WINDOWS, share: 0.24 },
    { length: LONG_WINDOWS, share: 0.05 },
  ],
  whole: 0.05,
};
/** Every version goes through the bake; only versions near a limit need the extension. */
const BAKE_ALPHA_SHARE = 3 / 4;

/** The counts that break a limit. */
export interface Excess {
  requests: number;
  bad: number;
  /** Length of the tested windows; null for the whole watch. */
  ms: number | null;
}

/** A test of windows: is `share` (0-1) exceeded, with false-alarm probability `alpha` over `windows` windows? */
interface Question {
  kind: BadKind;
  share: number;
  windows: number;
  alpha: number;
  spending: Spending;
}

/** The requests of a watch, and its windows. */
interface Counts extends Answered {
  windows: Windows;
}

/** The windows that break a limit of the guard, or null. With a limit of 0 the first error is a breach. */
export function excessOf(tally: GuardTally, kind: BadKind, share: number, limits: GuardLimits): Excess | null {
  const phase = phaseOf(tally.windows[kind].windows, limits);
  return testedExcess(tally, { kind, share, spending: GUARD_SPENDING, ...phase });
}

/**
 * The windows in which more requests failed (or were slow) than `share` explains, or null. Tested after each window above the limit, with
 * bursts as large as the windows show; the alphas of all tests add up to `alpha`. With a share of 0 the first bad request is an excess.
 */
export function testedExcess(counts: Counts, question: Question): Excess | null {
  const { requests, windows } = counts;
  const { kind, share } = question;
  const whole: Excess = { requests, bad: counts[kind], ms: null };
  if (requests < MIN_REQUESTS_TO_BREACH || whole.bad === 0) return null;
  if (share === 0) return whole;
  const { recent, [kind]: sums } = windows;
  const last = recent.at(-1);
  if (last === undefined || !isAbove(last, question)) return null;
  return (
    outage(recent, question) ??
    aboveInARow(recent, question) ??
    aboveOfTheLast(recent, question) ??
    (isAboveInAll(sums, question) ? whole : null)
  );
}

/** One window or two with more failing time than bursts explain, each burst as large as it can be. */
function outage(recent: readonly Window[], { kind, share, windows, alpha, spending }: Question): Excess | null {
  for (const length of [1, 2]) {
    const tested = recent.slice(-length);
    const failingMs = tested.reduce((sum, window) => sum + (window.ms * window[kind]) / window.requests, 0);
    const bursts = failingMs / BURST_MS;
    const expected = tested.reduce((sum, window) => sum + (window.ms * share) / BURST_MS, 0);
    if (failingMs <= OUTAGE_MS || bursts <= expected || !isEnough(tested)) continue;
    if (poissonTail(bursts, expected) * windows < alpha * spending.outage) return excessIn(tested, kind);
  }
  return null;
}

/** Windows in a row that are all above the limit: the probability that each has so many bursts. */
function aboveInARow(recent: readonly Window[], question: Question): Excess | null {
  const { kind, share, windows, alpha, spending } = question;
  for (const { length, share: alphaShare } of spending.inARow) {
    const tested = recent.slice(-length);
    if (tested.length < length || !tested.every((window) => isAbove(window, question)) || !isEnough(tested)) continue;
    const burst = burstIn(tested, kind, share);
    const p = tested.reduce((product, window) => product * poissonTail(window[kind] / burst, (window.requests * share) / burst), 1);
    if (p * windows < alpha * alphaShare) return excessIn(tested, kind);
  }
  return null;
}

/** The last windows, some of them above the limit: the probability of so many bursts in so many windows, anywhere in the watch. */
function aboveOfTheLast(recent: readonly Window[], question: Question): Excess | null {
  const { kind, share, windows: watchWindows, alpha, spending } = question;
  for (const { length, share: alphaShare } of spending.ofTheLast) {
    const tested = recent.slice(-length);
    if (tested.filter((window) => isAbove(window, question)).length < MIN_WINDOWS || !isEnough(tested)) continue;
    const { requests, bad } = sumsOf(tested, kind);
    const burst = burstIn(tested, kind, share);
    const p = scanTail({ events: bad / burst, expected: (requests * share) / burst, windows: tested.length, watchWindows });
    if (p < alpha * alphaShare) return excessIn(tested, kind);
  }
  return null;
}

/** All windows of the watch. */
function isAboveInAll(sums: WindowSums, { share, windows, alpha, spending }: Question): boolean {
  if (sums.windows < MIN_WINDOWS) return false;
  const burst = burstSizeAround(sums, share);
  const [bursts, expected] = [sums.bad / burst, (sums.requests * share) / burst];
  return bursts > expected && poissonTail(bursts, expected) * windows < alpha * spending.whole;
}

const isAbove = (window: Window, { kind, share }: Question): boolean => window[kind] > window.requests * share;

const isEnough = (windows: readonly Window[]): boolean =>
  windows.reduce((sum, { requests }) => sum + requests, 0) >= MIN_REQUESTS_TO_BREACH;

/** The part of the watch that this window belongs to, and its alpha. */
function phaseOf(window: number, { falseAlarmPercent, bakeMs, maxBakeMs, intervalMs }: GuardLimits): Pick<Question, 'windows' | 'alpha'> {
  const alpha = falseAlarmPercent / 100 / LIMITS;
  const bake = windowsIn(bakeMs, intervalMs);
  const extension = Math.max(window - bake, windowsIn(Math.max(0, maxBakeMs - bakeMs), intervalMs));
  return window <= bake
    ? { windows: bake, alpha: alpha * BAKE_ALPHA_SHARE }
    : { windows: extension, alpha: alpha * (1 - BAKE_ALPHA_SHARE) };
}

/** Burst size in some windows: as measured around the limit, and at most the requests during one burst. */
function burstIn(windows: readonly Window[], kind: BadKind, share: number): number {
  const largest = Math.max(...windows.map(({ requests, ms }) => (requests * BURST_MS) / ms));
  return Math.max(1, Math.min(largest, burstSizeAround(sumsOf(windows, kind), share)));
}

const sumsOf = (windows: readonly Window[], kind: BadKind): WindowSums =>
  windows.reduce((sums, window) => addWindow(sums, { requests: window.requests, bad: window[kind] }), NO_WINDOWS);

function excessIn(windows: readonly Window[], kind: BadKind): Excess {
  const { requests, bad } = sumsOf(windows, kind);
  return { requests, bad, ms: windows.reduce((sum, window) => sum + window.ms, 0) };
}

/** Counts of the last `length` closed windows and of the open one. */
export function lastWindows({ windows: { recent, open } }: GuardTally, kind: BadKind, length: number): Excess {
  return excessIn([...recent.slice(-length), open], kind);
}
