// When the share of requests that failed, or were slow, is surely above its limit. Counts of windows are judged, not requests: requests fail in
// bursts, and of those every trifle is significant. What the rule promises was simulated: docs/explanation/guard-rates.md.
import { addWindow, burstSizeAround, NO_WINDOWS, poissonTail, scanChance, type WindowSums } from '../statistics/index.ts';
import type { GuardLimits } from './sample.ts';
import type { GuardTally } from './tally.ts';
import { LONG_WINDOWS, windowsIn, type Answered, type Window } from './windows.ts';

/** Fewer requests may be one cold start (connections, caches): nothing is rolled back on them. */
const MIN_REQUESTS_TO_BREACH = 30;
/** A burst lies in two windows at most (windows.ts), so that two say no more than one. */
const MIN_WINDOWS = 3;
/** Most requests of two windows in a row: that is no burst, it is an outage that lasts longer than a window. */
const MOST = 0.5;
/** The last minute or so: a watch does not pass on what happened before it. */
export const SHORT_WINDOWS = 9;
/** Two limits are tested, and either may give a false alarm. */
const LIMITS = 2;
/**
 * How the chance of a false alarm is divided, by number of windows. Short stretches need most of it, as a watch has more of them: with this, at 100
 * requests/s and samples 5 s apart, 50 times the limit is found in 15 s and ten times in 45 s. Long ones are sure with little.
 */
const RUNS = [
  { length: 3, part: 0.6 },
  { length: 6, part: 0.06 },
];
const STRETCHES = [
  { length: SHORT_WINDOWS, part: 0.24 },
  { length: LONG_WINDOWS, part: 0.05 },
];
const WHOLE_PART = 0.05;
/** The bake is what every version goes through; its extension is for versions that are near a limit. */
const BAKE_CHANCE = 3 / 4;

/** Where a limit is broken: counts of the stretch that shows it. */
export interface Excess {
  requests: number;
  bad: number;
  /** Length of the stretch; null for the whole watch. */
  ms: number | null;
}

export type Limited = Exclude<keyof Answered, 'requests'>;

/**
 * The stretch in which more requests failed (or were slow) than `share` explains; null when there is none. Judged after each window that is itself above
 * the limit: runs of three and of six windows above it, the last 9, the last 24 and all windows. Each asks how likely so many bursts are anywhere in the
 * watch, of the size that the windows show around the limit; their chances add up to the one that was asked for. A limit of 0 is taken at its word.
 */
export function excessOf(tally: GuardTally, kind: Limited, share: number, limits: GuardLimits): Excess | null {
  const { requests, windows } = tally;
  const whole: Excess = { requests, bad: tally[kind], ms: null };
  if (requests < MIN_REQUESTS_TO_BREACH || whole.bad === 0) return null;
  if (share === 0) return whole;
  const isAbove = (window: Window) => window[kind] > window.requests * share;
  const last = windows.recent.at(-1);
  if (last === undefined || !isAbove(last)) return null;

  const two = windows.recent.slice(-2);
  if (two.length === 2 && two.every((window) => window[kind] > window.requests * Math.max(MOST, share))) return excessIn(two, kind);
  const all = windows[kind];
  if (all.windows < MIN_WINDOWS) return null;
  const watch = partOf(all.windows, limits);
  for (const { length, part } of RUNS) {
    const run = windows.recent.slice(-length);
    if (run.length === length && run.every(isAbove) && runChance(run, kind, share) * watch.windows < watch.chance * part)
      return excessIn(run, kind);
  }
  for (const { length, part } of STRETCHES) {
    const stretch = windows.recent.slice(-length);
    if (stretch.filter(isAbove).length < MIN_WINDOWS) continue;
    const { bursts, expected } = burstsIn(sumsOf(stretch, kind), share);
    const chance = scanChance({ events: bursts, expected, windows: stretch.length, watchWindows: watch.windows });
    if (chance < watch.chance * part) return excessIn(stretch, kind);
  }
  const { bursts, expected } = burstsIn(all, share);
  return bursts > expected && poissonTail(bursts, expected) * watch.windows < watch.chance * WHOLE_PART ? whole : null;
}

/** The part of the watch that this window belongs to, and its chance of a false alarm. */
function partOf(window: number, { falseAlarmPercent, bakeMs, maxBakeMs, intervalMs }: GuardLimits): { windows: number; chance: number } {
  const chance = falseAlarmPercent / 100 / LIMITS;
  const bake = windowsIn(bakeMs, intervalMs);
  const extension = Math.max(window - bake, windowsIn(Math.max(0, maxBakeMs - bakeMs), intervalMs));
  return window <= bake ? { windows: bake, chance: chance * BAKE_CHANCE } : { windows: extension, chance: chance * (1 - BAKE_CHANCE) };
}

/** Chance that each of these windows holds as many bursts as it does, of one size. */
function runChance(run: readonly Window[], kind: Limited, share: number): number {
  const burst = burstSizeAround(sumsOf(run, kind), share);
  return run.reduce((chance, window) => chance * poissonTail(window[kind] / burst, (window.requests * share) / burst), 1);
}

function burstsIn(sums: WindowSums, share: number): { bursts: number; expected: number } {
  const burst = burstSizeAround(sums, share);
  return { bursts: sums.bad / burst, expected: (sums.requests * share) / burst };
}

const sumsOf = (windows: readonly Window[], kind: Limited): WindowSums =>
  windows.reduce((sums, window) => addWindow(sums, { requests: window.requests, bad: window[kind] }), NO_WINDOWS);

/** Counts of some windows, as an excess. */
function excessIn(windows: readonly Window[], kind: Limited): Excess {
  const { requests, bad } = sumsOf(windows, kind);
  return { requests, bad, ms: windows.reduce((sum, window) => sum + window.ms, 0) };
}

/** The last minute or so, with the window that is still open. A watch does not pass on what happened before it. */
export function lastWindows({ windows: { recent, open } }: GuardTally, kind: Limited): Excess {
  return excessIn([...recent.slice(-SHORT_WINDOWS), { ...open, ms: 0 }], kind);
}
