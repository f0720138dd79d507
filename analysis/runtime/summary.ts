// The samples of all pods, summarized per pod and as one line.
import { median } from 'simple-statistics';
import type { Fact } from '../../verdict/finding.ts';
import { count, duration, latency, share } from '../../verdict/wording/index.ts';
import { nearestRank } from '../statistics/index.ts';
import { pausesOf, samplesByPod, takenByGc } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { notExported } from './signals.ts';

export interface PodRuntime {
  pod: string;
  samples: number;
  goroutinesFirst: number | null;
  goroutinesLast: number | null;
  goroutinesMax: number | null;
  heapMaxBytes: number | null;
  /** Exact GC pauses that ended between the first and the last sample, ms, ascending. */
  pausesMs: number[];
  pausesLost: number;
  /** Without marking on idle processors, where that is exported. */
  gcCpuSeconds: number;
  totalCpuSeconds: number;
}

/** Summarizes one run's samples by pod; only pods with a readable sample. */
export function runtimeByPod(samples: readonly RuntimeSample[]): PodRuntime[] {
  return [...samplesByPod(samples)].flatMap(([pod, own]) => {
    const read = own.filter(({ unread }) => unread === null);
    return read.length === 0 ? [] : [summarizePod(pod, read)];
  });
}

/** The facts of the run: one line for all pods, the sample interval where it grew, and signals that are not exported. */
export function summarizeRuntime(samples: readonly RuntimeSample[]): Fact[] {
  const pods = runtimeByPod(samples);
  if (pods.length === 0) return [];
  const pauses = Float64Array.from(pods.flatMap((pod) => pod.pausesMs)).sort();
  const lost = pods.reduce((sum, pod) => sum + pod.pausesLost, 0);
  const gcSeconds = pods.reduce((sum, pod) => sum + pod.gcCpuSeconds, 0);
  const cpuSeconds = pods.reduce((sum, pod) => sum + pod.totalCpuSeconds, 0);
  const values: Record<string, number> = { pods: pods.length, samples: pods.reduce((sum, pod) => sum + pod.samples, 0) };
  const parts: string[] = [];
  const first = maxOf(pods.map((pod) => pod.goroutinesFirst));
  const last = maxOf(pods.map((pod) => pod.goroutinesLast));
  const highest = maxOf(pods.map((pod) => pod.goroutinesMax));
  if (first !== null && last !== null && highest !== null) {
    parts.push(`goroutines ${count(first)} → ${count(last)}${highest > Math.max(first, last) ? ` (at most ${count(highest)})` : ''}`);
    Object.assign(values, { goroutinesFirst: first, goroutinesLast: last, goroutinesMax: highest });
  }
  if (pauses.length > 0) {
    const p99 = pauses[nearestRank(pauses.length, 0.99) - 1] as number;
    parts.push(`GC pause p99 ${latency(p99)} of ${count(pauses.length)}${lost > 0 ? `, ${lost} pauses lost` : ''}`);
    Object.assign(values, { gcPauseP99Ms: p99, gcPauses: pauses.length, gcPausesLost: lost });
  }
  if (cpuSeconds > 0) {
    parts.push(`GC CPU ${share(gcSeconds / cpuSeconds)}`);
    values.gcCpuPercent = (100 * gcSeconds) / cpuSeconds;
  }
  const heap = maxOf(pods.map((pod) => pod.heapMaxBytes));
  if (heap !== null) values.heapMaxBytes = heap;
  const text = parts.length === 0 ? 'the pods export neither goroutines nor GC nor CPU' : parts.join(', ');
  return [
    { subject: 'runtime', text: pods.length > 1 ? `${text} (highest of ${pods.length} pods)` : text, values },
    ...longerIntervals(samples),
    ...notExported(samples.filter(({ unread }) => unread === null)).map(({ subject, series }) => ({
      subject: 'not judged',
      text: `${subject}: not exported by any pod (${series})`,
      values: {},
    })),
  ];
}

/** The sample interval is the median of this many intervals, so that a few slow samples do not count. */
const INTERVAL_SAMPLES = 10;
/** A busy worker delays its samples by less. */
const LONGER_FACTOR = 1.5;

/** Reports a longer sample interval at the end, because short events are missed then. */
function longerIntervals(samples: readonly RuntimeSample[]): Fact[] {
  const at = [...new Set(samples.map((sample) => Date.parse(sample.at)))].sort((a, b) => a - b);
  const gaps = at.slice(1).map((ms, i) => (ms - (at[i] as number)) / 1_000);
  if (gaps.length < 2 * INTERVAL_SAMPLES) return [];
  const [first, last] = [median(gaps.slice(0, INTERVAL_SAMPLES)), median(gaps.slice(-INTERVAL_SAMPLES))];
  const text = `sample interval: ${duration(1_000 * first)} at the start, ${duration(1_000 * last)} at the end`;
  return last > LONGER_FACTOR * first ? [{ subject: 'runtime', text, values: {} }] : [];
}

function summarizePod(pod: string, samples: RuntimeSample[]): PodRuntime {
  const goroutines = samples.flatMap(({ goroutines: count }) => count ?? []);
  const { pauses, lost } = pausesOf(samples);
  return {
    pod,
    samples: samples.length,
    goroutinesFirst: goroutines[0] ?? null,
    goroutinesLast: goroutines.at(-1) ?? null,
    goroutinesMax: maxOf(goroutines),
    heapMaxBytes: maxOf(samples.map((sample) => sample.heapBytes)),
    pausesMs: pauses.map(({ ms }) => ms).sort((a, b) => a - b),
    pausesLost: lost,
    ...gcCpu(samples),
  };
}

/** Growth over the samples with both counters, without the interval in which the process restarted. */
function gcCpu(samples: readonly RuntimeSample[]): Pick<PodRuntime, 'gcCpuSeconds' | 'totalCpuSeconds'> {
  const reported = samples.flatMap((sample) => {
    const gc = takenByGc(sample);
    return gc === null || sample.totalCpuSeconds === null ? [] : [{ gc, total: sample.totalCpuSeconds }];
  });
  const sum = { gcCpuSeconds: 0, totalCpuSeconds: 0 };
  reported.slice(1).forEach(({ gc, total }, i) => {
    const before = reported[i] as { gc: number; total: number };
    if (gc < before.gc || total < before.total) return;
    sum.gcCpuSeconds += gc - before.gc;
    sum.totalCpuSeconds += total - before.total;
  });
  return sum;
}

function maxOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b));
}
