// One look at the Go runtime of a pod: what /metrics and /debug/pprof/heap?debug=1 say of goroutines, garbage collection and heap.
import { readRequestTotals, type RequestTotals } from './requests.ts';

export interface RuntimeSample {
  /** RFC 3339, worker clock. */
  at: string;
  pod: string;
  /** Why the pod could not be read; null when it could. */
  unread: string | null;
  /** null where the page did not say it. */
  goroutines: number | null;
  heapBytes: number | null;
  /** Cumulative CPU seconds since the process started. */
  gcCpuSeconds: number | null;
  totalCpuSeconds: number | null;
  /** null where the heap page was not read. */
  pauses: GcPauses | null;
  /** CPU seconds in which goroutines had to help the collector. Left out in records of older versions, as all below. */
  gcAssistCpuSeconds?: number | null;
  /** Memory of the collector itself. */
  gcSysBytes?: number | null;
  /** Times goroutines waited to run: cumulative counts by upper bound in seconds, the last one infinite. */
  schedulerWaits?: [upToSeconds: number | null, count: number][] | null;
  /** The pgx pool. */
  pool?: PoolSample | null;
  /** What the pod counted of the requests it answered. */
  requests?: RequestTotals | null;
}

/** Gauges and counters of pgxpool. */
export interface PoolSample {
  acquired: number;
  most: number;
  /** Since the process started: connections taken, those that found none idle, how long these waited, those given up. */
  acquires: number;
  emptyAcquires: number;
  emptyWaitSeconds: number;
  cancelled: number;
}

/** The last 256 stop-the-world pauses at most; Go keeps no more. */
export interface GcPauses {
  /** Collections since the process started. */
  collections: number;
  /** `[end (ns since 1970, as text: it exceeds 2^53), length in ns]`, newest 256 at most. */
  recent: [end: string, lengthNs: number][];
}

/** Names as client_golang's Go collector writes them; the GC classes are opt-in there. */
const METRICS = {
  goroutines: 'go_goroutines',
  heapBytes: 'go_memstats_heap_alloc_bytes',
  gcCpuSeconds: 'go_cpu_classes_gc_total_cpu_seconds_total',
  totalCpuSeconds: 'go_cpu_classes_total_cpu_seconds_total',
  gcAssistCpuSeconds: 'go_cpu_classes_gc_mark_assist_cpu_seconds_total',
  gcSysBytes: 'go_memstats_gc_sys_bytes',
} as const;

/** Names as the usual collectors of pgxpool write them. */
const POOL = {
  acquired: 'pgxpool_acquired_conns',
  most: 'pgxpool_max_conns',
  acquires: 'pgxpool_acquire_total',
  emptyAcquires: 'pgxpool_empty_acquire_total',
  emptyWaitSeconds: 'pgxpool_empty_acquire_wait_seconds_total',
  cancelled: 'pgxpool_canceled_acquire_total',
} as const;
const SCHEDULER_WAITS = 'go_sched_latencies_seconds_bucket';

export type RuntimeMetrics = Record<keyof typeof METRICS, number | null> & {
  schedulerWaits: [upToSeconds: number | null, count: number][] | null;
  pool: PoolSample | null;
  requests: RequestTotals | null;
};

/** Reads the runtime, the pool and the scheduler from Prometheus text. A name that is absent, doubled or not a finite number is null: unknown, never 0. */
export function readRuntimeMetrics(text: string): RuntimeMetrics {
  const seen = new Map<string, number | null>();
  const wanted = new Set<string>([...Object.values(METRICS), ...Object.values(POOL)]);
  for (const line of text.split('\n')) {
    const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
    if (name === undefined || !wanted.has(name)) continue;
    const word = line.slice(name.length).trim().split(/\s+/)[0] ?? '';
    const value = word === '' ? Number.NaN : Number(word);
    seen.set(name, seen.has(name) || !Number.isFinite(value) || value < 0 ? null : value);
  }
  const read = (name: string): number | null => seen.get(name) ?? null;
  return {
    goroutines: read(METRICS.goroutines),
    heapBytes: read(METRICS.heapBytes),
    gcCpuSeconds: read(METRICS.gcCpuSeconds),
    totalCpuSeconds: read(METRICS.totalCpuSeconds),
    gcAssistCpuSeconds: read(METRICS.gcAssistCpuSeconds),
    gcSysBytes: read(METRICS.gcSysBytes),
    schedulerWaits: readSchedulerWaits(text),
    pool: readPool(read),
    requests: readRequestTotals(text),
  };
}

/** Buckets in the order of the page; null when there is none, or a line is no bucket. */
function readSchedulerWaits(text: string): RuntimeMetrics['schedulerWaits'] {
  const buckets = [...text.matchAll(new RegExp(`^${SCHEDULER_WAITS}\\{le="([^"]+)"\\} (\\S+)$`, 'gm'))].map(
    ([, bound, count]): [number | null, number] => [bound === '+Inf' ? null : Number(bound), Number(count)],
  );
  return buckets.length === 0 || buckets.some(([bound, count]) => Number.isNaN(bound) || !Number.isFinite(count)) ? null : buckets;
}

/** All of the pool's figures, or null. */
function readPool(read: (name: string) => number | null): PoolSample | null {
  const figures = Object.entries(POOL).map(([name, metric]) => [name, read(metric)] as const);
  return figures.some(([, value]) => value === null) ? null : (Object.fromEntries(figures) as unknown as PoolSample);
}

/**
 * Reads `# NumGC`, `# PauseNs` and `# PauseEnd` of a heap profile's text form. These are exact, where the metrics only give quantiles at
 * 0, 0.25, 0.5, 0.75, 1 or powers of ten. null when the page does not have all three.
 */
export function readGcPauses(text: string): GcPauses | null {
  const numGc = /^# NumGC = (\d+)$/m.exec(text)?.[1];
  const lengths = /^# PauseNs = \[([\d ]*)\]$/m.exec(text)?.[1]?.split(' ');
  const ends = /^# PauseEnd = \[([\d ]*)\]$/m.exec(text)?.[1]?.split(' ');
  if (numGc === undefined || !lengths || !ends || lengths.length !== ends.length) return null;
  const recent = ends.flatMap((end, i): [string, number][] => (end === '0' || end === '' ? [] : [[end, Number(lengths[i])]]));
  return { collections: Number(numGc), recent };
}
