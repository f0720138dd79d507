// The runtime table: what was offered and achieved in each stage of the load, and what the Go runtime did meanwhile.
import type { Fact } from '../../verdict/finding.ts';
import type { Table } from '../analysis.ts';
import { LatencyHistogram } from '../load-test/latency.ts';
import { LoadLineReader } from '../load-test/lines.ts';
import { offeredIterations, type LoadStage } from '../load-test/plan.ts';
import { saturation } from '../load-test/saturation.ts';
import { feedPoints } from '../load-test/summary.ts';
import { nearestRank } from '../statistics/index.ts';
import { grown, looksByPod, pausesOf } from './pods.ts';
import type { RuntimeSample } from './sample.ts';
import { schedulerP99 } from './scheduler-waits.ts';
import { runtimeByPod } from './summary.ts';

export interface StageLoad {
  fromMs: number;
  /** Where the stage ended, or the run before it. */
  toMs: number;
  /** Asked for; the run may have been ended before. */
  plannedSeconds: number;
  /** The run ended before the stage did: too little of it to hold against others. */
  cut: boolean;
  /** Mean of the time it had, iterations/s. */
  offered: number;
  /** Those that ended in the stage; what was offered is counted in iterations. */
  iterations: number;
  /** One rate from its first second to its last. */
  steady: boolean;
  requests: number;
  failed: number;
  /** Nearest rank over all endpoints; null without requests. */
  p99Ms: number | null;
}

/** Steadier figures need half a minute; what is read from less says so. */
const STEADY_SECONDS = 30;
/** A pause of the collector that a limit of some hundred milliseconds would notice. */
const LONG_PAUSE_MS = 5;

/**
 * Reads the points once and counts them by stage. The first stage begins with the first request: k6 needs seconds to start. Null where the
 * record does not say that it began, or has no request.
 */
export async function loadByStage(bytes: AsyncIterable<Uint8Array>, stages: readonly LoadStage[]): Promise<StageLoad[] | null> {
  let began = false;
  let endedMs: number | null = null;
  let lastMs = -Infinity;
  let loads: CountedStage[] | null = null;
  const reader = new LoadLineReader({
    ...LoadLineReader.ignoringAll,
    request({ atMs, durationMs, failed }) {
      // By the moment a request began: its stage offered it.
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
  // Without an end the record was cut off: after its last request nothing is known.
  return began && loads !== null ? (loads as CountedStage[]).map((stage) => asRun(stage, endedMs ?? lastMs, stages)) : null;
}

/** Where more load stopped paying off, by the stages of one run that held their load and were not cut short. */
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
  ['goroutines, most of a pod', ''],
  ['GC pause p99', 'ms'],
  ['pauses over 5 ms', ''],
  ['GC CPU', '%'],
  ['assist CPU', '%'],
  ['wait to run p99', 'ms'],
  ['heap, most of a pod', 'MB'],
  ['GC memory, most of a pod', 'MB'],
];

/** One row per stage. What was not measured is null; the notes say what to make of it. */
export function runtimeTable(loads: readonly StageLoad[], samples: readonly RuntimeSample[]): Table {
  const notes: string[] = [];
  if (loads.some(({ fromMs, toMs }) => toMs - fromMs < STEADY_SECONDS * 1_000))
    notes.push(`stages shorter than ${STEADY_SECONDS} s are not steady: read them as a trend`);
  if (loads.some(({ cut }) => cut)) notes.push('the run ended before its last stages did: they are told by the time they had');
  const pods = [...looksByPod(samples).values()].map((looks): Pod => {
    const read = looks.filter(({ unread }) => unread === null);
    return { read, ...pausesOf(read) };
  });
  const lost = pods.reduce((sum, pod) => sum + pod.lost, 0);
  if (lost > 0) notes.push(`${lost} GC pauses were lost between two looks; look more often`);
  return {
    title: 'Runtime by stage of the load',
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
  const goroutines = own.flatMap(({ goroutines: seen }) => seen ?? []);
  const pauses = Float64Array.from(pods.flatMap((pod) => pod.pauses.filter(({ endMs }) => within(endMs)).map(({ ms }) => ms))).sort();
  // Where no page told pauses, none of them would have been seen: not known, not 0.
  const pausesTold = own.some((sample) => sample.pauses !== null);
  const spanning = pods.flatMap(({ read }) => fromBefore(read, fromMs, toMs));
  const runtime = runtimeByPod(spanning);
  const cpu = runtime.reduce((sum, { totalCpuSeconds }) => sum + totalCpuSeconds, 0);
  const share = (value: number | null): number | null => (cpu <= 0 || value === null ? null : round((100 * value) / cpu));
  return [
    `${index + 1}: ${cut ? `${round(seconds)} of ${plannedSeconds} s` : `${round(plannedSeconds)} s`}`,
    round(offered),
    seconds === 0 ? null : round(iterations / seconds),
    p99Ms === null ? null : round(p99Ms),
    requests === 0 ? null : round((100 * failed) / requests),
    goroutines.length === 0 ? null : round(goroutines.reduce((sum, value) => sum + value, 0) / goroutines.length),
    goroutines.length === 0 ? null : Math.max(...goroutines),
    pauses.length === 0 ? null : round(pauses[nearestRank(pauses.length, 0.99) - 1] as number),
    pausesTold || pauses.length > 0 ? pauses.filter((pause) => pause > LONG_PAUSE_MS).length : null,
    share(runtime.reduce((sum, { gcCpuSeconds }) => sum + gcCpuSeconds, 0)),
    share(assistGrowth(spanning)),
    schedulerP99(spanning),
    most(own.map(({ heapBytes }) => heapBytes)),
    most(own.map(({ gcSysBytes }) => gcSysBytes ?? null)),
  ];
}

/** The looks of one pod within a stage, and the last one before it: what a counter grew between the two is the stage's. */
function fromBefore(read: readonly RuntimeSample[], fromMs: number, toMs: number): RuntimeSample[] {
  const first = read.findIndex(({ at }) => Date.parse(at) >= fromMs);
  const inside = first === -1 ? [] : read.slice(first).filter(({ at }) => Date.parse(at) < toMs);
  return inside.length === 0 ? [] : [...read.slice(Math.max(0, first - 1), first), ...inside];
}

/** Seconds in which goroutines helped the collector, over all pods; null where nobody tells it. */
function assistGrowth(samples: readonly RuntimeSample[]): number | null {
  const pods = [...looksByPod(samples).values()].flatMap((looks) => grown(looks.map(({ gcAssistCpuSeconds }) => gcAssistCpuSeconds)) ?? []);
  return pods.length === 0 ? null : pods.reduce((sum, value) => sum + value, 0);
}

const MEGA = 1_000_000;
function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : round(Math.max(...known) / MEGA);
}

const round = (value: number): number => Number(value.toPrecision(3));
