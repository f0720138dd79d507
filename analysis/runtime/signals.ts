// The runtime signals that are judged per pod, each with its limit and the reason for it. Breaking a limit ends in no-go, so limits stand
// where harm is certain, not where a value is unusual: latency and errors have limits of their own.
import type { FindingCode, Outcome } from '../../verdict/finding.ts';
import { besideLimit, count, latency, rounded, size } from '../../verdict/wording/index.ts';
import { lowerTailBound, nearestRank } from '../statistics/index.ts';
import { grown, pausesOf, takenByGc } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { schedulerWaitP99 } from './scheduler-waits.ts';

export interface PodSamples {
  name: string;
  samples: readonly RuntimeSample[];
  /** Those that could be read; at least one. */
  read: readonly RuntimeSample[];
}

export interface Reading {
  measured: number;
  beyond: boolean;
  message: string;
}

export interface Signal {
  subject: string;
  codes: { within: FindingCode; beyond: FindingCode; unknown: FindingCode };
  /** `fail` where the limit stands for harm, `inconclusive` where only a longer run can decide. */
  beyondIs: Outcome;
  limit: number;
  unit: string;
  /**
   * The series it is read from. A signal that no pod exports is reported, not judged: not exporting is a choice, a gap in samples is not.
   */
  series: string;
  isExported(sample: RuntimeSample): boolean;
  /** The reading of one pod, or the reason why there is none. */
  read(pod: PodSamples): Reading | string;
}

/**
 * Go's GC uses a quarter of the processors while it runs (gcBackgroundUtilization). More of all CPU time means that it never pauses and
 * makes goroutines assist. Measured (reference: diagnostics 0.4): 37 % at GOGC=100, and from there to 55 % throughput fell by 38 %.
 */
const GC_CPU_PERCENT = 25;

/**
 * Pauses over 5 ms are the article's limit, but predict nothing by themselves (0.4: throughput fell 38 %, pauses hardly changed). They
 * reach the slowest 1 % of the requests only where the world is stopped for 1 % of the time, so both must hold.
 */
const LONG_PAUSE_MS = 5;
const STOPPED_PERCENT = 1;

/**
 * A running goroutine is preempted after 10 ms (forcePreemptNS): a p99 above that means waiting for whole time slices of others, so too few
 * processors. 10.48576 ms is the nearest bucket bound of client_golang. Without load it is under 1 ms.
 */
const SCHEDULER_WAIT_MS = 10.485_76;

/**
 * Memory that doubles, by 64 MB at least, and still grows in the last third of the run. Caches grow like leaks, and only the container's
 * limit defines too much, so it never fails: a longer run decides.
 */
const GROWTH_FACTOR = 2;
const GROWTH_BYTES = 64 * 1024 * 1024;
const STILL_GROWING = 1.1;

