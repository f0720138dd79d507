// Bounds of a percentile by order statistics, without assuming a distribution.
import { assertCount, binomialQuantile } from './binomial.ts';
import { assertBurst } from './dispersion.ts';

/** One-sided confidence of every bound that decides. */
export const CONFIDENCE = 0.95;

/** Minimum number of requests for an upper bound of the p99: 0.99^299 < 0.05 <= 0.99^298. Nothing passes with fewer. */
export const MIN_COUNT_FOR_P99 = 299;

export interface TailBoundOptions {
  /** 0-1, exclusive. */
  quantile?: number;
  /** 0-1, exclusive; one-sided. */
  confidence?: number;
  /** Size of bursts of values beyond the quantile, at least 1. */
  burst?: number;
}

/**
 * Rank (1 = smallest) of the sample value that lies at or above the true `quantile` with at least `confidence`, or null where the sample is
 * too small (fails closed). The percentile passes only if the value of this rank passes. Values in bursts of `burst` count as n / burst.
 * Known answers for p99 at 95 %: n=299 -> 299, 473 -> 472, 1,000 -> 996, 5,000 -> 4,962, 10,000 -> 9,917.
 */
export function upperTailBound(n: number, { quantile = 0.99, confidence = CONFIDENCE, burst = 1 }: TailBoundOptions = {}): number | null {
  const effective = effectiveCount(n, quantile, confidence, burst);
  if (effective === 0) return null;
  // Y of n values lie above the quantile, Y ~ Binomial(n, 1 - quantile). The value of rank n - j is at or above it when Y >= j + 1:
  // the largest j with P(Y <= j) <= 1 - confidence.
  const share = 1 - quantile;
  const beyond = binomialQuantile(1 - confidence, effective, share) - 1;
  return beyond < 0 ? null : n - Math.floor(beyond * burst);
}

/**
 * Rank (1 = smallest) of the sample value that lies at or below the true `quantile` with at least `confidence`, or null where none does.
 * The percentile fails only if the value of this rank fails.
 */
export function lowerTailBound(n: number, { quantile = 0.99, confidence = CONFIDENCE, burst = 1 }: TailBoundOptions = {}): number | null {
  const effective = effectiveCount(n, quantile, confidence, burst);
  if (effective === 0) return null;
  const rank = n - Math.ceil(binomialQuantile(confidence, effective, 1 - quantile) * burst);
  return rank < 1 ? null : rank;
}

/** Rank of the quantile itself by nearest rank: the smallest value with at least `quantile` of the sample at or below it. */
export function nearestRank(n: number, quantile: number): number {
  assertCount('n', n);
  // 0.99 * 100 is 99 exactly, but 0.95 * 20 is 19.000000000000004 in other notations: a hair is taken off before rounding up.
  return Math.max(1, Math.ceil(n * quantile - 1e-9));
}

/** Number of independent values that n values in bursts count as. */
function effectiveCount(n: number, quantile: number, confidence: number, burst: number): number {
  assertShare('quantile', quantile);
  assertShare('confidence', confidence);
  assertCount('n', n);
  assertBurst(burst);
  return Math.floor(n / burst);
}

function assertShare(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} must lie between 0 and 1, not ${value}`);
}
