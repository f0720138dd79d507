// Whether two runs differ, and by how much: Mann-Whitney's U, exact with ties, and the Hodges-Lehmann shift with its interval. Values are
// per window or per run, never single requests: those depend on each other, and a million of them make every difference significant.
import { median } from 'simple-statistics';
import { stable } from './rounding.ts';

export interface Shift {
  /** Probability of a difference at least this large if there were none, two-sided. */
  p: number;
  /** Median of all differences later minus earlier, in the unit of the values. */
  shift: number;
  /** Its 95 % interval. */
  low: number;
  high: number;
}

/** Together up to this many values p is exact; beyond them the normal approximation with its correction for ties. */
const EXACT_UP_TO = 80;
/** Half-width of a 95 % interval in standard deviations. */
export const Z95 = 1.959963984540054;

/** Null where one side is empty. Throws RangeError on a value that is not a number. */
export function shiftBetween(earlier: readonly number[], later: readonly number[]): Shift | null {
  if (earlier.length === 0 || later.length === 0) return null;
  if (![...earlier, ...later].every(Number.isFinite)) throw new RangeError('values to compare must be finite numbers');
  const differences = Float64Array.from(later.flatMap((b) => earlier.map((a) => b - a))).sort();
  const n = earlier.length;
  const m = later.length;
  // The k-th smallest and k-th largest difference bound the shift (Hodges and Lehmann 1963, by the normal approximation of U).
  const k = Math.max(1, Math.floor((n * m) / 2 - Z95 * Math.sqrt((n * m * (n + m + 1)) / 12)));
  return {
    p: stable(mannWhitney(earlier, later)),
    shift: stable(median(Array.from(differences))),
    low: differences[k - 1] as number,
    high: differences[differences.length - k] as number,
  };
}

/** Two-sided p of Mann-Whitney's U for two samples that are not empty. */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const ranks = doubledRanks([...a, ...b]);
  const sum = ranks.slice(0, a.length).reduce((total, rank) => total + rank, 0);
  return ranks.length <= EXACT_UP_TO ? exact(ranks, a.length, sum) : approximate(ranks, a.length, sum);
}

/** Doubled ranks, so that the middle ranks of ties are integers. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] as number) - (values[j] as number));
  const ranks = Array.from<number>({ length: values.length });
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to += 1;
    for (let i = from; i < to; i += 1) ranks[order[i] as number] = from + 1 + to;
    from = to;
  }
  return ranks;
}

/** Counts every way to draw `n` of the ranks, by their sum. */
function exact(ranks: readonly number[], n: number, observed: number): number {
  const most = ranks.reduce((total, rank) => total + rank, 0);
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(most + 1));
  (ways[0] as Float64Array)[0] = 1;
  let reach = 0;
  for (const rank of ranks) {
    reach += rank;
    for (let taken = n; taken >= 1; taken -= 1) {
      const into = ways[taken] as Float64Array;
      const from = ways[taken - 1] as Float64Array;
      for (let total = reach; total >= rank; total -= 1) into[total] = (into[total] as number) + (from[total - rank] as number);
    }
  }
  const last = ways[n] as Float64Array;
  let all = 0;
  let below = 0;
  let above = 0;
  for (const [total, count] of last.entries()) {
    all += count;
    if (total <= observed) below += count;
    if (total >= observed) above += count;
  }
  return Math.min(1, (2 * Math.min(below, above)) / all);
}

function approximate(ranks: readonly number[], n: number, observed: number): number {
  const all = ranks.length;
  const m = all - n;
  const ties = new Map<number, number>();
  for (const rank of ranks) ties.set(rank, (ties.get(rank) ?? 0) + 1);
  const tied = [...ties.values()].reduce((total, t) => total + t ** 3 - t, 0);
  const u = observed / 2 - (n * (n + 1)) / 2;
  const variance = ((n * m) / 12) * (all + 1 - tied / (all * (all - 1)));
  if (variance <= 0) return 1;
  const distance = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5);
  return Math.min(1, 2 * standardNormalTail(distance / Math.sqrt(variance)));
}

/** Probability that a standard normal value lies above z >= 0 (Abramowitz and Stegun 7.1.26, error below 1.5e-7). */
export function standardNormalTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return 0.5 * series * Math.exp(-x * x);
}
