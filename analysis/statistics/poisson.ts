// Poisson probabilities of counts that may be fractions: the number of bursts is errors divided by the burst size.
import { gammaln } from 'simple-statistics';

/**
 * Probability of at least `count` events where `mean` are expected: the regularised lower incomplete gamma function P(count, mean), which
 * for whole counts is the Poisson tail. Throws RangeError on a count or mean that is negative or not finite.
 */
export function poissonTail(count: number, mean: number): number {
  assertAmount('count', count);
  assertAmount('mean', mean);
  if (count === 0) return 1;
  if (mean === 0) return 0;
  // The series has terms of one sign: mean^count e^-mean (1/G(count+1) + mean/G(count+2) + ...). It ends where a term no longer changes the
  // sum.
  let term = poissonDensity(count, mean);
  if (term === 0) return count < mean ? 1 : 0;
  let total = term;
  for (let at = count + 1; term > total * Number.EPSILON || at < mean; at += 1) {
    term *= mean / at;
    total += term;
  }
  return Math.min(1, total);
}

/** Probability of exactly `count` events where `mean` are expected, continued to fractions. */
export function poissonDensity(count: number, mean: number): number {
  return Math.exp(count * Math.log(mean) - mean - gammaln(count + 1));
}

function assertAmount(name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} must be a number of at least 0, not ${value}`);
}
