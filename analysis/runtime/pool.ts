// Whether the pgx pool was too small for the load, from its counters: a gauge looked at now and then misses bursts.
import { grown, looksByPod } from './pods.ts';
import type { PoolSample, RuntimeSample } from './sample.ts';

/** What is null was not told. */
export interface PoolUse {
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

/** Null where no pod tells of a pool. @param budgetMs the p99 limit. */
export function poolUse(samples: readonly RuntimeSample[], budgetMs: number): PoolUse | null {
  const pods = [...looksByPod(samples).values()]
    .map((looks) => looks.flatMap(({ unread, pool }) => (unread === null && pool ? [pool] : [])))
    .filter((looks) => looks.length > 0);
  if (pods.length === 0) return null;
  const counted = (figure: keyof PoolSample): number | null => sumOf(pods.map((looks) => grown(looks.map((look) => look[figure]))));
  const [acquires, empty, waited] = [counted('acquires'), counted('emptyAcquires'), counted('emptyWaitSeconds')];
  const cancelled = counted('cancelled');
  const lastingUse = most(pods.map(lasting));
  const emptyShare = acquires === null || empty === null ? null : share(empty, acquires);
  const emptyWaitMs = empty === null || waited === null ? null : 1_000 * share(waited, empty);
  const waits = areFelt(emptyShare, emptyWaitMs, budgetMs);
  const strained = (emptyShare === null && lastingUse === null) || (emptyShare ?? 0) > EMPTY_SHARE || (lastingUse ?? 0) > LASTING_USE;
  const saturated = waits === true || (strained && (cancelled ?? 0) > 0) || (lastingUse ?? 0) > LASTING_USE;
  return { acquires, emptyShare, emptyWaitMs, cancelled, strained, lastingUse, waits, saturated };
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
