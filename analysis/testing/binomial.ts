// Exact binomial tails, by which tests check the bounds of percentiles. Summed in logarithms from the nearer end, so that no digits are lost.
import { assertCount } from '../statistics/binomial.ts';

/**
 * Probability that at least `k` of `n` independent trials succeed, each with probability `p` (0-1).
 * Exact up to rounding; at most about n steps. Throws RangeError on an invalid count or probability.
 */
export function binomialTail(k: number, n: number, p: number): number {
  assertCount('n', n);
  if (!Number.isSafeInteger(k)) throw new RangeError(`k must be a whole number, not ${k}`);
  if (!(p >= 0 && p <= 1)) throw new RangeError(`p must lie between 0 and 1, not ${p}`);
  if (k <= 0) return 1;
  if (k > n) return 0;
  if (p === 0) return 0;
  if (p === 1) return 1;
  // Below the mean the complement is the small side: 1 - P(at most k - 1).
  return k <= n * p ? 1 - sum(0, k - 1, n, p) : sum(k, n, n, p);
}

/** P(from..to successes). Terms past the mode that no longer change the sum end it early. */
function sum(from: number, to: number, n: number, p: number): number {
  let logTerm = n * Math.log1p(-p);
  for (let i = 0; i < from; i += 1) logTerm += logStep(i, n, p);
  let total = 0;
  for (let i = from; i <= to; i += 1) {
    const term = Math.exp(logTerm);
    total += term;
    if (i > n * p && term < total * Number.EPSILON) break;
    if (i < n) logTerm += logStep(i, n, p);
  }
  return Math.min(1, total);
}

/** log P(i + 1) - log P(i). */
function logStep(i: number, n: number, p: number): number {
  return Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
}
