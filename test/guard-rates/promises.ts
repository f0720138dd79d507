// What the rule promises, and which rows have to show it. The gate asks a few runs of some rows; `npm run guard-rates` all.
import { BAKE_S } from './guard.ts';
import {
  alarms,
  burstsOnly,
  detection,
  LEVELS,
  LIMIT,
  load,
  quantile,
  RATES,
  slowShare,
  type AlarmRow,
  type DetectionRow,
  type LoadRow,
} from './measure.ts';
import { nameOf, patterns, type Pattern } from './series.ts';

/** A healthy version passes without a person. */
export const MIN_PASSED = 0.99;
/** The step's default `falseAlarm`. */
export const MAX_ROLLED_BACK = 0.01;
/** Of a service whose true p99 or error rate is 1.5 times the limit. */
export const MAX_LOAD_PASSED = 0.05;
/** With fewer bursts on average, more than 5 % of runs hold none (e^-3), and a run without any says nothing of them. */
export const MIN_BURSTS = 3;
/** Seconds within which 95 % of runs roll back, at 100 requests/s, by share of requests that fail. */
export const DETECTED_IN_S: readonly (readonly [share: number, seconds: number])[] = [
  [0.05, 15],
  [0.01, 45],
  [0.005, 120],
];
/** Where the scrapes of pods are spread, the window of the onset holds the failure of some pods only, and the third whole window ends a sample later. */
export const DETECTED_SPREAD_IN_S: typeof DETECTED_IN_S = [
  [0.05, 20],
  [0.01, 60],
  [0.005, 120],
];
export const PROMISED_PER_SECOND = 100;
/** Onset a minute before the end of the bake. */
export const LATE_S = BAKE_S - 60;
export const LATE_SHARE = 0.01;
/** Of versions that fail from then on. */
export const MAX_LATE_PASSED = 0.05;

/** Bursts that a version at this share of its limit is not rolled back for. */
const protectedBursts: Readonly<Record<number, readonly number[]>> = { 0.1: [5, 20], 0.5: [5, 20], 1: [5] };
const isProtected = (pattern: Pattern, level: number): boolean =>
  pattern === 'one by one' || (typeof pattern !== 'string' && (protectedBursts[level] ?? []).includes(pattern.burst));

export interface Measured {
  alarms: AlarmRow[];
  spread: AlarmRow[];
  slow: AlarmRow[];
  detections: DetectionRow[];
  spreadDetections: DetectionRow[];
  slowDetections: DetectionRow[];
  loads: LoadRow[];
}

/** Seconds of detection and load tests need fewer runs than shares of 1 %. */
const FEWER = 0.5;
export const fewerOf = (runs: number): number => Math.ceil(runs * FEWER);

