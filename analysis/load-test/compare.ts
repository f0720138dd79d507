// Is it slower than the last good release? The p99 of windows of two runs of one load, endpoint by endpoint: Mann-Whitney's U, the
// Hodges-Lehmann shift with its interval, and a floor below which nobody would care. Two runs at once are compared window with window of
// the same time, by Wilcoxon's signed ranks. It informs people; limits decide.
import { median } from 'simple-statistics';
import type { Fact } from '../../verdict/finding.ts';
import { latency, number, rounded } from '../../verdict/wording/index.ts';
import type { Table } from '../analysis.ts';
import { pairedShift } from '../statistics/paired.ts';
import { shiftBetween, type Shift } from '../statistics/two-samples.ts';
import type { SeriesBucket } from './series.ts';
import { secondsShared, type LoadWindows } from './windows.ts';

export interface LatencyShift {
  endpoint: string;
  /** Median of the windows' p99, ms. */
  beforeMs: number;
  nowMs: number;
  shiftMs: number;
  lowMs: number;
  highMs: number;
  p: number;
  /** Of each run. */
  windows: [before: number, now: number];
  change: 'slower' | 'faster' | 'none to speak of' | 'cannot tell';
}

export interface Comparison {
  shifts: LatencyShift[];
  /** Endpoints that cannot be compared, with the reason. */
  not: { endpoint: string; why: string }[];
  /** How long both ran at once, and whether their windows were paired for it. Left out where they did not. */
  atOnce?: { seconds: number; paired: boolean };
}

/** Below this a p99 is the slowest request of the window and nothing else. */
const MIN_REQUESTS = 100;
const MIN_WINDOWS = 10;
const CHANCE = 0.01;
/** The whole interval must lie beyond a tenth of what it was and a millisecond to be a change, and within them to be none. */
const FLOOR_SHARE = 0.1;
const FLOOR_MS = 1;

/** Compares endpoint by endpoint. Windows must be equally long; a run of more than three hours has longer ones, and is not compared with a shorter. */
export function compareLoads(before: LoadWindows, now: LoadWindows): Comparison {
  return compare(before, now, false, (endpoint) => {
    const [earlier, later] = [p99s(before, endpoint), p99s(now, endpoint)];
    const [few, which] = earlier.length < later.length ? [earlier.length, 'before'] : [later.length, 'now'];
    if (few < MIN_WINDOWS) return `${few} windows of ${MIN_REQUESTS} requests ${which}, ${MIN_WINDOWS} are needed`;
    return { earlier, later, shift: shiftBetween(earlier, later) };
  });
}

/** Compares two loads that ran at once, window with window of the same time: what the machine did meanwhile met both, and cancels out. */
export function compareSideBySide(one: LoadWindows, other: LoadWindows): Comparison {
  return compare(one, other, true, (endpoint) => {
    const ofOther = new Map(steady(other, endpoint).map((window) => [window.second, window.p99Ms]));
    const pairs = steady(one, endpoint).flatMap(({ second, p99Ms }) => {
      const beside = ofOther.get(second);
      return beside === undefined ? [] : [{ earlier: p99Ms, later: beside }];
    });
    if (pairs.length < MIN_WINDOWS) return `${pairs.length} windows in which both had ${MIN_REQUESTS} requests, ${MIN_WINDOWS} are needed`;
    return {
      earlier: pairs.map(({ earlier }) => earlier),
      later: pairs.map(({ later }) => later),
      shift: pairedShift(pairs.map(({ earlier, later }) => later - earlier)),
    };
  });
}

interface Compared {
  earlier: number[];
  later: number[];
  shift: Shift | null;
}

/** @param of what is known of one endpoint, or why it cannot be compared. */
function compare(before: LoadWindows, now: LoadWindows, paired: boolean, of: (endpoint: string) => Compared | string): Comparison {
  const seconds = secondsShared(before, now);
  const comparison: Comparison = { shifts: [], not: [], ...(seconds > 0 ? { atOnce: { seconds, paired } } : {}) };
  if (before.widthSeconds !== now.widthSeconds) {
    comparison.not.push({ endpoint: 'any endpoint', why: `windows of ${before.widthSeconds} s before and of ${now.widthSeconds} s now` });
    return comparison;
  }
  for (const endpoint of [...new Set([...before.endpoints.keys(), ...now.endpoints.keys()])].sort()) {
    const compared = of(endpoint);
    if (typeof compared === 'string') comparison.not.push({ endpoint, why: compared });
    else if (compared.shift !== null) comparison.shifts.push(judged(endpoint, compared, compared.shift));
  }
  return comparison;
}

