// Is it slower than the last good release? The p99 of windows of two runs of one load, endpoint by endpoint: Mann-Whitney's U, the
// Hodges-Lehmann shift with its interval, and a floor below which nobody would care. It informs people; limits decide.
import { median } from 'simple-statistics';
import type { Fact } from '../../verdict/finding.ts';
import type { Table } from '../analysis.ts';
import { shiftBetween } from '../statistics/two-samples.ts';
import type { LoadWindows } from './windows.ts';

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
  change: 'slower' | 'faster' | 'none to speak of';
}

export interface Comparison {
  shifts: LatencyShift[];
  /** Endpoints that cannot be compared, with the reason. */
  not: { endpoint: string; why: string }[];
}

/** Below this a p99 is the slowest request of the window and nothing else. */
const LEAST_REQUESTS = 100;
const LEAST_WINDOWS = 10;
const CHANCE = 0.01;
/** The interval must lie beyond a tenth of what it was, and beyond a millisecond. */
const FLOOR_SHARE = 0.1;
const FLOOR_MS = 1;

/** Compares endpoint by endpoint. Windows must be equally long; a run of more than three hours has longer ones, and is not compared with a shorter. */
export function compareLoads(before: LoadWindows, now: LoadWindows): Comparison {
  const comparison: Comparison = { shifts: [], not: [] };
  if (before.widthSeconds !== now.widthSeconds) {
    comparison.not.push({ endpoint: 'any endpoint', why: `windows of ${before.widthSeconds} s before and of ${now.widthSeconds} s now` });
    return comparison;
  }
  for (const endpoint of [...new Set([...before.endpoints.keys(), ...now.endpoints.keys()])].sort()) {
    const [earlier, later] = [p99s(before, endpoint), p99s(now, endpoint)];
    const shift = Math.min(earlier.length, later.length) < LEAST_WINDOWS ? null : shiftBetween(earlier, later);
    if (shift === null) {
      const [few, which] = earlier.length < later.length ? [earlier.length, 'before'] : [later.length, 'now'];
      comparison.not.push({ endpoint, why: `${few} windows of ${LEAST_REQUESTS} requests ${which}, ${LEAST_WINDOWS} are needed` });
      continue;
    }
    const beforeMs = median(earlier);
    const floor = Math.max(FLOOR_MS, FLOOR_SHARE * beforeMs);
    const certain = shift.p < CHANCE;
    comparison.shifts.push({
      endpoint,
      beforeMs,
      nowMs: median(later),
      shiftMs: shift.shift,
      lowMs: shift.low,
      highMs: shift.high,
      p: shift.p,
      windows: [earlier.length, later.length],
      change: certain && shift.low > floor ? 'slower' : certain && shift.high < -floor ? 'faster' : 'none to speak of',
    });
  }
  return comparison;
}

const p99s = ({ endpoints }: LoadWindows, endpoint: string): number[] =>
  (endpoints.get(endpoint) ?? []).filter(({ requests }) => requests >= LEAST_REQUESTS).map(({ p99Ms }) => p99Ms);

/** @param title `Against the last good release, go-api-1.3.0` */
export function comparisonTable({ shifts, not }: Comparison, widthSeconds: number, title: string): Table {
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
      short(beforeMs),
      short(nowMs),
      short(shiftMs),
      `${short(lowMs)} to ${short(highMs)}`,
      p < 0.0001 ? '< 0.0001' : short(p),
      change,
    ]),
    notes: [
      `medians over windows of ${widthSeconds} s; a change counts when p < ${CHANCE} and the whole interval lies beyond ${100 * FLOOR_SHARE} % of what it was`,
      ...not.map(({ endpoint, why }) => `not compared, ${endpoint}: ${why}`),
    ],
  };
}

/** One line per endpoint that changed. @param against `than in go-api-1.3.0` */
export function comparisonFacts({ shifts }: Comparison, against: string): Fact[] {
  return shifts
    .filter(({ change }) => change !== 'none to speak of')
    .map(({ endpoint, shiftMs, lowMs, highMs, change }) => ({
      subject: endpoint,
      text: `p99 ${short(Math.abs(shiftMs))} ms ${change} ${against} (95 %: ${[Math.abs(lowMs), Math.abs(highMs)]
        .sort((a, b) => a - b)
        .map(short)
        .join(' to ')} ms)`,
      values: { shiftMs },
    }));
}

const short = (value: number): number => Number(value.toPrecision(3));
