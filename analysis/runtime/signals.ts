// What of a pod's runtime is judged, each with its limit and the reason for it. A limit here ends in no-go, so it stands where harm is certain,
// not where a figure is unusual: latency and errors have limits of their own.
import type { FindingCode, Outcome } from '../../verdict/finding.ts';
import { lowerTailBound, nearestRank } from '../statistics/index.ts';
import { grown, pausesOf, takenByGc } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { schedulerWaitP99 } from './scheduler-waits.ts';

export interface PodLooks {
  name: string;
  looks: readonly RuntimeSample[];
  /** Those that were read; at least one. */
  read: readonly RuntimeSample[];
}

export interface Reading {
  measured: number;
  beyond: boolean;
  says: string;
}

export interface Signal {
  subject: string;
  codes: { within: FindingCode; beyond: FindingCode; unknown: FindingCode };
  /** `fail` where the limit stands for harm, `inconclusive` where only a longer run can tell. */
  beyondIs: Outcome;
  limit: number;
  unit: string;
  /** The series it is read from. A service in which no pod ever tells it is not judged by it, which is told: an export is a choice, a gap is not. */
  series: string;
  tells(sample: RuntimeSample): boolean;
  /** What one pod shows, or the clause why it is not known. */
  read(pod: PodLooks): Reading | string;
}

/**
 * Go's collector takes a quarter of the processors while it runs (gcBackgroundUtilization). More than that of all CPU time means that it never
 * rests and makes goroutines help. Measured (reference: diagnostics 0.4): 37 % at GOGC=100, and from there to 55 % throughput fell by 38 %.
 */
const GC_CPU_PERCENT = 25;

/**
 * Pauses over 5 ms are the article's figure. By themselves they predict nothing (0.4: throughput fell 38 % while they hardly moved), and a busy
 * machine makes some. They can reach the slowest 1 % of the requests only where the world stands still for 1 % of the time, so both must hold.
 */
const LONG_PAUSE_MS = 5;
const STOPPED_PERCENT = 1;

/**
 * What runs is preempted after 10 ms (forcePreemptNS). Where one in a hundred waits for longer, whole time slices of others go before it: there
 * are too few processors. 10.48576 ms is the edge of client_golang's cells next to it, so that they decide. At ease it is under 1 ms.
 */
const SCHEDULER_WAIT_MS = 10.485_76;

