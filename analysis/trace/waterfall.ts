// One slow trace, span by span, for a picture.
import { criticalPaths } from './critical-path.ts';
import { withoutSkew } from './skew.ts';
import { CATEGORIES, type Category, type Spans } from './spans.ts';

export interface WaterfallRow {
  operation: string;
  category: Category;
  /** 0 for the root. */
  depth: number;
  /** Since the start of the root. */
  startMs: number;
  durationMs: number;
  /** Time that no child on the critical path explains; null for spans off the path. */
  exclusiveMs: number | null;
  /** Time without a child that it waits for. */
  selfMs: number;
  failed: boolean;
  /** Nothing waits for it. */
  asynchronous: boolean;
}

export interface Waterfall {
  traceId: string;
  totalMs: number;
  rows: WaterfallRow[];
  /** Spans left out beyond MAX_ROWS. */
  leftOut: number;
}

const MAX_ROWS = 200;
/** The middle of the slow band: neither an outlier nor barely slow. */
const QUANTILE = 0.97;

/** The trace at the 97th percentile of duration. Null without a root. Throws UnreadableEvidence on contradictory spans. */
export function slowTrace(spans: Spans): Waterfall | null {
  const { exclusiveUs, selfUs, roots } = criticalPaths(spans);
  const { startUs, endUs } = withoutSkew(spans);
  const durationUs = (span: number): number => (endUs[span] as number) - (startUs[span] as number);
  const sorted = [...roots].sort((a, b) => durationUs(a) - durationUs(b) || a - b);
  const root = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * QUANTILE))];
  if (root === undefined) return null;
  const children = new Map<number, number[]>();
  for (let span = 0; span < spans.count; span += 1) {
    const parent = spans.parent[span] as number;
    if (spans.trace[span] === spans.trace[root] && parent >= 0) children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows: WaterfallRow[] = [];
  const rootStartUs = startUs[root] as number;
  let leftOut = 0;
  const visit = (span: number, depth: number): void => {
    if (rows.length >= MAX_ROWS) leftOut += 1;
    else {
      const own = exclusiveUs[span] as number;
      rows.push({
        operation: spans.operations[spans.operation[span] as number] as string,
        category: CATEGORIES[spans.category[span] as number] as Category,
        depth,
        startMs: ((startUs[span] as number) - rootStartUs) / 1_000,
        durationMs: durationUs(span) / 1_000,
        exclusiveMs: Number.isNaN(own) ? null : own / 1_000,
        selfMs: (selfUs[span] as number) / 1_000,
        failed: spans.failed[span] === 1,
        asynchronous: spans.asynchronous[span] === 1,
      });
    }
    for (const child of (children.get(span) ?? []).sort((a, b) => (startUs[a] as number) - (startUs[b] as number) || a - b))
      visit(child, depth + 1);
  };
  visit(root, 0);
  return { traceId: spans.traceIds[spans.trace[root] as number] as string, totalMs: durationUs(root) / 1_000, rows, leftOut };
}
