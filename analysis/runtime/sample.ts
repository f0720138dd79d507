// One sample of a pod's Go runtime: goroutines, GC and heap from /metrics and /debug/pprof/heap?debug=1.
import { figureOf, seriesOf, type Series } from './exposition.ts';
import { readRequestTotals, type RequestTotals } from './requests.ts';

export interface RuntimeSample {
  /** RFC 3339, worker clock. */
  at: string;
  pod: string;
  /** Why the pod could not be read; null when it could. */
  unread: string | null;
  /** null where the page did not have it. */
  goroutines: number | null;
  heapBytes: number | null;
  /** Cumulative CPU seconds since the process started. */
  gcCpuSeconds: number | null;
  totalCpuSeconds: number | null;
  /** null where the heap page was not read. */
  pauses: GcPauses | null;
  /** CPU seconds in which goroutines assisted the GC. Absent in records of older versions, as all below. */
  gcAssistCpuSeconds?: number | null;
  /** GC CPU seconds on idle processors, which nobody else could have used. */
  gcIdleCpuSeconds?: number | null;
  /** Memory of the GC itself. */
  gcSysBytes?: number | null;
  /** Scheduler latency: cumulative counts by upper bound in seconds, the last one infinite. */
  schedulerWaits?: [upToSeconds: number | null, count: number][] | null;
  /** Each pgx pool of the process; null where none is exported. */
  pools?: LabelledPool[] | null;
  /** The one pool that older versions recorded. */
  pool?: PoolSample | null;
  /** Requests that the pod itself counted. */
  requests?: RequestTotals | null;
}

/** Gauges and counters of pgxpool; null where one is not exported. */
export interface PoolSample {
  acquired: number | null;
  most: number | null;
  /** Since the process started: all acquires, those without an idle connection, their wait time, those cancelled. */
  acquires: number | null;
  emptyAcquires: number | null;
  emptyWaitSeconds: number | null;
  cancelled: number | null;
}

/** With the labels that distinguish it: `app="shop",db="read"`, empty without labels. */
export type LabelledPool = PoolSample & { labels: string };

/** The last 256 stop-the-world pauses at most; Go keeps no more. */
export interface GcPauses {
  /** Collections since the process started. */
  collections: number;
  /** `[end (ns since 1970, as text: it exceeds 2^53), length in ns]`, newest 256 at most. */
  recent: [end: string, lengthNs: number][];
}

/** Names as client_golang's Go collector writes them; the GC classes and scheduler latency are opt-in there. */
const METRICS = {
  goroutines: 'go_goroutines',
  heapBytes: 'go_memstats_heap_alloc_bytes',
  gcCpuSeconds: 'go_cpu_classes_gc_total_cpu_seconds_total',
  totalCpuSeconds: 'go_cpu_classes_total_cpu_seconds_total',
  gcAssistCpuSeconds: 'go_cpu_classes_gc_mark_assist_cpu_seconds_total',
  gcIdleCpuSeconds: 'go_cpu_classes_gc_mark_idle_cpu_seconds_total',
  gcSysBytes: 'go_memstats_gc_sys_bytes',
} as const;

/**
 * Names in use for pgxpool metrics: the lab's own, IBM/pgxpoolprometheus (`pgxpool_acquire_count`), cmackenzie1/pgxpool-prometheus
 * (`pgxpool_acquire_count_total`), exaring/otelpgx by way of OpenTelemetry (`pgxpool_acquired_connections`, `pgxpool_acquires_total`).
 */
const POOL: Readonly<Record<keyof PoolSample, readonly (readonly [name: RegExp, perUnit: number])[]>> = {
  acquired: [[/^pgxpool_acquired_conn(ection)?s$/u, 1]],
  most: [[/^pgxpool_max_conn(ection)?s$/u, 1]],
  acquires: [[/^pgxpool_acquires?(_count)?(_total)?$/u, 1]],
  emptyAcquires: [[/^pgxpool_empty_acquires?(_count)?(_total)?$/u, 1]],
  // A wait time without a unit in its name is not read: it may be in any unit.
  emptyWaitSeconds: [
    [/^pgxpool_empty_acquire_wait(_time)?_seconds(_total)?$/u, 1],
    [/^pgxpool_empty_acquire_wait(_time)?_milliseconds(_total)?$/u, 1e-3],
    [/^pgxpool_empty_acquire_wait(_time)?_(ns|nanoseconds)(_total)?$/u, 1e-9],
  ],
  cancelled: [[/^pgxpool_cancell?ed_acquires?(_count)?(_total)?$/u, 1]],
};
const SCHEDULER_WAITS = 'go_sched_latencies_seconds_bucket';

