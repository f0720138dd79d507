// Compares the p99 of windows of two runs of one load, by endpoint: Mann-Whitney's U and the Hodges-Lehmann shift; simultaneous runs by
// window pairs and Wilcoxon's signed ranks. For information only; limits decide.
import { median } from 'simple-statistics';
import type { Fact } from '../../verdict/finding.ts';
import { duration, latency, number, percent, rounded } from '../../verdict/wording/index.ts';
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
  /** Number of windows of each run. */
  windows: [before: number, now: number];
  change: 'slower' | 'faster' | 'no relevant change' | 'undecided';
}

export interface Comparison {
  shifts: LatencyShift[];
  /** Endpoints that cannot be compared, with the reason. */
  not: { endpoint: string; reason: string }[];
  /** How long both ran at the same time, and whether their windows were paired. Absent where they did not. */
  atOnce?: { seconds: number; paired: boolean };
}

/** With fewer requests the p99 of a window is its slowest request. */
const MIN_REQUESTS = 100;
const MIN_WINDOWS = 10;
const CHANCE = 0.01;
/** A change is relevant when the whole interval is beyond a tenth of the earlier p99 and beyond 1 ms. */
const FLOOR_SHARE = 0.1;
const FLOOR_MS = 1;

/**
 * Compares each endpoint. Windows must have equal length; a run of over three hours has longer ones, and is not compared with a shorter
 * run.
 */
export function compareLoads(before: LoadWindows, now: LoadWindows): Comparison {
  return compare(before, now, false, (endpoint) => {
    const [earlier, later] = [p99s(before, endpoint), p99s(now, endpoint)];
    const [few, which] = earlier.length < later.length ? [earlier.length, 'before'] : [later.length, 'now'];
    if (few < MIN_WINDOWS) return `${few} windows of ${MIN_REQUESTS} requests ${which}, ${MIN_WINDOWS} are needed`;
    return { earlier, later, shift: shiftBetween(earlier, later) };
  });
}

/** Compares two simultaneous loads by windows of the same time: the state of the machine affects both and cancels out. */
export function compareSideBySide(one: LoadWindows, other: LoadWindows): Comparison {
  return compare(one, other, true, (endpoint) => {
    const otherP99s = new Map(steady(other, endpoint).map((window) => [window.second, window.p99Ms]));
    const pairs = steady(one, endpoint).flatMap(({ second, p99Ms }) => {
      const later = otherP99s.get(second);
      return later === undefined ? [] : [{ earlier: p99Ms, later }];
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

/** @param compareEndpoint the comparison of one endpoint, or the reason why there is none. */
function compare(
  before: LoadWindows,
  now: LoadWindows,
  paired: boolean,
  compareEndpoint: (endpoint: string) => Compared | string,
): Comparison {
  const seconds = secondsShared(before, now);
  const comparison: Comparison = { shifts: [], not: [], ...(seconds > 0 ? { atOnce: { seconds, paired } } : {}) };
  if (before.widthSeconds !== now.widthSeconds) {
    comparison.not.push({
      endpoint: 'any endpoint',
      reason: `windows of ${duration(1_000 * before.widthSeconds)} before and of ${duration(1_000 * now.widthSeconds)} now`,
    });
    return comparison;
  }
  for (const endpoint of [...new Set([...before.endpoints.keys(), ...now.endpoints.keys()])].sort()) {
    const compared = compareEndpoint(endpoint);
    if (typeof compared === 'string') comparison.not.push({ endpoint, reason: compared });
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
    change: certain && low > floor ? 'slower' : certain && high < -floor ? 'faster' : within ? 'no relevant change' : 'undecided',
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
      `medians over windows of ${duration(1_000 * widthSeconds)}${atOnce?.paired ? `, in the ${duration(1_000 * seconds)} that both ran` : ''}; ` +
        `a change is relevant when p < ${CHANCE} and the whole interval is beyond ${percent(100 * FLOOR_SHARE)} of the earlier p99, ` +
        'and not relevant when the whole interval is within it',
      ...(atOnce && !atOnce.paired
        ? [`both ran at the same time for ${duration(1_000 * seconds)}, too short for a comparison by window pairs`]
        : []),
      ...not.map(({ endpoint, reason }) => `not compared, ${endpoint}: ${reason}`),
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
const MAX_NAMED = 5;

/**
 * The fact when no endpoint changed for certain. Null where one changed, or where nothing could be compared (see the table's notes).
 * @param release `go-api-1.3.0`
 */
export function unchangedFact({ shifts, not }: Comparison, release: string): Fact | null {
  if (shifts.length === 0 || shifts.some(({ change }) => change === 'slower' || change === 'faster')) return null;
  const undecided = [...shifts.filter(({ change }) => change === 'undecided'), ...not].map(({ endpoint }) => endpoint).sort();
  const same = `no endpoint is relevantly slower or faster than in ${release}`;
  const more = undecided.length > MAX_NAMED ? ` and ${undecided.length - MAX_NAMED} more` : '';
  const open = `undecided whether slower or faster than in ${release}: ${undecided.slice(0, MAX_NAMED).join(', ')}${more}`;
  return { subject: 'last good release', text: undecided.length === 0 ? same : open, values: {} };
}
