// Corrects clock skew between machines. A server span that does not fit into the call it answers is moved to the middle of the client span,
// as Jaeger does: request and response are assumed to take equally long.
import { NO_PARENT, type Spans } from './spans.ts';

export interface Unskewed {
  /** Corrected copies. */
  startUs: Float64Array;
  endUs: Float64Array;
  /** Server spans that were moved, each with all spans below it from the same machine. */
  shifted: number;
}

/** Moves skewed spans only. Spans that are their own ancestors stay; the critical path refuses them. */
export function withoutSkew(spans: Spans): Unskewed {
  const startUs = Float64Array.from(spans.startUs);
  const endUs = Float64Array.from(spans.endUs);
  const found: Unskewed = { startUs, endUs, shifted: 0 };
  if (!spans.kind.includes(SERVER)) return found;
  const { count, parent } = spans;
  const byUs = new Float64Array(count).fill(Number.NaN);
  const path: number[] = [];
  for (let span = 0; span < count; span += 1) {
    // Up to the first known span, then down again: a parent is moved before its children.
    for (let at = span; at >= 0 && Number.isNaN(byUs[at] as number) && path.length <= count; at = parent[at] as number) path.push(at);
    if (path.length > count) return { startUs: Float64Array.from(spans.startUs), endUs: Float64Array.from(spans.endUs), shifted: 0 };
    for (let at = path.pop(); at !== undefined; at = path.pop()) {
      const shift = shiftOf(spans, at, found, byUs);
      byUs[at] = shift;
      (startUs[at] as number) += shift;
      (endUs[at] as number) += shift;
    }
  }
  return found;
}

const [CLIENT, SERVER] = [1, 2];

function shiftOf(spans: Spans, span: number, found: Unskewed, byUs: Float64Array): number {
  const { parent, kind, failed, asynchronous } = spans;
  const caller = parent[span] as number;
  // A consumer has its own clock, and nothing waits for it.
  if (caller <= NO_PARENT || asynchronous[span]) return 0;
  if (kind[span] !== SERVER || kind[caller] !== CLIENT) return byUs[caller] as number;
  const [start, end] = [spans.startUs[span] as number, spans.endUs[span] as number];
  const [from, to] = [found.startUs[caller] as number, found.endUs[caller] as number];
  if (start >= from && end <= to) return 0;
  // The client timed out and the server worked on: not clock skew.
  if (failed[caller] && start >= from && start <= to) return 0;
  const spare = to - from - (end - start);
  if (spare < 0 && start >= from && start <= to) return 0;
  found.shifted += 1;
  return from + Math.max(0, spare) / 2 - start;
}
