// What of the runtime rises and falls with the latency while the load is steady. It says "correlates", never "causes".
import type { Table } from '../analysis.ts';
import type { LoadStage } from '../load-test/plan.ts';
import type { LoadWindows } from '../load-test/windows.ts';
import { correlate, LEAST_WINDOWS } from '../statistics/correlation.ts';
import type { RuntimeSample } from './sample.ts';

/** Shorter windows hold one or two samples of the runtime: too few to say anything. */
const LEAST_SECONDS = 5;
/** Weaker than this may be chance. */
const CHANCE = 0.01;
const LONG_PAUSE_MS = 5;

interface Window {
  fromMs: number;
  toMs: number;
}

/** One row per figure of the runtime and of the load. Null where no stage was held long enough, or windows are too short. */
export function correlationTable(
  windows: LoadWindows,
  stages: readonly LoadStage[],
  samples: readonly RuntimeSample[],
): { table: Table; sentences: string[] } | null {
  if (windows.widthSeconds < LEAST_SECONDS) return null;
  const steady = longestSteady(stages);
  const inside = windows.all.filter(({ second }) => second >= steady.from && second + windows.widthSeconds <= steady.to);
  if (inside.length < LEAST_WINDOWS) return null;
  const spans = inside.map(({ second }): Window => {
    const fromMs = windows.startMs + second * 1_000;
    return { fromMs, toMs: fromMs + windows.widthSeconds * 1_000 };
  });
  const load: [string, number[]][] = [
    ['p99', inside.map(({ p99Ms }) => p99Ms)],
    ['requests achieved', inside.map(({ requests }) => requests)],
  ];
  const rows: Table['rows'] = [];
  const sentences: string[] = [];
  for (const [name, of] of FIGURES) {
    const series = of(samples, spans);
    for (const [against, values] of load) {
      const found = series === null ? null : correlate(series, values);
      rows.push([name, against, found && short(found.rho), found && found.lag * windows.widthSeconds, found && short(found.p)]);
      if (found && found.p < CHANCE)
        sentences.push(
          `${against} correlates with ${name}: rho ${short(found.rho)}, ${found.lag * windows.widthSeconds} s later, p ${short(found.p)}`,
        );
    }
  }
  return {
    table: {
      title: 'What rises and falls with the load',
      columns: [
        { name: 'runtime', unit: '' },
        { name: 'load', unit: '' },
        { name: 'rho', unit: '' },
        { name: 'later by', unit: 's' },
        { name: 'p', unit: '' },
      ],
      rows,
      notes: [
        `${inside.length} windows of ${windows.widthSeconds} s at one offered rate; Spearman's rho, by permutation; p < ${CHANCE} stands out`,
        'what correlates need not be the cause: run once more with another GOGC to see',
      ],
    },
    sentences,
  };
}

/** The longest stretch at one offered rate, seconds since the start. */
function longestSteady(stages: readonly LoadStage[]): { from: number; to: number } {
  let longest = { from: 0, to: 0 };
  let at = 0;
  let from = 0;
  let before = 0;
  for (const { seconds, ratePerSecond } of stages) {
    if (ratePerSecond !== before) from = at + (seconds === 0 ? 0 : seconds);
    at += seconds;
    before = ratePerSecond;
    if (at - from > longest.to - longest.from) longest = { from, to: at };
  }
  return longest;
}

type Series = (samples: readonly RuntimeSample[], spans: readonly Window[]) => number[] | null;

const FIGURES: readonly (readonly [string, Series])[] = [
  ['goroutines', meanOf(({ goroutines }) => goroutines)],
  ['heap', meanOf(({ heapBytes }) => heapBytes)],
  ['GC CPU', growth(({ gcCpuSeconds }) => gcCpuSeconds)],
  ['GC pauses over 5 ms', longPauses],
];

/** Mean over the pods' samples of each window; null when a window has none. */
function meanOf(read: (sample: RuntimeSample) => number | null): Series {
  return (samples, spans) =>
    allOf(
      spans.map(({ fromMs, toMs }) => {
        const seen = samples.flatMap((sample) => (within(sample, fromMs, toMs) ? (read(sample) ?? []) : []));
        return seen.length === 0 ? null : seen.reduce((sum, value) => sum + value, 0) / seen.length;
      }),
    );
}

/** Growth of a counter over all pods in each window, from the last sample before each of its ends. */
function growth(read: (sample: RuntimeSample) => number | null): Series {
  return (samples, spans) => {
    const pods = new Map<string, { at: number; value: number }[]>();
    for (const sample of samples) {
      const value = sample.unread === null ? read(sample) : null;
      if (value !== null) pods.set(sample.pod, [...(pods.get(sample.pod) ?? []), { at: Date.parse(sample.at), value }]);
    }
    if (pods.size === 0) return null;
    const upTo = (ms: number): number =>
      [...pods.values()].reduce((sum, own) => sum + (own.findLast(({ at }) => at <= ms) ?? own[0] ?? { value: 0 }).value, 0);
    return spans.map(({ fromMs, toMs }) => Math.max(0, upTo(toMs) - upTo(fromMs)));
  };
}

/** Each pause once, though several samples show it. */
function longPauses(samples: readonly RuntimeSample[], spans: readonly Window[]): number[] | null {
  const ends = new Map<string, number>();
  let told = false;
  for (const { pod, pauses } of samples) {
    if (!pauses) continue;
    told = true;
    for (const [end, ns] of pauses.recent) if (ns > LONG_PAUSE_MS * 1e6) ends.set(`${pod} ${end}`, Number(BigInt(end) / 1_000_000n));
  }
  if (!told) return null;
  return spans.map(({ fromMs, toMs }) => [...ends.values()].filter((at) => at >= fromMs && at < toMs).length);
}

const within = ({ at, unread }: RuntimeSample, fromMs: number, toMs: number): boolean =>
  unread === null && Date.parse(at) >= fromMs && Date.parse(at) < toMs;

const allOf = (values: readonly (number | null)[]): number[] | null =>
  values.every((value) => value !== null) ? (values as number[]) : null;

const short = (value: number): number => Number(value.toPrecision(3));
