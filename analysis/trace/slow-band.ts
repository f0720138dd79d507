// Where slow requests spend their time: exclusive time on the critical path, over the slowest band of traces.
import { CATEGORIES, type Category, type Spans } from './spans.ts';
import { criticalPaths } from './critical-path.ts';
import { OUTSIDE, waitedOn } from './waited-on.ts';

export interface OperationTime {
  /** `[go-api] redis pipeline`. */
  operation: string;
  category: Category;
  /** From the service's point of view: another service's time belongs to the call to it. Null outside of the service's calls. */
  waitsOn: Category | null;
  /** Share of the band's whole time, 0-1. */
  share: number;
  /** Mean exclusive time in a trace of the band. */
  meanMs: number;
  /** Mean time without a child, on or off the critical path, in a trace of the band. */
  selfMs: number;
}

export interface SlowBand {
  traces: number;
  /** Traces in the band. */
  slow: number;
  /** Shortest and longest root of the band. */
  fromMs: number;
  toMs: number;
  /** Largest first. */
  operations: OperationTime[];
  /** Failed spans of all traces by operation and status, most first. */
  failures: { operation: string; status: string; count: number }[];
  orphans: number;
  /** Children cut to their parents' time: clock skew, or work after the answer. */
  cut: number;
}

/** The slowest 5 %, without the slowest 1 % where enough remain: one outlier is not a band. */
const BAND_FROM = 0.95;
const BAND_TO = 0.99;
const MIN_TRACES = 20;
const FAILURES_SHOWN = 10;
/** Waits per operation: one for each category, and outside. */
const LANES = CATEGORIES.length + 1;

/** One operation over the band, with one category of waits. */
interface Summed {
  operation: number;
  category: number;
  waitsOn: number;
  us: number;
  selfUs: number;
  onPath: boolean;
}

export interface BandOptions {
  /** Minimum number of traces; 20 by default. */
  minTraces?: number;
  /** The service whose waits are wanted; without it every span counts by its own category. */
  service?: string;
}

/** Null with too few traces that have a root. Throws UnreadableEvidence on contradictory spans. */
export function slowBand(spans: Spans, { minTraces = MIN_TRACES, service }: BandOptions = {}): SlowBand | null {
  const paths = criticalPaths(spans);
  const rootUs = new Map<number, number>();
  for (const root of paths.roots) {
    const trace = spans.trace[root] as number;
    const durationUs = (spans.endUs[root] as number) - (spans.startUs[root] as number);
    rootUs.set(trace, Math.max(rootUs.get(trace) ?? 0, durationUs));
  }
  if (rootUs.size < minTraces) return null;
  const sorted = [...rootUs].sort(([a, x], [b, y]) => x - y || a - b);
  const whole = sorted.length < MIN_TRACES;
  const from = whole ? 0 : Math.floor(sorted.length * BAND_FROM);
  const to = whole ? sorted.length : Math.max(from + 1, Math.ceil(sorted.length * BAND_TO));
  const band = new Map(sorted.slice(from, to));
  const waits = service === undefined ? spans.category : waitedOn(spans, service);
  const byOperation = new Map<number, Summed>();
  let allUs = 0;
  for (let span = 0; span < spans.count; span += 1) {
    if (!band.has(spans.trace[span] as number)) continue;
    const operation = spans.operation[span] as number;
    const waitsOn = waits[span] as number;
    const key = operation * LANES + waitsOn - OUTSIDE;
    const summed = byOperation.get(key) ?? {
      operation,
      category: spans.category[span] as number,
      waitsOn,
      us: 0,
      selfUs: 0,
      onPath: false,
    };
    byOperation.set(key, summed);
    summed.selfUs += paths.selfUs[span] as number;
    const own = paths.exclusiveUs[span] as number;
    if (Number.isNaN(own)) continue;
    allUs += own;
    summed.us += own;
    summed.onPath = true;
  }
  const durations = [...band.values()];
  return {
    traces: rootUs.size,
    slow: band.size,
    fromMs: Math.min(...durations) / 1_000,
    toMs: Math.max(...durations) / 1_000,
    operations: [...byOperation.values()]
      .filter(({ onPath }) => onPath)
      .map(({ operation, category, waitsOn, us, selfUs }) => ({
        operation: spans.operations[operation] as string,
        category: CATEGORIES[category] as Category,
        waitsOn: CATEGORIES[waitsOn] ?? null,
        share: allUs === 0 ? 0 : us / allUs,
        meanMs: us / 1_000 / band.size,
        selfMs: selfUs / 1_000 / band.size,
      }))
      .sort((a, b) => b.share - a.share || (a.operation < b.operation ? -1 : 1)),
    failures: failuresOf(spans),
    orphans: paths.orphans,
    cut: paths.cut,
  };
}

function failuresOf(spans: Spans): SlowBand['failures'] {
  const counts = new Map<string, { operation: string; status: string; count: number }>();
  for (let span = 0; span < spans.count; span += 1) {
    if (spans.failed[span] !== 1) continue;
    const operation = spans.operations[spans.operation[span] as number] as string;
    const status = spans.status[span] as string;
    const key = `${operation}\n${status}`;
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { operation, status, count: 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.operation < b.operation ? -1 : 1)).slice(0, FAILURES_SHOWN);
}