export const SIGNALS: readonly Signal[] = [
  {
    subject: 'GC CPU',
    codes: { within: 'GcCpuWithinLimit', beyond: 'GcCpuHigh', unknown: 'GcCpuUnknown' },
    beyondIs: 'fail',
    limit: GC_CPU_PERCENT,
    unit: '%',
    series: 'go_cpu_classes_gc_total_cpu_seconds_total and go_cpu_classes_total_cpu_seconds_total',
    isExported: ({ gcCpuSeconds, totalCpuSeconds }) => gcCpuSeconds !== null || totalCpuSeconds !== null,
    read({ read }) {
      const reported = read.filter(({ gcCpuSeconds, totalCpuSeconds }) => gcCpuSeconds !== null && totalCpuSeconds !== null);
      const [gc, total] = [grown(reported.map(takenByGc)), grown(reported.map(({ totalCpuSeconds }) => totalCpuSeconds))];
      if (gc === null || total === null || total === 0) return inFewerThanTwo(this.series);
      const measured = (100 * gc) / total;
      const [used, limit] = besideLimit(measured, GC_CPU_PERCENT, '%');
      const message = `GC used ${used} of the CPU time, limit ${limit}`;
      // Marking on idle processors costs nobody anything, and may be most of it.
      if (measured > GC_CPU_PERCENT && reported.every(({ gcIdleCpuSeconds }) => (gcIdleCpuSeconds ?? null) === null))
        return `${message}, but its part on idle processors is not exported (go_cpu_classes_gc_mark_idle_cpu_seconds_total)`;
      return { measured, beyond: measured > GC_CPU_PERCENT, message };
    },
  },
  {
    subject: 'GC pauses',
    codes: { within: 'GcPausesWithinLimit', beyond: 'GcPausesLong', unknown: 'GcPausesUnknown' },
    beyondIs: 'fail',
    limit: STOPPED_PERCENT,
    unit: '%',
    series: '/debug/pprof/heap?debug=1',
    isExported: ({ pauses }) => pauses !== null,
    read({ read }) {
      const reported = read.filter(({ pauses }) => pauses !== null);
      const [first, last] = [reported[0], reported.at(-1)];
      const spanMs = first && last ? Date.parse(last.at) - Date.parse(first.at) : 0;
      if (spanMs === 0) return '/debug/pprof/heap?debug=1 reported pauses in fewer than two samples';
      const { pauses, lost } = pausesOf(reported);
      const sorted = pauses.map(({ ms }) => ms).sort((a, b) => a - b);
      const measured = (100 * sorted.reduce((sum, ms) => sum + ms, 0)) / spanMs;
      const rank = lowerTailBound(sorted.length);
      const long = rank !== null && (sorted[rank - 1] as number) > LONG_PAUSE_MS;
      const over = sorted.filter((ms) => ms > LONG_PAUSE_MS).length;
      const [stopped, limit] = besideLimit(measured, STOPPED_PERCENT, '%');
      const p99 = sorted.length === 0 ? '' : ` (p99 ${latency(sorted[nearestRank(sorted.length, 0.99) - 1] as number)})`;
      const message =
        `${count(over)} of ${count(sorted.length)} GC pauses${p99} lasted over ${latency(LONG_PAUSE_MS)}; ` +
        `all pauses stopped the world for ${stopped} of the time, limit ${limit}`;
      const beyond = long && measured > STOPPED_PERCENT;
      return lost > 0 && !beyond ? `${message}, but ${lost} pauses were lost between two samples` : { measured, beyond, message };
    },
  },
  {
    subject: 'scheduler latency',
    codes: { within: 'SchedulerWaitsWithinLimit', beyond: 'SchedulerWaitsLong', unknown: 'SchedulerWaitsUnknown' },
    beyondIs: 'fail',
    limit: rounded(SCHEDULER_WAIT_MS),
    unit: 'ms',
    series: 'go_sched_latencies_seconds',
    isExported: ({ schedulerWaits }) => (schedulerWaits ?? null) !== null,
    read({ read }) {
      const bucket = schedulerWaitP99(read);
      if (bucket === null) return inFewerThanTwo(this.series);
      const { overMs, upToMs } = bucket;
      const limit = `limit ${latency(SCHEDULER_WAIT_MS)}`;
      if (overMs >= SCHEDULER_WAIT_MS)
        return { measured: overMs, beyond: true, message: `p99 scheduler latency is over ${latency(overMs)}, ${limit}` };
      if (upToMs === null) return `p99 scheduler latency is over ${latency(overMs)}, without an upper bound, ${limit}`;
      if (upToMs > SCHEDULER_WAIT_MS) return `p99 scheduler latency is between ${latency(overMs)} and ${latency(upToMs)}, ${limit}`;
      return { measured: upToMs, beyond: false, message: `p99 scheduler latency is at most ${latency(upToMs)}, ${limit}` };
    },
  },
  memory('GC memory', 'go_memstats_gc_sys_bytes', ({ gcSysBytes }) => gcSysBytes ?? null),
  memory('heap', 'go_memstats_heap_alloc_bytes', ({ heapBytes }) => heapBytes),
];

/** Compares the minimum of each third of the run: the heap rises and falls with every GC cycle, its minimum does not. */
function memory(subject: string, series: string, bytesIn: (sample: RuntimeSample) => number | null): Signal {
  return {
    subject,
    codes: { within: 'MemorySteady', beyond: 'MemoryGrows', unknown: 'MemoryUnknown' },
    beyondIs: 'inconclusive',
    limit: GROWTH_FACTOR,
    unit: 'x',
    series,
    isExported: (sample) => bytesIn(sample) !== null,
    read({ read }) {
      const reported = read.flatMap((sample) => {
        const bytes = bytesIn(sample);
        return bytes === null ? [] : [{ atMs: Date.parse(sample.at), bytes }];
      });
      const [begin, end] = [reported[0], reported.at(-1)];
      if (reported.length < 2 || !begin || !end) return inFewerThanTwo(series);
      // Thirds of the time, not of the samples: samples get rarer in a long run.
      const spanMs = end.atMs - begin.atMs;
      const inThird = (third: number, atMs: number): boolean =>
        3 * (atMs - begin.atMs) >= third * spanMs && 3 * (atMs - begin.atMs) <= (third + 1) * spanMs;
      const minimum = (third: number): number => Math.min(...reported.filter(({ atMs }) => inThird(third, atMs)).map(({ bytes }) => bytes));
      const [first, middle, last] = [minimum(0), minimum(1), minimum(2)];
      const measured = first === 0 ? 1 : last / first;
      const beyond = measured >= GROWTH_FACTOR && last - first >= GROWTH_BYTES && (middle === Infinity || last >= STILL_GROWING * middle);
      const message = `${subject} changed from ${size(first)} to ${size(last)}${beyond ? ' and still grew at the end' : ''}`;
      return { measured, beyond, message };
    },
  };
}

/** Signals that no pod exports, where any pod was read. */
export const notExported = (read: readonly RuntimeSample[]): Signal[] =>
  read.length === 0 ? [] : SIGNALS.filter(({ isExported }) => !read.some(isExported));

const inFewerThanTwo = (series: string): string => `/metrics exported ${series} in fewer than two samples`;
