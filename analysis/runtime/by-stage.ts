// The runtime table: offered and achieved load of each stage, and the state of the Go runtime in it.
import type { Fact } from '../../verdict/finding.ts';
import { duration, rounded } from '../../verdict/wording/index.ts';
import type { Table } from '../analysis.ts';
import { LatencyHistogram } from '../load-test/latency.ts';
import { LoadLineReader } from '../load-test/lines.ts';
import { offeredIterations, type LoadStage } from '../load-test/plan.ts';
import { saturation } from '../load-test/saturation.ts';
import { feedPoints } from '../load-test/summary.ts';
import { nearestRank } from '../statistics/index.ts';
import { grown, pausesOf, samplesByPod } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { schedulerP99 } from './scheduler-waits.ts';
import { runtimeByPod } from './summary.ts';

export interface StageLoad {
  fromMs: number;
  /** End of the stage, or of a run that ended within it. */
  toMs: number;
  /** As planned; the run may have ended before. */
  plannedSeconds: number;
  /** The run ended within the stage: too little of it to compare with others. */
  cut: boolean;
  /** Mean over the time it ran, iterations/s. */
  offered: number;
  /** Those that ended in the stage; the offered load is counted in iterations. */
  iterations: number;
  /** Constant rate for the whole stage. */
  steady: boolean;
  requests: number;
  failed: number;
  /** Nearest rank over all endpoints; null without requests. */
  p99Ms: number | null;
}

/** Values of stages shorter than this carry a note. */
const STEADY_SECONDS = 30;
/** Long enough to matter for a latency limit of a few hundred milliseconds. */
const LONG_PAUSE_MS = 5;

/**
 * Reads the points once and counts them by stage. The first stage begins with the first request, because k6 needs seconds to start. Null
 * where the record has no start or no request.
 */
export async function loadByStage(bytes: AsyncIterable<Uint8Array>, stages: readonly LoadStage[]): Promise<StageLoad[] | null> {
  let began = false;
  let endedMs: number | null = null;
  let lastMs = -Infinity;
  let loads: CountedStage[] | null = null;
  const reader = new LoadLineReader({
    ...LoadLineReader.ignoringAll,
    request({ atMs, durationMs, failed }) {
      // A request belongs to the stage in which it started.
      const startedMs = atMs - durationMs;
      lastMs = Math.max(lastMs, atMs);
      loads ??= planned(stages, startedMs);
      const stage = loads.find(({ toMs }) => startedMs < toMs) ?? loads.at(-1);
      if (!stage) return;
      stage.requests += 1;
      if (failed) stage.failed += 1;
      stage.histogram.record(durationMs);
    },
    iterations(count, atMs) {
      const stage = loads?.find(({ toMs }) => atMs < toMs) ?? loads?.at(-1);
      if (stage) stage.iterations += count;
    },
    runStart: () => void (began = true),
    runEnd: ({ at }) => void (endedMs = Date.parse(at)),
  });
  await feedPoints(bytes, (chunk) => reader.push(chunk));
  // Without an end the record was cut off; nothing is known after its last request.
  return began && loads !== null ? (loads as CountedStage[]).map((stage) => asRun(stage, endedMs ?? lastMs, stages)) : null;
}

/** The saturation knee, from the stages of one run with a constant rate that were not cut short. */
export const saturationByStage = (stages: readonly StageLoad[]): Fact[] =>
  saturation(
    stages
      .filter(({ steady, cut }) => steady && !cut)
      .map(({ fromMs, toMs, offered, iterations, p99Ms }) => ({ offered, achieved: iterations / ((toMs - fromMs) / 1_000), p99Ms })),
  );

interface CountedStage {
  index: number;
  fromMs: number;
  toMs: number;
  iterations: number;
  requests: number;
  failed: number;
  histogram: LatencyHistogram;
}

function planned(stages: readonly LoadStage[], startMs: number): CountedStage[] {
  let atMs = startMs;
  return stages.map(({ seconds }, index) => {
    const fromMs = atMs;
    atMs += seconds * 1_000;
    return { index, fromMs, toMs: atMs, iterations: 0, requests: 0, failed: 0, histogram: new LatencyHistogram() };
  });
}

/** A stage up to the end of the run. */
function asRun(
  { index, fromMs, toMs: plannedToMs, iterations, requests, failed, histogram }: CountedStage,
  endMs: number,
  stages: readonly LoadStage[],
): StageLoad {
  const toMs = Math.max(fromMs, Math.min(plannedToMs, endMs));
  const secondsBefore = stages.slice(0, index).reduce((sum, { seconds }) => sum + seconds, 0);
  const seconds = (toMs - fromMs) / 1_000;
  const { ratePerSecond, seconds: plannedSeconds } = stages[index] as LoadStage;
  return {
    fromMs,
    toMs,
    plannedSeconds,
    cut: toMs < plannedToMs,
    offered: seconds === 0 ? 0 : (offeredIterations(stages, secondsBefore + seconds) - offeredIterations(stages, secondsBefore)) / seconds,
    steady: plannedSeconds > 0 && (stages[index - 1]?.ratePerSecond ?? 0) === ratePerSecond,
    iterations,
    requests,
    failed,
    p99Ms: histogram.count === 0 ? null : histogram.atMostMs(nearestRank(histogram.count, 0.99)),
  };
}

