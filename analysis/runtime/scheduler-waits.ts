// Scheduler latency: how long runnable goroutines waited for a processor, from the histogram of the Go runtime.
import { rounded } from '../../verdict/wording/index.ts';
import { stable } from '../statistics/rounding.ts';
import { grown, samplesByPod } from './pods.ts';
import type { RuntimeSample } from './sample.ts';

/** The histogram bucket with the p99; it is not known more exactly. */
export interface WaitCell {
  /** More than this. */
  overMs: number;
  /** At most this; null in the last bucket, which has no upper bound. */
  upToMs: number | null;
}

/** p99 over all pods; client_golang's buckets are powers of ten. Null where fewer than two samples export it, or nothing waited. */
export function schedulerWaitP99(samples: readonly RuntimeSample[]): WaitCell | null {
  const cells = new Map<number, number>();
  for (const samplesOfPod of samplesByPod(samples).values()) {
    const exported = samplesOfPod.flatMap(({ schedulerWaits }) => (schedulerWaits ? [schedulerWaits] : []));
    for (const bound of new Set(exported.flatMap((buckets) => buckets.map(([upTo]) => upTo)))) {
      const count = grown(exported.map((buckets) => buckets.find(([upTo]) => upTo === bound)?.[1] ?? null));
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

/** The same as one number: the upper bound of the bucket, or its lower one where it has no upper one. */
export function schedulerP99(samples: readonly RuntimeSample[]): number | null {
  const cell = schedulerWaitP99(samples);
  return cell && rounded(cell.upToMs ?? cell.overMs);
}

const ms = (seconds: number): number => stable(1_000 * seconds);
