// The Universal Scalability Law: throughput X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)) at load N (Gunther). Alpha is
// contention, beta coherency; where beta is above zero throughput has a peak and falls after it.
import { levenbergMarquardt } from 'ml-levenberg-marquardt';
import { stable } from './rounding.ts';

export interface LoadLevel {
  /** Offered load: concurrency or requests/s, above 0. */
  load: number;
  /** Achieved, in requests/s, above 0. */
  throughput: number;
}

export interface Scalability {
  /** Contention: serial share of the work, 0-1. */
  alpha: number;
  /** Coherency cost, 0-1. */
  beta: number;
  /** Throughput of one unit of load. */
  gamma: number;
  /** Half of the 95 % interval of beta. */
  betaMargin: number;
  /** Load of the highest throughput; null where beta may be zero, because throughput then only flattens. */
  peakLoad: number | null;
  /** Limit of a throughput that only flattens: gamma / alpha; null where alpha is zero. */
  asymptote: number | null;
}

/** Minimum number of levels for a fit of three parameters (reference: diagnostics, saturation knee). */
const MIN_LEVELS = 6;

/**
 * Start values, as the shares of alpha and beta at the highest load: loads have different units, and a bad start ends in a local minimum.
 */
const STARTS = [0.001, 0.1, 1, 10];

/** Two-sided 95 % quantiles of Student's t for 1..30 degrees of freedom; beyond them the normal one. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Load with the highest throughput: sqrt((1 - alpha) / beta). */
export const peakLoad = (alpha: number, beta: number): number => Math.sqrt((1 - alpha) / beta);

/** Fits the law by least squares. Null with fewer than six levels, or where loads or throughputs are not above zero. */
export function scalability(levels: readonly LoadLevel[]): Scalability | null {
  if (levels.length < MIN_LEVELS || levels.some(({ load, throughput }) => !(load > 0) || !(throughput > 0))) return null;
  // Scaled by the largest value for numerical stability.
  const unit = Math.max(...levels.map(({ throughput }) => throughput));
  const x = levels.map(({ load }) => load);
  const y = levels.map(({ throughput }) => throughput / unit);
  const first = Math.max(...levels.map(({ load, throughput }) => throughput / unit / load));
  const maxLoad = Math.max(...x);
  const fits = STARTS.map((share) => {
    const { parameterValues } = levenbergMarquardt({ x, y }, ([a = 0, b = 0, g = 0]) => law(a, b, g), {
      initialValues: [share / maxLoad, share / maxLoad ** 2, first],
      jacobianFunction:
        ([a = 0, b = 0, g = 0]) =>
        (n) =>
          slopes(a, b, g, n),
      minValues: [0, 0, 0],
      maxValues: [1, 1, first * 1e3],
      maxIterations: 5_000,
      errorTolerance: 1e-12,
      improvementThreshold: 1e-9,
    });
    const [alpha = 0, beta = 0, scaled = 0] = parameterValues;
    const residual = x.reduce((sum, load, i) => sum + ((y[i] as number) - law(alpha, beta, scaled)(load)) ** 2, 0);
    return { alpha, beta, scaled, residual };
  });
  const { alpha, beta, scaled, residual } = fits.reduce((best, fit) => (fit.residual < best.residual ? fit : best));
  const freedom = levels.length - 3;
  const inverse = invert3(normal(x.map((load) => slopes(alpha, beta, scaled, load))));
  const betaMargin = inverse === null ? Infinity : (T95[freedom - 1] ?? 1.96) * Math.sqrt((residual / freedom) * Math.max(0, inverse));
  return {
    alpha: stable(alpha),
    beta: stable(beta),
    gamma: stable(scaled * unit),
    betaMargin: stable(betaMargin),
    peakLoad: beta - betaMargin > 0 ? stable(peakLoad(alpha, beta)) : null,
    asymptote: alpha > 0 ? stable((scaled * unit) / alpha) : null,
  };
}

function law(alpha: number, beta: number, gamma: number): (load: number) => number {
  return (n) => (gamma * n) / (1 + alpha * (n - 1) + beta * n * (n - 1));
}

/** Partial derivatives of the law in alpha, beta and gamma at one load. */
function slopes(alpha: number, beta: number, gamma: number, n: number): [number, number, number] {
  const below = 1 + alpha * (n - 1) + beta * n * (n - 1);
  const value = (gamma * n) / below;
  return [(-value * (n - 1)) / below, (-value * n * (n - 1)) / below, n / below];
}

type Three = readonly [number, number, number];

function normal(rows: readonly Three[]): (i: 0 | 1 | 2, j: 0 | 1 | 2) => number {
  return (i, j) => rows.reduce((sum, row) => sum + row[i] * row[j], 0);
}

/** The entry of beta in the inverse; null for a singular matrix. */
function invert3(m: (i: 0 | 1 | 2, j: 0 | 1 | 2) => number): number | null {
  const determinant =
    m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) ** 2) -
    m(0, 1) * (m(0, 1) * m(2, 2) - m(1, 2) * m(0, 2)) +
    m(0, 2) * (m(0, 1) * m(1, 2) - m(1, 1) * m(0, 2));
  return determinant > 0 ? (m(0, 0) * m(2, 2) - m(0, 2) ** 2) / determinant : null;
}
