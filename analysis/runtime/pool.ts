// Whether a pgx pool was too small for the load, from its counters: a gauge looked at now and then misses bursts.
import { grown, looksByPod } from './pods.ts';
import type { LabelledPool, PoolSample, RuntimeSample } from './sample.ts';

/** What is null was not told. */
export interface PoolUse {
  /** What tells it from the other pools of its process: `db="read"`. Left out where it is the only one. */
  name?: string;
  acquires: number | null;
  /** Of these, found no idle connection, 0-1. */
  emptyShare: number | null;
  /** Mean wait of those. */
  emptyWaitMs: number | null;
  /** Given up by their context. */
  cancelled: number | null;
  /** The pool was strained, so that these are its doing: a context that is over before it asks gives up at a pool that is idle. */
  strained: boolean;
  /** Highest share of connections in use in three looks in a row, of any pod, 0-1. */
  lastingUse: number | null;
  /** More than one in a hundred acquires waits, and that for over a twentieth of the latency people are promised; null where it is not known. */
  waits: boolean | null;
  /** It waits, or something else says that it is at its end: acquires given up, or hardly a connection idle for three looks. */
  saturated: boolean;
}

const EMPTY_SHARE = 0.01;
const WAIT_SHARE_OF_BUDGET = 0.05;
const LASTING_LOOKS = 3;
const LASTING_USE = 0.9;

/** Each pool of the service over all of its pods; none where no pod exports one. @param budgetMs the p99 limit. */
export function poolUse(samples: readonly RuntimeSample[], budgetMs: number): PoolUse[] {
  const keys = new Set(samples.flatMap((sample) => differing(poolsOf(sample))));
  const pods = new Map<string, PoolSample[][]>();
  for (const looks of looksByPod(samples).values())
    for (const [name, own] of Map.groupBy(looks.flatMap(poolsOf), ({ labels }) => nameOf(labels, keys)))
      pods.set(name, [...(pods.get(name) ?? []), own]);
  return [...pods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, own]) => useOf(name, own, budgetMs));
}

const poolsOf = ({ unread, pools, pool }: RuntimeSample): LabelledPool[] =>
  unread !== null ? [] : (pools ?? (pool ? [{ labels: '', ...pool }] : []));

/** Label names by which the pools of one page differ; those of the process or the pod say the same of all. */
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
  const counted = (figure: keyof PoolSample): number | null => sumOf(pods.map((looks) => grown(looks.map((look) => look[figure]))));
  const [acquires, empty, waited] = [counted('acquires'), counted('emptyAcquires'), counted('emptyWaitSeconds')];
  const cancelled = counted('cancelled');
  const lastingUse = most(pods.map(lasting));
  const emptyShare = acquires === null || empty === null ? null : share(empty, acquires);
  const emptyWaitMs = empty === null || waited === null ? null : 1_000 * share(waited, empty);
  const waits = areFelt(emptyShare, emptyWaitMs, budgetMs);
  const strained = (emptyShare === null && lastingUse === null) || (emptyShare ?? 0) > EMPTY_SHARE || (lastingUse ?? 0) > LASTING_USE;
  const saturated = waits === true || (strained && (cancelled ?? 0) > 0) || (lastingUse ?? 0) > LASTING_USE;
  return { ...(name === '' ? {} : { name }), acquires, emptyShare, emptyWaitMs, cancelled, strained, lastingUse, waits, saturated };
}

/** Few waits are none to speak of, however long they are; and short ones, however many. */
function areFelt(emptyShare: number | null, emptyWaitMs: number | null, budgetMs: number): boolean | null {
  const often = emptyShare === null ? null : emptyShare > EMPTY_SHARE;
  const long = emptyWaitMs === null ? null : emptyWaitMs > WAIT_SHARE_OF_BUDGET * budgetMs;
  if (often === false || long === false) return false;
  return often === null || long === null ? null : true;
}

/** Highest share in use in three looks in a row; null where a pod does not tell it. A look that tells no share does not end the row. */
function lasting(looks: readonly PoolSample[]): number | null {
  const uses = looks.flatMap(({ acquired, most: size }) => (acquired === null || size === null || size === 0 ? [] : [acquired / size]));
  if (uses.length === 0) return null;
  return uses.reduce((highest, _, i) => {
    const row = uses.slice(i, i + LASTING_LOOKS);
    return row.length < LASTING_LOOKS ? highest : Math.max(highest, Math.min(...row));
  }, 0);
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const most = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((highest, value) => (value === null || (highest !== null && highest >= value) ? highest : value), null);
const sumOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
