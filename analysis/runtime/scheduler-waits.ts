// How long goroutines that were ready waited for a processor, from the histogram the runtime keeps.
import { relative } from '../statistics/rounding.ts';
import { grown, looksByPod } from './pods.ts';
import type { RuntimeSample } from './sample.ts';

/** The cell of the histogram the p99 lies in; it is not known more exactly. */
export interface WaitCell {
  /** More than this. */
  overMs: number;
  /** At most this; null past the last cell that has an end. */
  upToMs: number | null;
}

/** Of 100 waits of all pods the 99th; the cells of client_golang are powers of ten. Null where it is not told twice, or nothing waited. */
export function schedulerWaitP99(samples: readonly RuntimeSample[]): WaitCell | null {
  const cells = new Map<number, number>();
  for (const looks of looksByPod(samples).values()) {
    const told = looks.flatMap(({ schedulerWaits }) => (schedulerWaits ? [schedulerWaits] : []));
    for (const bound of new Set(told.flatMap((buckets) => buckets.map(([upTo]) => upTo)))) {
      const count = grown(told.map((buckets) => buckets.find(([upTo]) => upTo === bound)?.[1] ?? null));
      const key = bound ?? Infinity;
      if (count !== null) cells.set(key, (cells.get(key) ?? 0) + count);
    }
  }
  const sorted = [...cells].sort(([a], [b]) => a - b);
  const all = sorted.at(-1)?.[1] ?? 0;
  const at = sorted.findIndex(([, count]) => count >= 0.99 * all);
  if (all === 0 || at === -1) return null;
  const bound = sorted[at]?.[0] ?? Infinity;
  return { overMs: ms(sorted[at - 1]?.[0] ?? 0), upToMs: Number.isFinite(bound) ? ms(bound) : null };
}

/** The same as one figure: at most so many ms, or at least where its cell has no end. */
export function schedulerP99(samples: readonly RuntimeSample[]): number | null {
  const cell = schedulerWaitP99(samples);
  return cell && Number((cell.upToMs ?? cell.overMs).toPrecision(3));
}

const ms = (seconds: number): number => relative(1_000 * seconds);