const NAMES: readonly (readonly [name: string, unit: string])[] = [
  ['stage', ''],
  ['offered', 'iterations/s'],
  ['achieved', 'iterations/s'],
  ['p99', 'ms'],
  ['errors', '%'],
  ['goroutines, mean per pod', ''],
  ['goroutines, max per pod', ''],
  ['GC pause p99', 'ms'],
  ['pauses over 5 ms', ''],
  ['GC CPU', '%'],
  ['assist CPU', '%'],
  ['scheduler latency p99', 'ms'],
  ['heap, max per pod', 'MiB'],
  ['GC memory, max per pod', 'MiB'],
];

/** One row per stage. A value that was not measured is null; the notes explain why. */
export function runtimeTable(loads: readonly StageLoad[], samples: readonly RuntimeSample[]): Table {
  const notes: string[] = [];
  if (loads.some(({ fromMs, toMs }) => toMs - fromMs < STEADY_SECONDS * 1_000))
    notes.push(`stages shorter than ${duration(1_000 * STEADY_SECONDS)} are not steady: their values only show a trend`);
  if (loads.some(({ cut }) => cut)) notes.push('the run ended before its last stages: their values cover the time that ran');
  const pods = [...samplesByPod(samples).values()].map((own): Pod => {
    const read = own.filter(({ unread }) => unread === null);
    return { read, ...pausesOf(read) };
  });
  const lost = pods.reduce((sum, pod) => sum + pod.lost, 0);
  if (lost > 0) notes.push(`${lost} GC pauses were lost between two samples; shorten the sample interval`);
  return {
    title: 'Runtime by load stage',
    columns: NAMES.map(([name, unit]) => ({ name, unit })),
    rows: loads.map((load, index) => row(load, index, pods)),
    notes,
  };
}

interface Pod extends ReturnType<typeof pausesOf> {
  read: readonly RuntimeSample[];
}

function row(load: StageLoad, index: number, pods: readonly Pod[]): Table['rows'][number] {
  const { fromMs, toMs, plannedSeconds, cut, offered, iterations, requests, failed, p99Ms } = load;
  const seconds = (toMs - fromMs) / 1_000;
  const within = (ms: number): boolean => ms >= fromMs && ms < toMs;
  const own = pods.flatMap(({ read }) => read.filter(({ at }) => within(Date.parse(at))));
  const goroutines = own.flatMap(({ goroutines: count }) => count ?? []);
  const pauses = Float64Array.from(pods.flatMap((pod) => pod.pauses.filter(({ endMs }) => within(endMs)).map(({ ms }) => ms))).sort();
  // Without a page that reports pauses their number is unknown, not 0.
  const pausesReported = own.some((sample) => sample.pauses !== null);
  const spanning = pods.flatMap(({ read }) => fromBefore(read, fromMs, toMs));
  const runtime = runtimeByPod(spanning);
  const cpu = runtime.reduce((sum, { totalCpuSeconds }) => sum + totalCpuSeconds, 0);
  const share = (value: number | null): number | null => (cpu <= 0 || value === null ? null : rounded((100 * value) / cpu));
  return [
    `${index + 1}: ${cut ? `${duration(1_000 * seconds)} of ` : ''}${duration(1_000 * plannedSeconds)}`,
    rounded(offered),
    seconds === 0 ? null : rounded(iterations / seconds),
    p99Ms === null ? null : rounded(p99Ms),
    requests === 0 ? null : rounded((100 * failed) / requests),
    goroutines.length === 0 ? null : rounded(goroutines.reduce((sum, value) => sum + value, 0) / goroutines.length),
    goroutines.length === 0 ? null : Math.max(...goroutines),
    pauses.length === 0 ? null : rounded(pauses[nearestRank(pauses.length, 0.99) - 1] as number),
    pausesReported || pauses.length > 0 ? pauses.filter((pause) => pause > LONG_PAUSE_MS).length : null,
    share(runtime.reduce((sum, { gcCpuSeconds }) => sum + gcCpuSeconds, 0)),
    share(assistGrowth(spanning)),
    schedulerP99(spanning),
    maxMebibytes(own.map(({ heapBytes }) => heapBytes)),
    maxMebibytes(own.map(({ gcSysBytes }) => gcSysBytes ?? null)),
  ];
}

/** The samples of one pod within a stage and the last one before it, so that counter growth covers the whole stage. */
function fromBefore(read: readonly RuntimeSample[], fromMs: number, toMs: number): RuntimeSample[] {
  const first = read.findIndex(({ at }) => Date.parse(at) >= fromMs);
  const inside = first === -1 ? [] : read.slice(first).filter(({ at }) => Date.parse(at) < toMs);
  return inside.length === 0 ? [] : [...read.slice(Math.max(0, first - 1), first), ...inside];
}

/** Seconds in which goroutines assisted the GC, over all pods; null where not exported. */
function assistGrowth(samples: readonly RuntimeSample[]): number | null {
  const pods = [...samplesByPod(samples).values()].flatMap((own) => grown(own.map(({ gcAssistCpuSeconds }) => gcAssistCpuSeconds)) ?? []);
  return pods.length === 0 ? null : pods.reduce((sum, value) => sum + value, 0);
}

const MEBI = 1_024 ** 2;
function maxMebibytes(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : rounded(Math.max(...known) / MEBI);
}
