// Whether two simultaneous series differ, and by how much: Wilcoxon's signed ranks, exact with ties, and the Hodges-Lehmann shift of the
// differences with its interval. Effects on both (a busy machine, a slow database) cancel out, unlike between two samples.
import { median } from 'simple-statistics';
import { stable } from './rounding.ts';
import { standardNormalTail, Z95, type Shift } from './two-samples.ts';

/** Up to this many differences p is exact: sums of 80 doubled ranks take a millisecond. */
const EXACT_UP_TO = 80;

/** Differences are later minus earlier, one per time. Null without any. Throws RangeError on a value that is not a number. */
export function pairedShift(differences: readonly number[]): Shift | null {
  if (differences.length === 0) return null;
  if (!differences.every(Number.isFinite)) throw new RangeError('differences must be finite numbers');
  const n = differences.length;
  const averages = Float64Array.from(differences.flatMap((a, i) => differences.slice(i).map((b) => (a + b) / 2))).sort();
  // The k-th smallest and k-th largest of the Walsh averages bound the shift (Hollander and Wolfe, section 3.3).
  const k = Math.max(
    1,
    n <= EXACT_UP_TO ? exactRank(n) : Math.floor((n * (n + 1)) / 4 - Z95 * Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24)),
  );
  return {
    p: stable(signedRanks(differences)),
    shift: stable(median(Array.from(averages))),
    low: stable(averages[k - 1] as number),
    high: stable(averages[averages.length - k] as number),
  };
}

/** Two-sided p of Wilcoxon's signed ranks. Differences of zero are left out; 1 where all are zero. */
export function signedRanks(differences: readonly number[]): number {
  const nonZero = differences.filter((difference) => difference !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const ranks = doubledRanks(nonZero.map(Math.abs));
  const positive = ranks.reduce((total, rank, i) => total + ((nonZero[i] as number) > 0 ? rank : 0), 0);
  return nonZero.length === 0 ? 1 : nonZero.length <= EXACT_UP_TO ? exact(ranks, positive) : approximate(ranks, positive);
}

/** Doubled ranks of sorted values, so that the middle ranks of ties are integers. */
function doubledRanks(sorted: readonly number[]): number[] {
  const ranks: number[] = [];
  for (let from = 0; from < sorted.length;) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to += 1;
    for (let i = from; i < to; i += 1) ranks.push(from + 1 + to);
    from = to;
  }
  return ranks;
}

/** Share of the 2^n sign assignments for each sum of positive ranks. */
function sharesOfSums(ranks: readonly number[]): Float64Array {
  const shares = new Float64Array(ranks.reduce((total, rank) => total + rank, 0) + 1);
  shares[0] = 1;
  let reach = 0;
  for (const rank of ranks) {
    reach += rank;
    for (let sum = reach; sum >= 0; sum -= 1)
      shares[sum] = ((shares[sum] as number) + (sum >= rank ? (shares[sum - rank] as number) : 0)) / 2;
  }
  return shares;
}

function exact(ranks: readonly number[], observed: number): number {
  const shares = sharesOfSums(ranks);
  const below = shares.subarray(0, observed + 1).reduce((total, share) => total + share, 0);
  const above = shares.subarray(observed).reduce((total, share) => total + share, 0);
  return Math.min(1, 2 * Math.min(below, above));
}

/** The smallest k for which rank sums below k have at most 2.5 % of the assignments, and those up to k more. */
function exactRank(n: number): number {
  const shares = sharesOfSums(Array.from({ length: n }, (_, i) => i + 1));
  let total = 0;
  let k = 0;
  for (; total < 0.025 && k < shares.length; k += 1) total += shares[k] as number;
  return k - 1;
}

function approximate(ranks: readonly number[], observed: number): number {
  const mean = ranks.reduce((total, rank) => total + rank, 0) / 2;
  // Ties are in the ranks already: each contributes a quarter of its square.
  const variance = ranks.reduce((total, rank) => total + rank ** 2, 0) / 4;
  return Math.min(1, 2 * standardNormalTail(Math.max(0, Math.abs(observed - mean) - 1) / Math.sqrt(variance)));
}
