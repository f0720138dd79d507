// Whether two series of one run rise and fall together: Spearman's rank correlation with a permutation test, at the lag where it is
// strongest. Its results are worded as "correlates", never as "causes".
import { sampleRankCorrelation } from 'simple-statistics';
import { stable } from './rounding.ts';

export interface Correlation {
  /** -1 to 1. */
  rho: number;
  /** Number of windows by which the second series lags behind the first, 0 to 2. */
  lag: number;
  /** Probability of a correlation this strong at any lag if the order of the first series were random. */
  p: number;
  windows: number;
}

/** Minimum number of windows for a correlation. */
export const MIN_WINDOWS = 20;
const LAGS = [0, 1, 2];
const PERMUTATIONS = 1_999;

/**
 * Correlates two series of equal length by windows. Null with fewer than twenty windows, or where one is constant.
 * The permutations use a fixed seed: equal series always give the same p.
 */
export function correlate(first: readonly number[], second: readonly number[]): Correlation | null {
  const windows = Math.min(first.length, second.length);
  if (windows < MIN_WINDOWS || constant(first) || constant(second)) return null;
  const found = strongest(first, second);
  if (found === null) return null;
  const random = seeded(windows);
  const shuffled = [...first];
  let asStrong = 0;
  for (let i = 0; i < PERMUTATIONS; i += 1) {
    shuffle(shuffled, random);
    if (Math.abs(strongest(shuffled, second)?.rho ?? 0) >= Math.abs(found.rho) - 1e-12) asStrong += 1;
  }
  return { rho: stable(found.rho), lag: found.lag, p: (asStrong + 1) / (PERMUTATIONS + 1), windows };
}

function strongest(first: readonly number[], second: readonly number[]): { rho: number; lag: number } | null {
  const length = Math.min(first.length, second.length);
  let best: { rho: number; lag: number } | null = null;
  for (const lag of LAGS) {
    const a = first.slice(0, length - lag);
    const b = second.slice(lag, length);
    if (constant(a) || constant(b)) continue;
    const rho = sampleRankCorrelation([...a], [...b]);
    if (best === null || Math.abs(rho) > Math.abs(best.rho)) best = { rho, lag };
  }
  return best;
}

const constant = (values: readonly number[]): boolean => values.every((value) => value === values[0]);

/** Park and Miller's generator: good enough to shuffle, and the same on every machine. */
function seeded(seed: number): () => number {
  let state = seed + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

function shuffle(values: number[], random: () => number): void {
  for (let i = values.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j] as number, values[i] as number];
  }
}
