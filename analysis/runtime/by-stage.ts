// The runtime table: what was offered and achieved in each stage of the load, and what the Go runtime did meanwhile.
import type { Table } from '../analysis.ts';
import { LatencyHistogram } from '../load-test/latency.ts';
import { LoadLineReader } from '../load-test/lines.ts';
import type { LoadStage } from '../load-test/plan.ts';
import type { RunStart } from '../load-test/run-record.ts';
import { feedPoints } from '../load-test/summary.ts';
import { nearestRank } from '../statistics/index.ts';
import { runtimeByPod } from './summary.ts';
import type { RuntimeSample } from './sample.ts';

export interface StageLoad {
  fromMs: number;
  toMs: number;
  /** Mean of the stage, iterations/s. */
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

/** Reads the points once and counts them by stage. Null where the record does not say when it began, or what was planned. */
export async function loadByStage(bytes: AsyncIterable<Uint8Array>, stages: readonly LoadStage[]): Promise<StageLoad[] | null> {
  let start: RunStart | null = null;
  const loads: (StageLoad & { histogram: LatencyHistogram })[] = [];
  const begin = (record: RunStart): void => {
    start ??= record;
    let at = Date.parse(record.startedAt);
    let before = 0;
    for (const { seconds, ratePerSecond } of stages) {
      const fromMs = at;
      at += seconds * 1_000;
      loads.push({
        fromMs,
        toMs: at,
        offered: (before + ratePerSecond) / 2,
        iterations: 0,
        steady: before === ratePerSecond,
        requests: 0,
        failed: 0,
        p99Ms: null,
        histogram: new LatencyHistogram(),
      });
      before = ratePerSecond;
    }
  };
  const reader = new LoadLineReader({
    ...LoadLineReader.ignoringAll,
    request({ atMs, durationMs, failed }) {
      // By the moment a request began: its stage offered it.
      const began = atMs - durationMs;
      const stage = loads.find(({ toMs }) => began < toMs) ?? loads.at(-1);
      if (!stage) return;
      stage.requests += 1;
      if (failed) stage.failed += 1;
      stage.histogram.record(durationMs);
    },
    iterations(count, atMs) {
      const stage = loads.find(({ toMs }) => atMs < toMs) ?? loads.at(-1);
      if (stage) stage.iterations += count;
    },
    runStart: begin,
  });
  await feedPoints(bytes, (chunk) => reader.push(chunk));
  if (start === null) return null;
  return loads.map(({ histogram, ...stage }) => ({
    ...stage,
    p99Ms: histogram.count === 0 ? null : histogram.atMostMs(nearestRank(histogram.count, 0.99)),
  }));
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
  const lost = runtimeByPod(samples).reduce((sum, { pausesLost }) => sum + pausesLost, 0);
  if (lost > 0) notes.push(`${lost} GC pauses were lost between two looks; look more often`);
  return {
    title: 'Runtime by stage of the load',
    columns: NAMES.map(([name, unit]) => ({ name, unit })),
    rows: loads.map((load, index) => row(load, index, samples)),
    notes,
  };
}

function row(load: StageLoad, index: number, samples: readonly RuntimeSample[]): Table['rows'][number] {
  const { fromMs, toMs, offered, iterations, requests, failed, p99Ms } = load;
  const seconds = (toMs - fromMs) / 1_000;
  const own = samples.filter(({ at, unread }) => unread === null && Date.parse(at) >= fromMs && Date.parse(at) < toMs);
  const pods = runtimeByPod(own);
  const goroutines = own.flatMap(({ goroutines: seen }) => seen ?? []);
  const pauses = Float64Array.from(pods.flatMap(({ pausesMs }) => pausesMs)).sort();
  const cpu = pods.reduce((sum, { totalCpuSeconds }) => sum + totalCpuSeconds, 0);
  const share = (value: number | null): number | null => (cpu <= 0 || value === null ? null : round((100 * value) / cpu));
  return [
    `${index + 1}: ${round(seconds)} s`,
    round(offered),
    round(iterations / seconds),
    p99Ms === null ? null : round(p99Ms),
    requests === 0 ? null : round((100 * failed) / requests),
    goroutines.length === 0 ? null : round(goroutines.reduce((sum, value) => sum + value, 0) / goroutines.length),
    goroutines.length === 0 ? null : Math.max(...goroutines),
    pauses.length === 0 ? null : round(pauses[nearestRank(pauses.length, 0.99) - 1] as number),
    pauses.length === 0 ? null : pauses.filter((pause) => pause > LONG_PAUSE_MS).length,
    share(pods.reduce((sum, { gcCpuSeconds }) => sum + gcCpuSeconds, 0)),
    share(growthOf(own, ({ gcAssistCpuSeconds }) => gcAssistCpuSeconds ?? null)),
    schedulerP99(own),
    most(own.map(({ heapBytes }) => heapBytes)),
    most(own.map(({ gcSysBytes }) => gcSysBytes ?? null)),
  ];
}

/** Growth of a counter over all pods; null where nobody tells it. */
function growthOf(samples: readonly RuntimeSample[], read: (sample: RuntimeSample) => number | null): number | null {
  const pods = new Map<string, number[]>();
  for (const sample of samples) {
    const value = read(sample);
    if (value !== null) pods.set(sample.pod, [...(pods.get(sample.pod) ?? []), value]);
  }
  if (pods.size === 0) return null;
  return [...pods.values()].reduce((sum, values) => sum + Math.max(0, (values.at(-1) as number) - (values[0] as number)), 0);
}

/** Of 100 waits for a processor the 99th took at most this, in ms; the cells of Go's metric are powers of ten. Null where it is not told. */
export function schedulerP99(samples: readonly RuntimeSample[]): number | null {
  const cells = new Map<number, number>();
  for (const pod of new Set(samples.map((sample) => sample.pod))) {
    const own = samples.filter((sample) => sample.pod === pod && sample.schedulerWaits);
    const [first, last] = [own[0]?.schedulerWaits, own.at(-1)?.schedulerWaits];
    if (!first || !last || own.length < 2) continue;
    last.forEach(([bound, count], i) => {
      const grown = count - (first[i]?.[1] ?? 0);
      const key = bound ?? Infinity;
      cells.set(key, (cells.get(key) ?? 0) + Math.max(0, grown));
    });
  }
  const sorted = [...cells].sort(([a], [b]) => a - b);
  const all = sorted.at(-1)?.[1] ?? 0;
  const bound = sorted.find(([, count]) => count >= 0.99 * all)?.[0];
  if (all === 0 || bound === undefined) return null;
  // Past the last cell with an end, at least that end is known.
  return round((Number.isFinite(bound) ? bound : (sorted.at(-2)?.[0] ?? 0)) * 1_000);
}

const MEGA = 1_000_000;
function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : round(Math.max(...known) / MEGA);
}

const round = (value: number): number => Number(value.toPrecision(3));
