// What the samples of all pods say together: per pod, and as a line for the story.
import { median } from 'simple-statistics';
import type { Fact } from '../../verdict/finding.ts';
import { nearestRank } from '../statistics/index.ts';
import { looksByPod, pausesOf, takenByGc } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { untold } from './signals.ts';

export interface PodRuntime {
  pod: string;
  samples: number;
  goroutinesFirst: number | null;
  goroutinesLast: number | null;
  goroutinesMost: number | null;
  heapMostBytes: number | null;
  /** Exact pauses that ended between the first and the last sample, ms, ascending. */
  pausesMs: number[];
  pausesLost: number;
  /** Without marking on processors that nobody else wanted, where that is told. */
  gcCpuSeconds: number;
  totalCpuSeconds: number;
}

/** Summarizes one run's samples by pod, of the pods that could be read. */
export function runtimeByPod(samples: readonly RuntimeSample[]): PodRuntime[] {
  return [...looksByPod(samples)].flatMap(([pod, looks]) => {
    const read = looks.filter(({ unread }) => unread === null);
    return read.length === 0 ? [] : [summarizePod(pod, read)];
  });
}

/** The lines of the story: one for all pods, or the reason why there is none. */
export function summarizeRuntime(samples: readonly RuntimeSample[]): Fact[] {
  const pods = runtimeByPod(samples);
  if (pods.length === 0) return [];
  const pauses = Float64Array.from(pods.flatMap((pod) => pod.pausesMs)).sort();
  const lost = pods.reduce((sum, pod) => sum + pod.pausesLost, 0);
  const gcSeconds = pods.reduce((sum, pod) => sum + pod.gcCpuSeconds, 0);
  const cpuSeconds = pods.reduce((sum, pod) => sum + pod.totalCpuSeconds, 0);
  const values: Record<string, number> = { pods: pods.length, samples: pods.reduce((sum, pod) => sum + pod.samples, 0) };
  const parts: string[] = [];
  const first = most(pods.map((pod) => pod.goroutinesFirst));
  const last = most(pods.map((pod) => pod.goroutinesLast));
  const highest = most(pods.map((pod) => pod.goroutinesMost));
  if (first !== null && last !== null && highest !== null) {
    parts.push(`goroutines ${first} → ${last}${highest > Math.max(first, last) ? ` (at most ${highest})` : ''}`);
    Object.assign(values, { goroutinesFirst: first, goroutinesLast: last, goroutinesMost: highest });
  }
  if (pauses.length > 0) {
    const p99 = pauses[nearestRank(pauses.length, 0.99) - 1] as number;
    parts.push(`GC pause p99 ${digits(p99)} ms of ${pauses.length}${lost > 0 ? `, ${lost} pauses lost` : ''}`);
    Object.assign(values, { gcPauseP99Ms: p99, gcPauses: pauses.length, gcPausesLost: lost });
  }
  if (cpuSeconds > 0) {
    parts.push(`GC CPU ${digits((100 * gcSeconds) / cpuSeconds)} %`);
    values.gcCpuPercent = (100 * gcSeconds) / cpuSeconds;
  }
  const heap = most(pods.map((pod) => pod.heapMostBytes));
  if (heap !== null) values.heapMostBytes = heap;
  const text = parts.length === 0 ? 'the pods say nothing of goroutines, GC or CPU' : parts.join(', ');
  return [
    { subject: 'runtime', text: pods.length > 1 ? `${text} (highest of ${pods.length} pods)` : text, values },
    ...rarerLooks(samples),
    ...untold(samples.filter(({ unread }) => unread === null)).map(({ subject, series }) => ({
      subject: 'not judged',
      text: `${subject}: no pod tells ${series}`,
      values: {},
    })),
  ];
}

/** Looks this many at the beginning and at the end tell how often there was one; a few that took long do not. */
const PACE_LOOKS = 10;
/** Ticks of a busy worker come late by less. */
const RARER_FACTOR = 1.5;

/** What happens between two looks may be missed, so it is told when they were further apart at the end. */
function rarerLooks(samples: readonly RuntimeSample[]): Fact[] {
  const at = [...new Set(samples.map((sample) => Date.parse(sample.at)))].sort((a, b) => a - b);
  const gaps = at.slice(1).map((ms, i) => (ms - (at[i] as number)) / 1_000);
  if (gaps.length < 2 * PACE_LOOKS) return [];
  const [first, last] = [median(gaps.slice(0, PACE_LOOKS)), median(gaps.slice(-PACE_LOOKS))];
  const text = `pods were looked at each ${digits(first)} s at first and each ${digits(last)} s at the end`;
  return last > RARER_FACTOR * first ? [{ subject: 'runtime', text, values: {} }] : [];
}

function summarizePod(pod: string, samples: RuntimeSample[]): PodRuntime {
  const goroutines = samples.flatMap(({ goroutines: seen }) => seen ?? []);
  const { pauses, lost } = pausesOf(samples);
  return {
    pod,
    samples: samples.length,
    goroutinesFirst: goroutines[0] ?? null,
    goroutinesLast: goroutines.at(-1) ?? null,
    goroutinesMost: most(goroutines),
    heapMostBytes: most(samples.map((sample) => sample.heapBytes)),
    pausesMs: pauses.map(({ ms }) => ms).sort((a, b) => a - b),
    pausesLost: lost,
    ...gcCpu(samples),
  };
}

/** Growth over the looks that told both; the stretch over which the process started anew is left out of both. */
function gcCpu(samples: readonly RuntimeSample[]): Pick<PodRuntime, 'gcCpuSeconds' | 'totalCpuSeconds'> {
  const told = samples.flatMap((sample) => {
    const gc = takenByGc(sample);
    return gc === null || sample.totalCpuSeconds === null ? [] : [{ gc, total: sample.totalCpuSeconds }];
  });
  const sum = { gcCpuSeconds: 0, totalCpuSeconds: 0 };
  told.slice(1).forEach(({ gc, total }, i) => {
    const before = told[i] as { gc: number; total: number };
    if (gc < before.gc || total < before.total) return;
    sum.gcCpuSeconds += gc - before.gc;
    sum.totalCpuSeconds += total - before.total;
  });
  return sum;
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b));
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2)));
}
