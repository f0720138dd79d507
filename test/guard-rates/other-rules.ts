// What the same series mean by other rules: the guard's own before it looked at windows, and those of Kayenta and PipeCD, by their sources.
import { median } from 'simple-statistics';
import { CONFIDENCE, wilson } from '../../analysis/statistics/index.ts';
import { binomialTail } from '../../analysis/testing/binomial.ts';
import { mannWhitney } from '../../analysis/statistics/two-samples.ts';
import { BAKE_S, limits, MAX_BAKE_S, type Verdict } from './guard.ts';
import { SAMPLE_S, totals, type PodCounts } from './series.ts';

const MIN_REQUESTS = 30;
/** Samples of the longest watch, times two limits: its chance of a false alarm was divided by both. */
const TESTS = (2 * MAX_BAKE_S) / SAMPLE_S;

/** The guard until it looked at windows: totals against the exact binomial tail, and a Wilson bound to pass. Both take requests for independent. */
export function totalsOnly(samples: readonly PodCounts[][], share: number): Verdict {
  const chance = limits.falseAlarmPercent / 100 / TESTS;
  let [requests, bad] = [0, 0];
  for (const [index, pods] of samples.entries()) {
    const added = totals(pods);
    requests += added.requests;
    bad += added.bad;
    const atS = (index + 1) * SAMPLE_S;
    if (requests >= MIN_REQUESTS && bad > requests * share && binomialTail(bad, requests, share) < chance)
      return { ending: 'rolled back', atS };
    if (atS >= BAKE_S && wilson(bad, requests, CONFIDENCE).upper <= share) return { ending: 'passed', atS };
  }
  return { ending: 'undecided', atS: samples.length * SAMPLE_S };
}

/** One value per minute, as both ask Prometheus for: the share of requests that were bad. */
const MINUTE_SAMPLES = 60 / SAMPLE_S;
export function byMinute(samples: readonly PodCounts[][]): number[] {
  const minutes: number[] = [];
  for (let from = 0; from + MINUTE_SAMPLES <= samples.length; from += MINUTE_SAMPLES) {
    const { requests, bad } = totals(samples.slice(from, from + MINUTE_SAMPLES).flat());
    minutes.push(bad / requests);
  }
  return minutes;
}

/** Tolerance of its judge: the interval of the shift must lie above this share of the shift itself. */
const KAYENTA_TOLERANCE = 0.25;
/** The standard normal value that 1 % lie above: half-width of its 98 % interval in standard deviations. */
export const Z99 = 2.3263478740408408;

/**
 * Kayenta with the defaults of NetflixACAJudge (MannWhitneyClassifier.scala), judged once at the end: `High` when the 98 % interval of the
 * Hodges-Lehmann shift lies above a quarter of it. A baseline without a single error has no ratio to deviate from, and passes.
 */
export function kayenta(baseline: readonly number[], canary: readonly number[]): number | null {
  if (baseline.every((value) => value === 0)) return null;
  const [n, m] = [baseline.length, canary.length];
  const shifts = Float64Array.from(canary.flatMap((value) => baseline.map((before) => value - before))).sort();
  const rank = Math.max(1, Math.floor((n * m) / 2 - Z99 * Math.sqrt((n * m * (n + m + 1)) / 12)));
  const low = shifts[rank - 1] as number;
  return low > KAYENTA_TOLERANCE * Math.abs(median(Array.from(shifts))) ? canary.length * 60 : null;
}

/** Its example, `30m / 5m`: each five minutes the last five points of both sides, one-sided at 5 %; the first bad look fails (metrics_analyzer.go). */
const PIPECD_MINUTES = 5;
const PIPECD_ALPHA = 0.05;

/** Seconds after which PipeCD's analysis by Mann-Whitney's U fails; null when it does not. */
export function pipecd(baseline: readonly number[], canary: readonly number[]): number | null {
  for (let to = PIPECD_MINUTES; to <= canary.length; to += PIPECD_MINUTES) {
    const [before, now] = [baseline.slice(to - PIPECD_MINUTES, to), canary.slice(to - PIPECD_MINUTES, to)];
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    if (sum(now) > sum(before) && mannWhitney(before, now) / 2 < PIPECD_ALPHA) return to * 60;
  }
  return null;
}
