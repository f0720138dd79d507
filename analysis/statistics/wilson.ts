// Bounds of the error rate behind a count of errors.
import { assertCount } from './binomial.ts';
import { assertBurst } from './dispersion.ts';

export interface ShareBounds {
  /** 0-1. */
  lower: number;
  /** 0-1. */
  upper: number;
}

/**
 * Wilson score bounds of a share, 0-1, each one-sided with `confidence`; {0, 1} for n = 0. Successes in bursts of `burst` bound the share
 * like n / burst trials. Throws RangeError on impossible counts.
 * Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
 */
export function wilson(successes: number, n: number, confidence: number, burst = 1): ShareBounds {
  assertCount('successes', successes);
  assertCount('n', n);
  if (successes > n) throw new RangeError(`successes (${successes}) cannot exceed n (${n})`);
  if (!(confidence > 0.5 && confidence < 1)) throw new RangeError(`confidence must lie between 0.5 and 1, not ${confidence}`);
  assertBurst(burst);
  if (n === 0) return { lower: 0, upper: 1 };
  const z = normalQuantile(confidence);
  const share = successes / n;
  const effective = n / burst;
  const spread = z * Math.sqrt((share * (1 - share)) / effective + (z * z) / (4 * effective * effective));
  const centre = share + (z * z) / (2 * effective);
  const scale = 1 + (z * z) / effective;
  return {
    lower: successes === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    upper: successes === n ? 1 : Math.min(1, (centre + spread) / scale),
  };
}

/**
 * z with P(standard normal <= z) = `probability` (0.5-1 exclusive), to about 1e-12, by Newton from 0 (the function is concave there, so it
 * cannot overshoot twice).
 */
function normalQuantile(probability: number): number {
  let z = 0;
  for (let step = 0; step < 60; step += 1) {
    const change = (probability - normalCdf(z)) / normalDensity(z);
    z += change;
    if (Math.abs(change) < 1e-13) break;
  }
  return z;
}

function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** 0.5 + density * (z + z^3/3 + z^5/(3*5) + ...): every term has one sign, so nothing cancels. */
function normalCdf(z: number): number {
  let term = z;
  let total = z;
  for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(total) && odd < 1000; odd += 2) {
    term *= (z * z) / odd;
    total += term;
  }
  return 0.5 + normalDensity(z) * total;
}
