// Exact binomial quantiles, summed in logarithms, so that no digits are lost in 0.999^100,000.

/**
 * Smallest k with P(at most k of n succeed) >= `probability`: the quantile function of the binomial distribution.
 * Throws RangeError on an invalid count or probability.
 */
export function binomialQuantile(probability: number, n: number, p: number): number {
  assertCount('n', n);
  if (!(p > 0 && p < 1)) throw new RangeError(`p must lie between 0 and 1, not ${p}`);
  if (!(probability > 0 && probability < 1)) throw new RangeError(`probability must lie between 0 and 1, not ${probability}`);
  let logTerm = n * Math.log1p(-p);
  let total = Math.exp(logTerm);
  let k = 0;
  while (total < probability && k < n) {
    logTerm += logStep(k, n, p);
    k += 1;
    total += Math.exp(logTerm);
  }
  return k;
}

/** log P(i + 1) - log P(i). */
function logStep(i: number, n: number, p: number): number {
  return Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
}

/** Throws RangeError unless the value is an integer of at least 0. */
export function assertCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number of at least 0, not ${value}`);
}
