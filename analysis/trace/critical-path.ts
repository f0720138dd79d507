// Which spans decide how long a request takes: the critical path of CRISP (Zhang et al., USENIX ATC 2022).
import { UnreadableEvidence } from '../analysis.ts';
import { withoutSkew } from './skew.ts';
import { NO_PARENT, ORPHAN, type Spans } from './spans.ts';

/** Clocks of two spans that touch may disagree by this share of their parent's length; the pair still counts as one after the other. */
const OVERLAP_ALLOWANCE = 0.01;

/** Children of span i: `children[start[i] .. start[i+1])`, the last to end first. */
interface Children {
  start: Int32Array;
  children: Int32Array;
}

export interface CriticalPaths {
  /** Microseconds of each span that no child on the path explains; NaN for spans off the path. */
  exclusiveUs: Float64Array;
  /** Microseconds of each span in no child that it waits for, on the path or off it: its length less the union of theirs. */
  selfUs: Float64Array;
  /** Roots, one or more per trace; orphans begin paths of their own and are not among them. */
  roots: Int32Array;
  orphans: number;
  /** Children that outlasted their parents and were cut to them, and those that lay outside altogether. */
  cut: number;
  outside: number;
  /** Servers' spans shifted into the calls they answer, by clocks that disagree. */
  shifted: number;
  /** Spans nobody waits for. */
  asynchronous: number;
}

/**
 * Walks every trace from its root, clocks set right: of the children of a span, the last to end is on the path, and before it whichever ended
 * before it started, and so on. Children that run on after their parent are cut to it, asynchronous ones are not waited for and left out.
 * Linear in the spans but for sorting siblings. Throws UnreadableEvidence where parents run in a circle, or a span ends before it starts.
 */
export function criticalPaths(spans: Spans): CriticalPaths {
  const { count, parent, asynchronous } = spans;
  const { startUs, endUs, shifted } = withoutSkew(spans);
  for (let span = 0; span < count; span += 1)
    if (!((endUs[span] as number) >= (startUs[span] as number)))
      throw unreadable(spans, span, 'ends before it starts, or at no time at all');
  const children = childrenOf(spans, startUs, endUs);
  const exclusiveUs = new Float64Array(count).fill(Number.NaN);
  const selfUs = new Float64Array(count);
  const found = { orphans: 0, cut: 0, outside: 0, shifted, asynchronous: asynchronous.reduce((sum, each) => sum + each, 0) };
  const roots: number[] = [];
  let reached = 0;
  const stack: number[] = [];
  for (let span = 0; span < count; span += 1) {
    if (parent[span] === ORPHAN) found.orphans += 1;
    if (parent[span] === NO_PARENT) roots.push(span);
    if ((parent[span] as number) < 0) stack.push(span);
  }
  // Parents before children: a child is cut to a parent that has been cut itself.
  const isRoot = (span: number): boolean => parent[span] === NO_PARENT;
  for (const root of stack) if (isRoot(root)) exclusiveUs[root] = 0;
  while (stack.length > 0) {
    const span = stack.pop() as number;
    reached += 1;
    const [from, to] = [startUs[span] as number, endUs[span] as number];
    const onPath = !Number.isNaN(exclusiveUs[span] as number);
    let left = to - from;
    let self = to - from;
    let coveredFrom = to;
    let next = Infinity;
    const first = children.start[span] as number;
    const last = children.start[span + 1] as number;
    for (let at = first; at < last; at += 1) {
      const child = children.children[at] as number;
      stack.push(child);
      if ((startUs[child] as number) >= to || (endUs[child] as number) <= from) {
        if ((endUs[child] as number) > to || (startUs[child] as number) < from) {
          if (!asynchronous[child]) found.outside += 1;
          continue;
        }
      }
      if ((endUs[child] as number) > to || (startUs[child] as number) < from) {
        if (!asynchronous[child]) found.cut += 1;
        endUs[child] = Math.min(endUs[child] as number, to);
        startUs[child] = Math.max(startUs[child] as number, from);
      }
      if (asynchronous[child]) continue;
      const ends = endUs[child] as number;
      // The last to end comes first, so what is covered grows towards the start.
      const begins = startUs[child] as number;
      if (begins < coveredFrom) {
        self -= Math.min(ends, coveredFrom) - begins;
        coveredFrom = begins;
      }
      if (!onPath) continue;
      const touches =
        ends <= next ||
        (ends - next <= (to - from) * OVERLAP_ALLOWANCE &&
          onlyTwoEventsBetween(next, ends, children.children.subarray(first, last), startUs, endUs));
      if (!touches) continue;
      exclusiveUs[child] = 0;
      left -= ends - begins;
      next = begins;
    }
    selfUs[span] = Math.max(0, self);
    if (onPath) exclusiveUs[span] = Math.max(0, left);
  }
  if (reached < count) throw unreadable(spans, circleMember(spans), 'is its own ancestor: the parents run in a circle');
  return { exclusiveUs, selfUs, roots: Int32Array.from(roots), ...found };
}

/** Among the siblings nothing else starts or ends in the stretch where two overlap: then it is the clocks and not parallel work. */
function onlyTwoEventsBetween(
  overlapFrom: number,
  overlapTo: number,
  family: Int32Array,
  startUs: Float64Array,
  endUs: Float64Array,
): boolean {
  let events = 0;
  for (const sibling of family) {
    for (const event of [startUs[sibling] as number, endUs[sibling] as number]) if (event >= overlapFrom && event <= overlapTo) events += 1;
  }
  return events === 2;
}

function unreadable({ operations, operation, trace, traceIds }: Spans, span: number, what: string): UnreadableEvidence {
  return new UnreadableEvidence(
    `span ${operations[operation[span] as number]} ${what}`,
    `trace ${traceIds[trace[span] as number]}`,
    'ask for the trace again; this one is damaged',
  );
}

function childrenOf({ count, parent }: Spans, startUs: Float64Array, endUs: Float64Array): Children {
  const start = new Int32Array(count + 1);
  for (let span = 0; span < count; span += 1) if ((parent[span] as number) >= 0) (start[(parent[span] as number) + 1] as number) += 1;
  for (let span = 0; span < count; span += 1) (start[span + 1] as number) += start[span] as number;
  const children = new Int32Array(start[count] as number);
  const filled = start.slice(0, count);
  for (let span = 0; span < count; span += 1) {
    const of = parent[span] as number;
    if (of >= 0) children[(filled[of] as number)++] = span;
  }
  const lastFirst = (a: number, b: number): number =>
    (endUs[b] as number) - (endUs[a] as number) || (startUs[b] as number) - (startUs[a] as number) || a - b;
  for (let span = 0; span < count; span += 1) {
    const [from, to] = [start[span] as number, start[span + 1] as number];
    if (to - from > 1) children.subarray(from, to).sort(lastFirst);
  }
  return { start, children };
}

/** A span that no root reaches. */
function circleMember({ count, parent }: Spans): number {
  for (let span = 0; span < count; span += 1) {
    let at = span;
    for (let steps = 0; steps <= count && at >= 0; steps += 1) at = parent[at] as number;
    if (at >= 0) return span;
  }
  return 0;
}

/** Exclusive microseconds by operation over the given roots' traces; operations off every path are not there. */
export function exclusiveByOperation(spans: Spans, { exclusiveUs }: CriticalPaths): Map<string, number> {
  const sums = new Map<string, number>();
  for (let span = 0; span < spans.count; span += 1) {
    const value = exclusiveUs[span] as number;
    if (Number.isNaN(value)) continue;
    const name = spans.operations[spans.operation[span] as number] as string;
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}
