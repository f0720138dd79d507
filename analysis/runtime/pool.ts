// Whether a pgx pool was too small for the load, from its counters: a sampled gauge misses bursts.
import { grown, samplesByPod } from './pods.ts';
import type { LabelledPool, PoolSample, RuntimeSample } from './sample.ts';

/** Null is not exported. */
export interface PoolUse {
  /** Labels that distinguish it from other pools of its process: `db="read"`. Absent where it is the only one. */
  name?: string;
  acquires: number | null;
  /** Of these, found no idle connection, 0-1. */
  emptyShare: number | null;
  /** Mean wait of those. */
  emptyWaitMs: number | null;
  /** Cancelled by their context. */
  cancelled: number | null;
  /**
   * True where the pool was under pressure, so that cancelled acquires are its fault: a context that is already over cancels at an idle
   * pool.
   */
  strained: boolean;
  /** Highest share of connections in use for three samples in a row, in any pod, 0-1. */
  lastingUse: number | null;
  /** More than 1 % of the acquires wait, for more than a twentieth of the p99 limit; null where unknown. */
  waits: boolean | null;
  /** It waits, acquires were cancelled, or hardly a connection was idle for three samples. */
  saturated: boolean;
}

const EMPTY_SHARE = 0.01;
const WAIT_SHARE_OF_BUDGET = 0.05;
const LASTING_SAMPLES = 3;
const LASTING_USE = 0.9;

/** Each pool of the service over all of its pods; none where no pod exports one. @param budgetMs the p99 limit. */
export function poolUse(samples: readonly RuntimeSample[], budgetMs: number): PoolUse[] {
  const keys = new Set(samples.flatMap((sample) => differing(poolsOf(sample))));
  const pods = new Map<string, PoolSample[][]>();
  for (const own of samplesByPod(samples).values())
    for (const [name, ofPool] of Map.groupBy(own.flatMap(poolsOf), ({ labels }) => nameOf(labels, keys)))
      pods.set(name, [...(pods.get(name) ?? []), ofPool]);
  return [...pods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, own]) => useOf(name, own, budgetMs));
}

const poolsOf = ({ unread, pools, pool }: RuntimeSample): LabelledPool[] =>
  unread !== null ? [] : (pools ?? (pool ? [{ labels: '', ...pool }] : []));

/** Label names in which the pools of one page differ; labels of the process or pod are the same for all. */
function differing(pools: readonly LabelledPool[]): string[] {
  if (pools.length < 2) return [];
  const sets = pools.map(({ labels }) => new Map(pairs(labels)));
  return [...new Set(sets.flatMap((set) => [...set.keys()]))].filter((key) => new Set(sets.map((set) => set.get(key))).size > 1);
}

const nameOf = (labels: string, keys: ReadonlySet<string>): string =>
  keys.size === 0
    ? ''
    : pairs(labels)
        .filter(([key]) => keys.has(key))
        .map(([key, value]) => `${key}="${value}"`)
        .join(', ');

const pairs = (labels: string): [key: string, value: string][] =>
  [...labels.matchAll(/([^\s,=]+)\s*=\s*"((?:[^"\\]|\\.)*)"/gu)].map(([, key, value]) => [key as string, value as string]);

function useOf(name: string, pods: readonly PoolSample[][], budgetMs: number): PoolUse {
  const growthOf = (figure: keyof PoolSample): number | null => sumOf(pods.map((own) => grown(own.map((sample) => sample[figure]))));
  const [acquires, empty, waited] = [growthOf('acquires'), growthOf('emptyAcquires'), growthOf('emptyWaitSeconds')];
  const cancelled = growthOf('cancelled');
  const lastingUse = maxOf(pods.map(lasting));
  const emptyShare = acquires === null || empty === null ? null : share(empty, acquires);
  const emptyWaitMs = empty === null || waited === null ? null : 1_000 * share(waited, empty);
  const waits = doRequestsWait(emptyShare, emptyWaitMs, budgetMs);
  const strained = (emptyShare === null && lastingUse === null) || (emptyShare ?? 0) > EMPTY_SHARE || (lastingUse ?? 0) > LASTING_USE;
  const saturated = waits === true || (strained && (cancelled ?? 0) > 0) || (lastingUse ?? 0) > LASTING_USE;
  return { ...(name === '' ? {} : { name }), acquires, emptyShare, emptyWaitMs, cancelled, strained, lastingUse, waits, saturated };
}

/** Few waits are negligible, however long; short ones, however many. */
function doRequestsWait(emptyShare: number | null, emptyWaitMs: number | null, budgetMs: number): boolean | null {
  const often = emptyShare === null ? null : emptyShare > EMPTY_SHARE;
  const long = emptyWaitMs === null ? null : emptyWaitMs > WAIT_SHARE_OF_BUDGET * budgetMs;
  if (often === false || long === false) return false;
  return often === null || long === null ? null : true;
}

/** Highest share in use for three samples in a row; null where a pod does not export it. A sample without it does not end the row. */
function lasting(samples: readonly PoolSample[]): number | null {
  const uses = samples.flatMap(({ acquired, most: size }) => (acquired === null || size === null || size === 0 ? [] : [acquired / size]));
  if (uses.length === 0) return null;
  return uses.reduce((highest, _, i) => {
    const row = uses.slice(i, i + LASTING_SAMPLES);
    return row.length < LASTING_SAMPLES ? highest : Math.max(highest, Math.min(...row));
  }, 0);
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const maxOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((highest, value) => (value === null || (highest !== null && highest >= value) ? highest : value), null);
const sumOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