export type RuntimeMetrics = Record<keyof typeof METRICS, number | null> & {
  schedulerWaits: [upToSeconds: number | null, count: number][] | null;
  pools: LabelledPool[] | null;
  requests: RequestTotals | null;
};

/** Reads runtime, pools and scheduler latency from Prometheus text. Absent, duplicate or non-finite values are null: unknown, never 0. */
export function readRuntimeMetrics(text: string): RuntimeMetrics {
  const names = new Set<string>(Object.values(METRICS));
  const series = seriesOf(text, (name) => names.has(name) || name === SCHEDULER_WAITS || name.startsWith('pgxpool_'));
  const figures = Object.entries(METRICS).map(([figure, metric]) => [figure, figureOf(series, (name) => name === metric)] as const);
  return {
    ...(Object.fromEntries(figures) as Record<keyof typeof METRICS, number | null>),
    schedulerWaits: readSchedulerWaits(series.filter(({ name }) => name === SCHEDULER_WAITS)),
    pools: readPools(series),
    requests: readRequestTotals(text),
  };
}

/** Buckets in the order of the page. Null without any, with a malformed one, or with those of more than one histogram. */
function readSchedulerWaits(series: readonly Series[]): RuntimeMetrics['schedulerWaits'] {
  const buckets: [number | null, number][] = [];
  const others = new Set<string>();
  for (const { labels, value } of series) {
    const [written, bound = ''] = /le="([^"]*)"/u.exec(labels) ?? [];
    const upTo = bound === '+Inf' ? null : Number(bound);
    if (written === undefined || Number.isNaN(upTo) || !Number.isFinite(value)) return null;
    others.add(labels.replace(written, ''));
    buckets.push([upTo, value]);
  }
  return others.size === 1 ? buckets : null;
}

/** One pool per set of labels where a metric occurs with several; else one, whatever labels its metrics have. Null without any. */
function readPools(series: readonly Series[]): LabelledPool[] | null {
  const names = Object.values(POOL).flat();
  const own = series.filter(({ name }) => names.some(([named]) => named.test(name)));
  const [first] = own;
  if (first === undefined) return null;
  const areSeveral = new Set(own.map(({ name, labels }) => name + labels)).size > new Set(own.map(({ name }) => name)).size;
  const pools = areSeveral ? [...Map.groupBy(own, ({ labels }) => labels)] : [[first.labels, own] as const];
  return pools.map(([labels, ofPool]) => ({ labels: labels.slice(1, -1), ...readPool(ofPool) }));
}

function readPool(series: readonly Series[]): PoolSample {
  const figures = Object.entries(POOL).map(([figure, aliases]) => {
    const values = aliases.flatMap(([named, perUnit]) => {
      const value = figureOf(series, (name) => named.test(name));
      return value === null ? [] : [value * perUnit];
    });
    return [figure, values.length === 1 ? (values[0] as number) : null] as const;
  });
  return Object.fromEntries(figures) as Record<keyof PoolSample, number | null>;
}

/**
 * Reads `# NumGC`, `# PauseNs` and `# PauseEnd` of a heap profile's text form. These are exact, where the metrics only have quantiles at
 * 0, 0.25, 0.5, 0.75, 1 or powers of ten. Null when the page does not have all three.
 */
export function readGcPauses(text: string): GcPauses | null {
  const numGc = /^# NumGC = (\d+)$/m.exec(text)?.[1];
  const lengths = /^# PauseNs = \[([\d ]*)\]$/m.exec(text)?.[1]?.split(' ');
  const ends = /^# PauseEnd = \[([\d ]*)\]$/m.exec(text)?.[1]?.split(' ');
  if (numGc === undefined || !lengths || !ends || lengths.length !== ends.length) return null;
  const recent = ends.flatMap((end, i): [string, number][] => (end === '0' || end === '' ? [] : [[end, Number(lengths[i])]]));
  return { collections: Number(numGc), recent };
}
