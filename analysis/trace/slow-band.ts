// Where the slow requests spend their time: exclusive time on the critical path, over the slowest band of traces.
import { CATEGORIES, type Category, type Spans } from './spans.ts';
import { criticalPaths } from './critical-path.ts';

export interface OperationTime {
  /** `[go-api] redis pipeline`. */
  operation: string;
  category: Category;
  /** Of the band's whole time, 0-1. */
  share: number;
  /** Mean exclusive time in a trace of the band. */
  meanMs: number;
}

export interface SlowBand {
  traces: number;
  /** Traces in the band. */
  slow: number;
  /** Roots in the band last from this to that. */
  fromMs: number;
  toMs: number;
  /** Largest first. */
  operations: OperationTime[];
  /** Failed spans of all traces by operation and status, most first: by what the span says, or by its status and the side that tells it. */
  failures: { operation: string; status: string; count: number }[];
  orphans: number;
  /** Children that outlasted their parents: clocks that disagree, or work that goes on after the answer. */
  cut: number;
}

/** The slowest twentieth, less the slowest hundredth where that leaves enough: one freak is no band. */
const BAND_FROM = 0.95;
const BAND_TO = 0.99;
const LEAST_TRACES = 20;
const FAILURES_SHOWN = 10;

/** Null with fewer than 20 (or `least`) traces that have a root. Throws UnreadableEvidence where spans contradict each other. */
export function slowBand(spans: Spans, least = LEAST_TRACES): SlowBand | null {
  const paths = criticalPaths(spans);
  const rootUs = new Map<number, number>();
  for (const root of paths.roots) {
    const trace = spans.trace[root] as number;
    const lasts = (spans.endUs[root] as number) - (spans.startUs[root] as number);
    rootUs.set(trace, Math.max(rootUs.get(trace) ?? 0, lasts));
  }
  if (rootUs.size < least) return null;
  const sorted = [...rootUs].sort(([a, x], [b, y]) => x - y || a - b);
  const whole = sorted.length < LEAST_TRACES;
  const from = whole ? 0 : Math.floor(sorted.length * BAND_FROM);
  const to = whole ? sorted.length : Math.max(from + 1, Math.ceil(sorted.length * BAND_TO));
  const band = new Map(sorted.slice(from, to));
  const byOperation = new Map<number, { us: number; category: Category }>();
  let allUs = 0;
  for (let span = 0; span < spans.count; span += 1) {
    const own = paths.exclusiveUs[span] as number;
    if (Number.isNaN(own) || !band.has(spans.trace[span] as number)) continue;
    allUs += own;
    const operation = spans.operation[span] as number;
    const known = byOperation.get(operation);
    if (known) known.us += own;
    else byOperation.set(operation, { us: own, category: CATEGORIES[spans.category[span] as number] as Category });
  }
  const lengths = [...band.values()];
  return {
    traces: rootUs.size,
    slow: band.size,
    fromMs: Math.min(...lengths) / 1_000,
    toMs: Math.max(...lengths) / 1_000,
    operations: [...byOperation]
      .map(([operation, { us, category }]) => ({
        operation: spans.operations[operation] as string,
        category,
        share: allUs === 0 ? 0 : us / allUs,
        meanMs: us / 1_000 / band.size,
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
