// What is measured: false alarms and passes, detection, latency, load tests. Each row has a seed of its own, so that some rows alone give the same.
import { SLOW_SHARE } from '../../analysis/guard/breach.ts';
import type { BadKind } from '../../analysis/guard/windows.ts';
import { limits, MAX_BAKE_S, watch, type Verdict } from './guard.ts';
import { loadTest, LOAD_PER_SECOND, type FakeLoad } from './load.ts';
import { standardNormalTail } from '../../analysis/statistics/two-samples.ts';
import { byMinute, kayenta, pipecd, totalsOnly, Z99 } from './other-rules.ts';
import { patterns, play, seeded, type Pattern, type Version } from './series.ts';

export const RATES = [20, 100, 1_000];
/** Shares of the limit. */
export const LEVELS = [0.1, 0.5, 1];
/** At most this share may be bad: errors by the release's limit, slow requests by what a p99 is. */
export const LIMIT: Record<BadKind, number> = { errors: limits.errorPercent / 100, slow: SLOW_SHARE };
/** What a healthy version does before its onset, and the old version that it is compared with. */
const HEALTHY = 0.1;

/** Shares of runs, 0-1. */
export interface Endings {
  passed: number;
  undecided: number;
  rolledBack: number;
}

export interface AlarmRow {
  runs: number;
  kind: BadKind;
  version: Version;
  /** Share of the limit. */
  level: number;
  guard: Endings;
  totalsOnly: Endings;
  /** Shares of runs that flagged the version, compared with another alike. */
  kayenta: number;
  pipecd: number;
}

export interface DetectionRow {
  kind: BadKind;
  version: Version;
  /** Seconds from the onset to the rollback in each run, sorted; Infinity where there was none. */
  guard: number[];
  totalsOnly: number[];
  kayenta: number[];
  pipecd: number[];
  /** Shares of runs that passed, 0-1. */
  passed: number;
  passedTotalsOnly: number;
}

export interface LoadRow {
  runs: number;
  load: FakeLoad;
  /** Bursts that the run should hold on average. */
  bursts: number;
  /** Shares of runs that passed, 0-1. */
  passes: number;
  passedBefore: number;
}

/** A version at a share of its limit, and how the rules end it. */
export function alarms(runs: number, kind: BadKind, level: number, of: Omit<Version, 'share'>): AlarmRow {
  const version: Version = { ...of, share: level * LIMIT[kind] };
  const random = seeded(seedOf([kind, version]));
  const verdicts = Array.from({ length: runs }, () => {
    const samples = play(random, version, MAX_BAKE_S);
    const [baseline, canary] = [byMinute(play(random, version, MAX_BAKE_S)), byMinute(samples)];
    return {
      guard: watch(samples, kind),
      totalsOnly: totalsOnly(samples, LIMIT[kind]),
      kayenta: kayenta(baseline, canary) !== null,
      pipecd: pipecd(baseline, canary) !== null,
    };
  });
  return {
    runs,
    kind,
    version,
    level,
    guard: endingsOf(verdicts.map((each) => each.guard)),
    totalsOnly: endingsOf(verdicts.map((each) => each.totalsOnly)),
    kayenta: verdicts.filter((each) => each.kayenta).length / runs,
    pipecd: verdicts.filter((each) => each.pipecd).length / runs,
  };
}

/** A healthy version that has `share` of its requests bad from `atS` on. */
export function detection(
  runs: number,
  kind: BadKind,
  onset: { atS: number; share: number },
  of: Pick<Version, 'requestsPerSecond' | 'spreadScrapes'>,
): DetectionRow {
  const healthy: Version = { ...of, pattern: 'one by one', share: HEALTHY * LIMIT[kind] };
  const version: Version = { ...healthy, onset };
  const random = seeded(seedOf([kind, version]));
  const after = (atS: number | null) => (atS === null ? Infinity : Math.max(0, atS - onset.atS));
  const runsOf = Array.from({ length: runs }, () => {
    const samples = play(random, version, MAX_BAKE_S);
    const [baseline, canary] = [byMinute(play(random, healthy, MAX_BAKE_S)), byMinute(samples)];
    return {
      guard: watch(samples, kind),
      totalsOnly: totalsOnly(samples, LIMIT[kind]),
      kayenta: after(kayenta(baseline, canary)),
      pipecd: after(pipecd(baseline, canary)),
    };
  });
  const rolledBackAfter = (verdicts: readonly Verdict[]) =>
    sorted(verdicts.map(({ ending, atS }) => (ending === 'rolled back' ? after(atS) : Infinity)));
  const passed = (verdicts: readonly Verdict[]) => verdicts.filter(({ ending }) => ending === 'passed').length / runs;
  const [ours, before] = [runsOf.map((each) => each.guard), runsOf.map((each) => each.totalsOnly)];
  return {
    kind,
    version,
    guard: rolledBackAfter(ours),
    totalsOnly: rolledBackAfter(before),
    kayenta: sorted(runsOf.map((each) => each.kayenta)),
    pipecd: sorted(runsOf.map((each) => each.pipecd)),
    passed: passed(ours),
    passedTotalsOnly: passed(before),
  };
}

/** A service under load. */
export function load(runs: number, simulated: FakeLoad): LoadRow {
  const random = seeded(seedOf(simulated));
  const verdicts = Array.from({ length: runs }, () => loadTest(random, simulated));
  return {
    runs,
    load: simulated,
    bursts: (simulated.seconds * LOAD_PER_SECOND * simulated.share) / simulated.burst,
    passes: verdicts.filter(({ passes }) => passes).length / runs,
    passedBefore: verdicts.filter(({ passedBefore }) => passedBefore).length / runs,
  };
}

/** Value that at least this share of runs does not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values[Math.max(0, Math.ceil(values.length * share) - 1)] as number;

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function endingsOf(verdicts: readonly Verdict[]): Endings {
  const share = (ending: Verdict['ending']) => verdicts.filter((verdict) => verdict.ending === ending).length / verdicts.length;
  return { passed: share('passed'), undecided: share('undecided'), rolledBack: share('rolled back') };
}

/** FNV-1a of what is simulated. */
function seedOf(what: unknown): number {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(what)) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}

/** Share of requests slower than the limit once a lognormal latency with this spread (sigma of its logarithm) has its p99 at so many times the limit. */
const SIGMA = 0.7;
export const slowShare = (p99InLimits: number): number => standardNormalTail(Z99 - Math.log(p99InLimits) / SIGMA);

export const burstsOnly = patterns.filter((pattern): pattern is Exclude<Pattern, string> => typeof pattern !== 'string');
