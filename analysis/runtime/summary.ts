// What the samples of all pods say together: a line for the story, and a finding only where something is wrong.
import type { Fact, Finding } from '../../verdict/finding.ts';
import { nearestRank } from '../statistics/index.ts';
import type { RuntimeSample } from './sample.ts';

/** Above this a service leaks or piles up work; Uber's LeakProf looks at 10,000 at one place, so 5,000 in one process is the stricter gate. */
const GOROUTINES_LIMIT = 5_000;
/** A burst is no leak: it lasts when this many samples in a row, and this long, are above. */
const LASTING_SAMPLES = 3;
const LASTING_MS = 10_000;
/** Go keeps the last 256 pauses; more collections than that between two samples and some were never seen. */
const PAUSES_KEPT = 256;

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
  gcCpuSeconds: number;
  totalCpuSeconds: number;
  /** Least number of goroutines over the longest stretch above the limit that lasted; null when none did. */
  lastingGoroutines: number | null;
}

/** Summarizes one run's samples by pod. Pauses are told apart by their end, so the same one seen in two samples counts once. */
export function runtimeByPod(samples: readonly RuntimeSample[]): PodRuntime[] {
  const pods = new Map<string, RuntimeSample[]>();
  for (const sample of samples) {
    if (sample.unread !== null) continue;
    const of = pods.get(sample.pod);
    if (of) of.push(sample);
    else pods.set(sample.pod, [sample]);
  }
  return [...pods]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([pod, own]) =>
      summarizePod(
        pod,
        own.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
      ),
    );
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
  return [{ subject: 'runtime', text: pods.length > 1 ? `${text} (highest of ${pods.length} pods)` : text, values }];
}

/** GoroutinesHigh per pod that stayed above the limit; RuntimeUnknown only when no pod at all could be read. */
export function judgeRuntime(samples: readonly RuntimeSample[], evidence: string[] = []): Finding[] {
  const pods = runtimeByPod(samples);
  if (pods.length === 0) {
    const why = samples.find((sample) => sample.unread !== null)?.unread ?? 'no pod was found';
    return [
      {
        code: 'RuntimeUnknown',
        subject: 'runtime',
        outcome: 'inconclusive',
        measured: null,
        limit: GOROUTINES_LIMIT,
        unit: 'goroutines',
        message: `the Go runtime of no pod could be read while the load ran: ${why}`,
        evidence,
      },
    ];
  }
  return pods.flatMap(({ pod, lastingGoroutines }): Finding[] => {
    if (lastingGoroutines === null) return [];
    const message = `pod ${pod} kept at least ${lastingGoroutines} goroutines for over ${LASTING_MS / 1_000} s, limit ${GOROUTINES_LIMIT}`;
    return [
      {
        code: 'GoroutinesHigh',
        subject: `pod ${pod}`,
        outcome: 'fail',
        measured: lastingGoroutines,
        limit: GOROUTINES_LIMIT,
        unit: 'goroutines',
        message,
        evidence,
      },
    ];
  });
}

/** Reads stored evidence of kind `runtime-samples`: one JSON sample a line. Throws SyntaxError on bytes this program did not write. */
export async function readRuntimeSamples(bytes: AsyncIterable<Uint8Array>): Promise<RuntimeSample[]> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of bytes) text += decoder.decode(chunk, { stream: true });
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as RuntimeSample]));
}

function summarizePod(pod: string, samples: RuntimeSample[]): PodRuntime {
  const first = samples[0] as RuntimeSample;
  const goroutines = samples.flatMap(({ goroutines: seen }) => seen ?? []);
  const since = BigInt(Date.parse(first.at)) * 1_000_000n;
  const pauses = new Map<string, number>();
  let lost = 0;
  let gcCpuSeconds = 0;
  let totalCpuSeconds = 0;
  samples.forEach((sample, i) => {
    const before = samples[i - 1];
    for (const [end, lengthNs] of sample.pauses?.recent ?? []) if (BigInt(end) >= since) pauses.set(end, lengthNs);
    if (!before) return;
    if (sample.pauses && before.pauses) lost += Math.max(0, sample.pauses.collections - before.pauses.collections - PAUSES_KEPT);
    const total = growth(before.totalCpuSeconds, sample.totalCpuSeconds);
    const gc = growth(before.gcCpuSeconds, sample.gcCpuSeconds);
    if (total === null || gc === null) return;
    totalCpuSeconds += total;
    gcCpuSeconds += gc;
  });
  return {
    pod,
    samples: samples.length,
    goroutinesFirst: goroutines[0] ?? null,
    goroutinesLast: goroutines.at(-1) ?? null,
    goroutinesMost: most(goroutines),
    heapMostBytes: most(samples.map((sample) => sample.heapBytes)),
    pausesMs: [...pauses.values()].map((ns) => ns / 1e6).sort((a, b) => a - b),
    pausesLost: lost,
    gcCpuSeconds,
    totalCpuSeconds,
    lastingGoroutines: lasting(samples),
  };
}

function lasting(samples: readonly RuntimeSample[]): number | null {
  let stretch: RuntimeSample[] = [];
  let found: number | null = null;
  for (const sample of samples) {
    stretch = (sample.goroutines ?? 0) > GOROUTINES_LIMIT ? [...stretch, sample] : [];
    const spanMs = stretch.length === 0 ? 0 : Date.parse(sample.at) - Date.parse((stretch[0] as RuntimeSample).at);
    if (stretch.length >= LASTING_SAMPLES && spanMs >= LASTING_MS) found = Math.min(...stretch.map((each) => each.goroutines as number));
  }
  return found;
}

/** Growth of a counter; null when a value is missing or the process started anew in between (the counter fell). */
function growth(before: number | null, after: number | null): number | null {
  return before === null || after === null || after < before ? null : after - before;
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b));
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2)));
}