/**
 * Memory that doubles, by 64 MB at least, and still grows in the last third of the run. Caches and buffers fill like that as well as leaks, and
 * what is too much only the limit of the container says, so it never fails: a longer run tells.
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
    tells: ({ gcCpuSeconds, totalCpuSeconds }) => gcCpuSeconds !== null || totalCpuSeconds !== null,
    read({ read }) {
      const told = read.filter(({ gcCpuSeconds, totalCpuSeconds }) => gcCpuSeconds !== null && totalCpuSeconds !== null);
      const [gc, total] = [grown(told.map(takenByGc)), grown(told.map(({ totalCpuSeconds }) => totalCpuSeconds))];
      if (gc === null || total === null || total === 0)
        return 'its /metrics does not tell go_cpu_classes_gc_total_cpu_seconds_total and go_cpu_classes_total_cpu_seconds_total twice';
      const measured = (100 * gc) / total;
      const says = `collecting garbage took ${digits(measured)} % of the CPU, limit ${GC_CPU_PERCENT} %`;
      // Marking on processors that nobody else wants takes nothing from anyone, and may be most of it.
      if (measured > GC_CPU_PERCENT && told.every(({ gcIdleCpuSeconds }) => (gcIdleCpuSeconds ?? null) === null))
        return `${says}, but how much of it ran on idle processors is not told (go_cpu_classes_gc_mark_idle_cpu_seconds_total)`;
      return { measured, beyond: measured > GC_CPU_PERCENT, says };
    },
  },
  {
    subject: 'GC pauses',
    codes: { within: 'GcPausesWithinLimit', beyond: 'GcPausesLong', unknown: 'GcPausesUnknown' },
    beyondIs: 'fail',
    limit: STOPPED_PERCENT,
    unit: '%',
    series: '/debug/pprof/heap?debug=1',
    tells: ({ pauses }) => pauses !== null,
    read({ read }) {
      const told = read.filter(({ pauses }) => pauses !== null);
      const [first, last] = [told[0], told.at(-1)];
      const spanMs = first && last ? Date.parse(last.at) - Date.parse(first.at) : 0;
      if (spanMs === 0) return '/debug/pprof/heap?debug=1 does not tell its pauses twice';
      const { pauses, lost } = pausesOf(told);
      const sorted = pauses.map(({ ms }) => ms).sort((a, b) => a - b);
      const measured = (100 * sorted.reduce((sum, ms) => sum + ms, 0)) / spanMs;
      const rank = lowerTailBound(sorted.length);
      const long = rank !== null && (sorted[rank - 1] as number) > LONG_PAUSE_MS;
      const over = sorted.filter((ms) => ms > LONG_PAUSE_MS).length;
      const p99 = sorted.length === 0 ? '' : ` (p99 ${digits(sorted[nearestRank(sorted.length, 0.99) - 1] as number)} ms)`;
      const says =
        `${over} of ${sorted.length} GC pauses${p99} lasted over ${LONG_PAUSE_MS} ms; ` +
        `all stopped the world for ${digits(measured)} % of the time, limit ${STOPPED_PERCENT} %`;
      const beyond = long && measured > STOPPED_PERCENT;
      return lost > 0 && !beyond ? `${says}, but ${lost} pauses were lost between two looks` : { measured, beyond, says };
    },
  },
  {
    subject: 'waits for a processor',
    codes: { within: 'SchedulerWaitsWithinLimit', beyond: 'SchedulerWaitsLong', unknown: 'SchedulerWaitsUnknown' },
    beyondIs: 'fail',
    limit: Number(SCHEDULER_WAIT_MS.toPrecision(3)),
    unit: 'ms',
    series: 'go_sched_latencies_seconds',
    tells: ({ schedulerWaits }) => (schedulerWaits ?? null) !== null,
    read({ read }) {
      const cell = schedulerWaitP99(read);
      if (cell === null) return 'its /metrics does not tell go_sched_latencies_seconds twice';
      const { overMs, upToMs } = cell;
      const limit = `limit ${digits(SCHEDULER_WAIT_MS)} ms`;
      if (overMs >= SCHEDULER_WAIT_MS)
        return {
          measured: overMs,
          beyond: true,
          says: `goroutines that are ready wait over ${digits(overMs)} ms for a processor (p99), ${limit}`,
        };
      if (upToMs === null || upToMs > SCHEDULER_WAIT_MS)
        return `the p99 lies between ${digits(overMs)} and ${upToMs === null ? 'any number of' : digits(upToMs)} ms, ${limit}`;
      return {
        measured: upToMs,
        beyond: false,
        says: `goroutines that are ready wait at most ${digits(upToMs)} ms for a processor (p99), ${limit}`,
      };
    },
  },
  memory('GC memory', 'go_memstats_gc_sys_bytes', ({ gcSysBytes }) => gcSysBytes ?? null),
  memory('heap', 'go_memstats_heap_alloc_bytes', ({ heapBytes }) => heapBytes),
];

/** The least of each third of the run: the heap is a saw, and its teeth say nothing. */
function memory(subject: string, metric: string, of: (sample: RuntimeSample) => number | null): Signal {
  return {
    subject,
    codes: { within: 'MemorySteady', beyond: 'MemoryGrows', unknown: 'MemoryUnknown' },
    beyondIs: 'inconclusive',
    limit: GROWTH_FACTOR,
    unit: 'x',
    series: metric,
    tells: (sample) => of(sample) !== null,
    read({ read }) {
      const told = read.flatMap((sample) => {
        const bytes = of(sample);
        return bytes === null ? [] : [{ atMs: Date.parse(sample.at), bytes }];
      });
      const [begin, end] = [told[0], told.at(-1)];
      if (told.length < 2 || !begin || !end) return `its /metrics does not tell ${metric} twice`;
      // By time, for looks get rarer in a long run.
      const spanMs = end.atMs - begin.atMs;
      const inThird = (third: number, atMs: number): boolean =>
        3 * (atMs - begin.atMs) >= third * spanMs && 3 * (atMs - begin.atMs) <= (third + 1) * spanMs;
      const least = (third: number): number => Math.min(...told.filter(({ atMs }) => inThird(third, atMs)).map(({ bytes }) => bytes));
      const [first, middle, last] = [least(0), least(1), least(2)];
      const measured = first === 0 ? 1 : last / first;
      const beyond = measured >= GROWTH_FACTOR && last - first >= GROWTH_BYTES && (middle === Infinity || last >= STILL_GROWING * middle);
      const says = `${subject} went from ${megabytes(first)} to ${megabytes(last)}${beyond ? ' and still grew at the end' : ''}`;
      return { measured, beyond, says };
    },
  };
}

/** Signals that no pod ever told of, though pods were read: the service does not export them. */
export const untold = (read: readonly RuntimeSample[]): Signal[] =>
  read.length === 0 ? [] : SIGNALS.filter(({ tells }) => !read.some(tells));

const digits = (value: number): string => String(Number(value.toPrecision(3)));
const megabytes = (bytes: number): string => `${digits(bytes / 1e6)} MB`;