/** All rows of the page. `print` hears of each row that is done. */
export function measure(runs: number, print: (line: string) => void): Measured {
  const row = <Row>(what: string, of: () => Row): Row => {
    const beganMs = performance.now();
    const done = of();
    print(`${what}: ${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
    return done;
  };
  const fewer = fewerOf(runs);
  const cells = RATES.flatMap((requestsPerSecond) => LEVELS.map((level) => ({ requestsPerSecond, level })));
  const onsets = [...DETECTED_IN_S.map(([share]) => share), 2 * LIMIT.errors].flatMap((share) => [0, 300].map((atS) => ({ atS, share })));
  const late = [LATE_SHARE, 0.005].map((share) => ({ atS: LATE_S, share }));
  return {
    alarms: cells.flatMap(({ requestsPerSecond, level }) =>
      patterns.map((pattern) =>
        row(`errors ${requestsPerSecond}/s ${level}`, () => alarms(runs, 'errors', level, { requestsPerSecond, pattern })),
      ),
    ),
    spread: cells.flatMap(({ requestsPerSecond, level }) =>
      patterns
        .filter((pattern) => level > 0.1 && isProtected(pattern, level))
        .map((pattern) => row('spread', () => alarms(runs, 'errors', level, { requestsPerSecond, pattern, spreadScrapes: true }))),
    ),
    slow: RATES.flatMap((requestsPerSecond) =>
      burstsOnly.map((pattern) => row('slow', () => alarms(runs, 'slow', 0.5, { requestsPerSecond, pattern }))),
    ),
    detections: RATES.flatMap((requestsPerSecond) =>
      [...onsets, ...late].map((onset) => row(`onset ${onset.share}`, () => detection(fewer, 'errors', onset, { requestsPerSecond }))),
    ),
    spreadDetections: onsets.map((onset) =>
      row('onset, spread', () => detection(fewer, 'errors', onset, { requestsPerSecond: PROMISED_PER_SECOND, spreadScrapes: true })),
    ),
    slowDetections: [20, PROMISED_PER_SECOND].flatMap((requestsPerSecond) =>
      [1.25, 1.5, 2].flatMap((times) =>
        [0, 300].map((atS) => row(`p99 ${times}`, () => detection(fewer, 'slow', { atS, share: slowShare(times) }, { requestsPerSecond }))),
      ),
    ),
    loads: [
      ...[1, 5, 20].map((burst) => ({ kind: 'errors' as const, share: 1.5 * LIMIT.errors, burst })),
      ...[1, 20, 100].map((burst) => ({ kind: 'slow' as const, share: 1.5 * LIMIT.slow, burst })),
      ...[1, 5].map((burst) => ({ kind: 'errors' as const, share: 0.1 * LIMIT.errors, burst })),
      ...[1, 20].map((burst) => ({ kind: 'slow' as const, share: 0.1 * LIMIT.slow, burst })),
    ].flatMap((of) => [30, 65, 180].map((seconds) => row(`load ${seconds} s`, () => load(fewer, { ...of, seconds })))),
  };
}

/** Rows that do not keep what is promised, as sentences; empty when all do. */
export function broken({ alarms: rows, spread, slow, detections, spreadDetections, loads }: Omit<Measured, 'slowDetections'>): string[] {
  return [
    ...[...rows, ...spread, ...slow].flatMap(brokenAlarm),
    ...[...detections, ...spreadDetections].flatMap(brokenDetection),
    ...loads.flatMap(brokenLoad),
  ];
}

function brokenAlarm({ kind, level, guard, version: { pattern, requestsPerSecond, spreadScrapes } }: AlarmRow): string[] {
  const what = `${kind} at ${level} of the limit, ${nameOf(pattern)}, ${requestsPerSecond}/s${scraped(spreadScrapes)}`;
  return [
    ...(level === 0.1 && pattern === 'one by one' && guard.passed < MIN_PASSED ? [`${what}: ${guard.passed} passed`] : []),
    ...(isProtected(pattern, level) && guard.rolledBack > MAX_ROLLED_BACK ? [`${what}: ${guard.rolledBack} rolled back`] : []),
  ];
}

function brokenDetection({ guard, passed, version: { onset, requestsPerSecond, spreadScrapes } }: DetectionRow): string[] {
  if (onset === undefined || requestsPerSecond !== PROMISED_PER_SECOND) return [];
  const what = `${onset.share} from ${onset.atS} s, ${requestsPerSecond}/s${scraped(spreadScrapes)}`;
  if (onset.atS === LATE_S) return onset.share === LATE_SHARE && passed > MAX_LATE_PASSED ? [`${what}: ${passed} passed`] : [];
  const limits = spreadScrapes === true ? DETECTED_SPREAD_IN_S : DETECTED_IN_S;
  const limitS = limits.find(([share]) => share === onset.share)?.[1];
  const p95 = quantile(guard, 0.95);
  return limitS !== undefined && p95 > limitS ? [`${what}: detected in ${p95} s, limit ${limitS} s`] : [];
}

function brokenLoad({ load: { kind, share, burst, seconds }, bursts, passes }: LoadRow): string[] {
  if (share < LIMIT[kind] || bursts < MIN_BURSTS || passes <= MAX_LOAD_PASSED) return [];
  return [`load test of ${seconds} s, ${kind} ${share} in bursts of ${burst}: ${passes} passed`];
}

const scraped = (spread: boolean | undefined): string => (spread === true ? ', scrapes spread' : '');
