// Which runtime values rise and fall with the latency while the load is constant. Messages state "correlates", never "causes".
import type { Table } from '../analysis.ts';
import { duration, number, rounded } from '../../verdict/wording/index.ts';
import type { LoadStage } from '../load-test/plan.ts';
import type { LoadWindows } from '../load-test/windows.ts';
import { correlate, MIN_WINDOWS } from '../statistics/correlation.ts';
import { pausesOf, samplesByPod, takenByGc } from './pods.ts';
import type { RuntimeSample } from './sample.ts';

/** Shorter windows have one or two runtime samples: too few. */
const MIN_SECONDS = 5;
/** Weaker than this may be chance. */
const CHANCE = 0.01;
const LONG_PAUSE_MS = 5;

interface Window {
  fromMs: number;
  toMs: number;
}

/** One row per pair of runtime and load values. Null where no stage was held long enough, or windows are too short. */
export function correlationTable(
  windows: LoadWindows,
  stages: readonly LoadStage[],
  samples: readonly RuntimeSample[],
): { table: Table; sentences: string[] } | null {
  if (windows.widthSeconds < MIN_SECONDS) return null;
  const steady = longestSteady(stages);
  const inside = withoutGaps(windows).filter(({ second }) => second >= steady.from && second + windows.widthSeconds <= steady.to);
  if (inside.length < MIN_WINDOWS) return null;
  const spans = inside.map(({ second }): Window => {
    const fromMs = windows.startMs + second * 1_000;
    return { fromMs, toMs: fromMs + windows.widthSeconds * 1_000 };
  });
  const load: [string, (number | null)[]][] = [
    ['p99', inside.map(({ p99Ms }) => p99Ms)],
    ['requests achieved', inside.map(({ requests }) => requests)],
  ];
  const rows: Table['rows'] = [];
  const sentences: string[] = [];
  for (const [name, read] of FIGURES) {
    const figures = read(samples, spans);
    for (const [against, values] of load) {
      const found = correlate(...longestKnown(figures, values));
      rows.push([name, against, found && rounded(found.rho), found && found.lag * windows.widthSeconds, found && rounded(found.p)]);
      if (!found || found.p >= CHANCE) continue;
      const lag = duration(1_000 * found.lag * windows.widthSeconds);
      sentences.push(`${against} correlates with ${name}: rho ${number(found.rho)}, ${lag} later, p ${number(found.p)}`);
    }
  }
  return {
    table: {
      title: 'Correlation of runtime and load',
      columns: [
        { name: 'runtime', unit: '' },
        { name: 'load', unit: '' },
        { name: 'rho', unit: '' },
        { name: 'lag', unit: 's' },
        { name: 'p', unit: '' },
      ],
      rows,
      notes: [
        `${inside.length} windows of ${duration(1_000 * windows.widthSeconds)} at a constant offered rate; ` +
          `Spearman's rho; p by permutation, below ${CHANCE} significant`,
        'correlation is not causation: run again with another GOGC to test it',
      ],
    },
    sentences,
  };
}

/** Every window between the first and the last. A window without requests has 0 achieved and no p99. */
function withoutGaps({ all, widthSeconds }: LoadWindows): { second: number; requests: number; p99Ms: number | null }[] {
  return all.flatMap((window, i) => {
    const missing = i === 0 ? 0 : Math.round((window.second - (all[i - 1] as typeof window).second) / widthSeconds) - 1;
    const stalled = Array.from({ length: missing }, (_, n) => ({
      second: window.second - (missing - n) * widthSeconds,
      requests: 0,
      p99Ms: null,
    }));
    return [...stalled, window];
  });
}

/** The longest period at one offered rate, in seconds since the start. */
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

/** One value per window; null where a running pod was not read in it. */
type Series = (samples: readonly RuntimeSample[], spans: readonly Window[]) => (number | null)[];