function judged(endpoint: string, { earlier, later }: Compared, { shift, low, high, p }: Shift): LatencyShift {
  const beforeMs = median(earlier);
  const floor = Math.max(FLOOR_MS, FLOOR_SHARE * beforeMs);
  const certain = p < CHANCE;
  const within = low >= -floor && high <= floor;
  return {
    endpoint,
    beforeMs,
    nowMs: median(later),
    shiftMs: shift,
    lowMs: low,
    highMs: high,
    p,
    windows: [earlier.length, later.length],
    change: certain && low > floor ? 'slower' : certain && high < -floor ? 'faster' : within ? 'none to speak of' : 'cannot tell',
  };
}

/** Windows with enough requests for a p99. */
const steady = ({ endpoints }: LoadWindows, endpoint: string): SeriesBucket[] =>
  (endpoints.get(endpoint) ?? []).filter(({ requests }) => requests >= MIN_REQUESTS);

const p99s = (windows: LoadWindows, endpoint: string): number[] => steady(windows, endpoint).map(({ p99Ms }) => p99Ms);

/** @param title `Against the last good release, go-api-1.3.0` */
export function comparisonTable({ shifts, not, atOnce }: Comparison, widthSeconds: number, title: string): Table {
  const seconds = Math.round(atOnce?.seconds ?? 0);
  return {
    title,
    columns: [
      { name: 'endpoint', unit: '' },
      { name: 'p99 before', unit: 'ms' },
      { name: 'p99 now', unit: 'ms' },
      { name: 'shift', unit: 'ms' },
      { name: '95 % interval', unit: 'ms' },
      { name: 'p', unit: '' },
      { name: 'change', unit: '' },
    ],
    rows: shifts.map(({ endpoint, beforeMs, nowMs, shiftMs, lowMs, highMs, p, change }) => [
      endpoint,
      rounded(beforeMs),
      rounded(nowMs),
      rounded(shiftMs),
      `${number(lowMs)} to ${number(highMs)}`,
      p < 0.0001 ? '< 0.0001' : rounded(p),
      change,
    ]),
    notes: [
      `medians over windows of ${widthSeconds} s${atOnce?.paired ? `, in the ${seconds} s that both ran` : ''}; ` +
        `a change counts when p < ${CHANCE} and the whole interval lies beyond ${100 * FLOOR_SHARE} % of what it was, ` +
        'and is none to speak of when all of it lies within',
      ...(atOnce && !atOnce.paired ? [`both ran at once for ${seconds} s, too short to compare window with window`] : []),
      ...not.map(({ endpoint, why }) => `not compared, ${endpoint}: ${why}`),
    ],
  };
}

/** One line per endpoint that changed. @param against `than in go-api-1.3.0` */
export function comparisonFacts({ shifts }: Comparison, against: string): Fact[] {
  return shifts
    .filter(({ change }) => change === 'slower' || change === 'faster')
    .map(({ endpoint, shiftMs, lowMs, highMs, change }) => ({
      subject: endpoint,
      text: `p99 ${latency(Math.abs(shiftMs))} ${change} ${against} (95 %: ${[Math.abs(lowMs), Math.abs(highMs)]
        .sort((a, b) => a - b)
        .map(number)
        .join(' to ')} ms)`,
      values: { shiftMs },
    }));
}

/** More names do not fit a line; the table has all. */
const NAMED_LIMIT = 5;

/**
 * The line for where nothing changed for certain: that nothing did, or of which endpoints it cannot be told. Null where something changed,
 * and where nothing could be compared, which the table's notes say. @param release `go-api-1.3.0`
 */
export function unchangedFact({ shifts, not }: Comparison, release: string): Fact | null {
  if (shifts.length === 0 || shifts.some(({ change }) => change === 'slower' || change === 'faster')) return null;
  const untold = [...shifts.filter(({ change }) => change === 'cannot tell'), ...not].map(({ endpoint }) => endpoint).sort();
  const same = `no endpoint is slower or faster than in ${release} to speak of`;
  const more = untold.length > NAMED_LIMIT ? ` and ${untold.length - NAMED_LIMIT} more` : '';
  const open = `whether it is slower or faster than in ${release} cannot be told of ${untold.slice(0, NAMED_LIMIT).join(', ')}${more}`;
  return { subject: 'last good release', text: untold.length === 0 ? same : open, values: {} };
}
