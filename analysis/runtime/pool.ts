// Whether the pgx pool was too small for the load, from its counters: a gauge looked at now and then misses bursts.
import type { RuntimeSample } from './sample.ts';

export interface PoolUse {
  acquires: number;
  /** Of these, found no idle connection, 0-1. */
  emptyShare: number;
  /** Mean wait of those. */
  emptyWaitMs: number;
  /** Given up by their context. */
  cancelled: number;
  /** Highest share of connections in use in three looks in a row, of any pod, 0-1. */
  lastingUse: number;
  saturated: boolean;
}

/** More than one in a hundred acquires waits, and that for over a twentieth of the latency people are promised. */
const EMPTY_SHARE = 0.01;
const WAIT_SHARE_OF_BUDGET = 0.05;
const LASTING_LOOKS = 3;
const LASTING_USE = 0.9;

/** Null where no pod tells of a pool. @param budgetMs the p99 limit. */
export function poolUse(samples: readonly RuntimeSample[], budgetMs: number): PoolUse | null {
  const pods = new Map<string, RuntimeSample[]>();
  for (const sample of samples) if (sample.unread === null && sample.pool) pods.set(sample.pod, [...(pods.get(sample.pod) ?? []), sample]);
  if (pods.size === 0) return null;
  const grown = { acquires: 0, empty: 0, waitSeconds: 0, cancelled: 0 };
  let lastingUse = 0;
  for (const own of pods.values()) {
    const [first, last] = [own[0]?.pool, own.at(-1)?.pool];
    if (first && last && last.acquires >= first.acquires) {
      grown.acquires += last.acquires - first.acquires;
      grown.empty += last.emptyAcquires - first.emptyAcquires;
      grown.waitSeconds += last.emptyWaitSeconds - first.emptyWaitSeconds;
      grown.cancelled += last.cancelled - first.cancelled;
    }
    const uses = own.map(({ pool }) => (pool && pool.most > 0 ? pool.acquired / pool.most : 0));
    for (let i = 0; i + LASTING_LOOKS <= uses.length; i += 1)
      lastingUse = Math.max(lastingUse, Math.min(...uses.slice(i, i + LASTING_LOOKS)));
  }
  const emptyShare = grown.acquires === 0 ? 0 : grown.empty / grown.acquires;
  const emptyWaitMs = grown.empty === 0 ? 0 : (grown.waitSeconds * 1_000) / grown.empty;
  const waits = emptyShare > EMPTY_SHARE && emptyWaitMs > WAIT_SHARE_OF_BUDGET * budgetMs;
  return {
    acquires: grown.acquires,
    emptyShare,
    emptyWaitMs,
    cancelled: grown.cancelled,
    lastingUse,
    saturated: waits || grown.cancelled > 0 || lastingUse > LASTING_USE,
  };
}
