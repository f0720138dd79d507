// One look at the Go runtime of a pod: what /metrics and /debug/pprof/heap?debug=1 say of goroutines, garbage collection and heap.

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
} as const;

export type RuntimeMetrics = Record<keyof typeof METRICS, number | null>;

/** Reads the four values from Prometheus text. A name that is absent, doubled or not a finite number is null: unknown, never 0. */
export function readRuntimeMetrics(text: string): RuntimeMetrics {
  const seen = new Map<string, number | null>();
  const wanted = new Set<string>(Object.values(METRICS));
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
  };
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