const FIGURES: readonly (readonly [string, Series])[] = [
  ['goroutines', meanOf(({ goroutines }) => goroutines)],
  ['heap', meanOf(({ heapBytes }) => heapBytes)],
  ['GC CPU', growth(takenByGc)],
  ['GC pauses over 5 ms', longPauses],
];

/** The longest run of windows in which both are known: a lag of one or two windows needs consecutive windows. */
function longestKnown(first: readonly (number | null)[], second: readonly (number | null)[]): [first: number[], second: number[]] {
  let longest: [number[], number[]] = [[], []];
  let row: [number[], number[]] = [[], []];
  first.forEach((a, i) => {
    const b = second[i] ?? null;
    if (a === null || b === null) {
      row = [[], []];
      return;
    }
    row[0].push(a);
    row[1].push(b);
    if (row[0].length > longest[0].length) longest = row;
  });
  return longest;
}

/** The values of each pod, and the time it ran: from its first sample to its last, read or not. */
function valuesByPod(
  samples: readonly RuntimeSample[],
  read: (sample: RuntimeSample) => number | null,
): { fromMs: number; toMs: number; values: { at: number; value: number }[] }[] {
  return [...samplesByPod(samples).values()].map((own) => ({
    fromMs: Date.parse((own[0] as RuntimeSample).at),
    toMs: Date.parse((own.at(-1) as RuntimeSample).at),
    values: own.flatMap((sample) => {
      const value = sample.unread === null ? read(sample) : null;
      return value === null ? [] : [{ at: Date.parse(sample.at), value }];
    }),
  }));
}

/** Mean over all samples in each window. */
function meanOf(read: (sample: RuntimeSample) => number | null): Series {
  return (samples, spans) => {
    const pods = valuesByPod(samples, read);
    return spans.map((span) => {
      const there = pods.filter((pod) => isThere(pod, span));
      const found = there.map(({ values }) => values.filter(({ at }) => at >= span.fromMs && at < span.toMs).map(({ value }) => value));
      return there.length === 0 || found.some((values) => values.length === 0) ? null : mean(found.flat());
    });
  };
}

/** Counter growth over all pods in each window, from the last sample before its start to the last one in it. */
function growth(read: (sample: RuntimeSample) => number | null): Series {
  return (samples, spans) => {
    const pods = valuesByPod(samples, read);
    return spans.map((span) => {
      const there = pods.filter((pod) => isThere(pod, span));
      const grew = there.map(({ values }) => {
        const last = values.findLast(({ at }) => at < span.toMs);
        const before = values.findLast(({ at }) => at < span.fromMs) ?? values[0];
        // A counter that fell belongs to a restarted process.
        return last === undefined || before === undefined || last.at < span.fromMs || last.value < before.value
          ? null
          : last.value - before.value;
      });
      return there.length === 0 || grew.some((value) => value === null) ? null : (grew as number[]).reduce((sum, value) => sum + value, 0);
    });
  };
}

/** Each pause once, though several samples show it. */
function longPauses(samples: readonly RuntimeSample[], spans: readonly Window[]): (number | null)[] {
  const ends = [...samplesByPod(samples).values()].flatMap((own) =>
    pausesOf(own.filter(({ unread }) => unread === null)).pauses.flatMap(({ endMs, ms }) => (ms > LONG_PAUSE_MS ? [endMs] : [])),
  );
  // A window counts where the pauses of every pod were read in it; a pause of its last seconds shows in the next sample.
  const known = meanOf(({ pauses }) => (pauses === null ? null : 1))(samples, spans);
  return spans.map(({ fromMs, toMs }, i) => (known[i] === null ? null : ends.filter((at) => at >= fromMs && at < toMs).length));
}

/** Running for the whole window. A pod that started or stopped within it is not expected to be read. */
const isThere = (pod: { fromMs: number; toMs: number }, { fromMs, toMs }: Window): boolean => pod.fromMs <= fromMs && pod.toMs >= toMs;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
