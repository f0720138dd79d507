// Clocks of two machines disagree. A server's span that does not fit into the call it answers is shifted as Jaeger does: into the middle of
// the client's span, for the way there and the way back are taken to last equally long.
import { NO_PARENT, type Spans } from './spans.ts';

export interface Unskewed {
  /** Copies, as the clocks of the clients would have told them. */
  startUs: Float64Array;
  endUs: Float64Array;
  /** Servers' spans that were shifted, each with all below it that the same machine told. */
  shifted: number;
}

/** Shifts what is skewed and leaves everything else as it is. Spans that are their own ancestors stay too; whoever walks them says so. */
export function withoutSkew(spans: Spans): Unskewed {
  const startUs = Float64Array.from(spans.startUs);
  const endUs = Float64Array.from(spans.endUs);
  const found: Unskewed = { startUs, endUs, shifted: 0 };
  if (!spans.kind.includes(SERVER)) return found;
  const { count, parent } = spans;
  const byUs = new Float64Array(count).fill(Number.NaN);
  const way: number[] = [];
  for (let span = 0; span < count; span += 1) {
    // Up to what is known already, then down again: a parent is shifted before its children.
    for (let at = span; at >= 0 && Number.isNaN(byUs[at] as number) && way.length <= count; at = parent[at] as number) way.push(at);
    if (way.length > count) return { startUs: Float64Array.from(spans.startUs), endUs: Float64Array.from(spans.endUs), shifted: 0 };
    for (let at = way.pop(); at !== undefined; at = way.pop()) {
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
  // A consumer has a clock of its own, and nobody waits for it.
  if (caller <= NO_PARENT || asynchronous[span]) return 0;
  if (kind[span] !== SERVER || kind[caller] !== CLIENT) return byUs[caller] as number;
  const [start, end] = [spans.startUs[span] as number, spans.endUs[span] as number];
  const [from, to] = [found.startUs[caller] as number, found.endUs[caller] as number];
  if (start >= from && end <= to) return 0;
  // The client gave up and the server worked on: that is no matter of clocks.
  if (failed[caller] && start >= from && start <= to) return 0;
  const spare = to - from - (end - start);
  if (spare < 0 && start >= from && start <= to) return 0;
  found.shifted += 1;
  return from + Math.max(0, spare) / 2 - start;
}
