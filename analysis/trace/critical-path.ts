// The spans that determine the duration of a request: the critical path of CRISP (Zhang et al., USENIX ATC 2022).
import { UnreadableEvidence } from '../analysis.ts';
import { withoutSkew } from './skew.ts';
import { NO_PARENT, ORPHAN, type Spans } from './spans.ts';

/** Two spans may overlap by this share of their parent's duration and still count as consecutive: their clocks differ. */
const OVERLAP_ALLOWANCE = 0.01;

/** Children of span i: `children[start[i] .. start[i+1])`, the last to end first. */
interface Children {
  start: Int32Array;
  children: Int32Array;
}

export interface CriticalPaths {
  /** Microseconds of each span that no child on the path explains; NaN for spans off the path. */
  exclusiveUs: Float64Array;
  /** Microseconds of each span without a child that it waits for, on or off the path: its duration minus the union of theirs. */
  selfUs: Float64Array;
  /** Roots, one or more per trace. Orphans start paths of their own and are not among them. */
  roots: Int32Array;
  orphans: number;
  /** Children cut to their parents' time, and children entirely outside of it. */
  cut: number;
  outside: number;
  /** Server spans moved into the calls that they answer, because of clock skew. */
  shifted: number;
  /** Spans that nothing waits for. */
  asynchronous: number;
}

/** What the walk reads and writes. Times are corrected for clock skew, then cut to those of the parent. */
interface Walk {
  isAsynchronous: Uint8Array;
  startUs: Float64Array;
  endUs: Float64Array;
  children: Children;
  exclusiveUs: Float64Array;
  selfUs: Float64Array;
  cut: number;
  outside: number;
}

/**
 * Walks every trace from its root: the last child to end is on the path, before it the last that ended before it started, and so on,
 * without asynchronous children. Linear but for sorting siblings. Throws UnreadableEvidence on contradictory spans.
 */
export function criticalPaths(spans: Spans): CriticalPaths {
  const { count, parent, asynchronous } = spans;
  const { startUs, endUs, shifted } = withoutSkew(spans);
  for (let span = 0; span < count; span += 1)
    if (!((endUs[span] as number) >= (startUs[span] as number)))
      throw unreadable(spans, span, 'ends before it starts, or has no valid time');
  const children = childrenOf(spans, startUs, endUs);
  const [exclusiveUs, selfUs] = [new Float64Array(count).fill(Number.NaN), new Float64Array(count)];
  const walk: Walk = { isAsynchronous: asynchronous, startUs, endUs, children, exclusiveUs, selfUs, cut: 0, outside: 0 };
  const roots: number[] = [];
  const pending: number[] = [];
  let orphans = 0;
  for (let span = 0; span < count; span += 1) {
    if (parent[span] === ORPHAN) orphans += 1;
    if ((parent[span] as number) < 0) pending.push(span);
    if (parent[span] !== NO_PARENT) continue;
    roots.push(span);
    exclusiveUs[span] = 0;
  }
  // Parents before children: a child is cut to the time of a parent that may be cut itself.
  let reached = 0;
  for (; pending.length > 0; reached += 1) {
    const span = pending.pop() as number;
    measure(walk, span);
    for (let at = children.start[span] as number; at < (children.start[span + 1] as number); at += 1)
      pending.push(children.children[at] as number);
  }
  if (reached < count) throw unreadable(spans, circleMember(spans), 'is its own ancestor');
  return {
    exclusiveUs,
    selfUs,
    roots: Int32Array.from(roots),
    orphans,
    cut: walk.cut,
    outside: walk.outside,
    shifted,
    asynchronous: asynchronous.reduce((sum, each) => sum + each, 0),
  };
}

/** Self time of one span, its exclusive time where it is on the path, and which of its children are on the path. */
function measure(walk: Walk, span: number): void {
  const { isAsynchronous, startUs, endUs, children, exclusiveUs, selfUs } = walk;
  const durationUs = (endUs[span] as number) - (startUs[span] as number);
  const isOnPath = !Number.isNaN(exclusiveUs[span] as number);
  let remainingUs = durationUs;
  let uncoveredUs = durationUs;
  let coveredFromUs = endUs[span] as number;
  let pathFromUs = Infinity;
  for (let at = children.start[span] as number; at < (children.start[span + 1] as number); at += 1) {
    const child = children.children[at] as number;
    if (!cutToParent(walk, child, span) || isAsynchronous[child]) continue;
    const [childStartUs, childEndUs] = [startUs[child] as number, endUs[child] as number];
    // Children come by their end, the last first, so the covered time grows towards the start.
    if (childStartUs < coveredFromUs) {
      uncoveredUs -= Math.min(childEndUs, coveredFromUs) - childStartUs;
      coveredFromUs = childStartUs;
    }
    if (!isOnPath) continue;
    const overlapUs = childEndUs - pathFromUs;
    if (overlapUs > 0 && (overlapUs > durationUs * OVERLAP_ALLOWANCE || !isClockOverlap(walk, span, pathFromUs, childEndUs))) continue;
    exclusiveUs[child] = 0;
    remainingUs -= childEndUs - childStartUs;
    pathFromUs = childStartUs;
  }
  selfUs[span] = Math.max(0, uncoveredUs);
  if (isOnPath) exclusiveUs[span] = Math.max(0, remainingUs);
}

/** Cuts a child to the time of its parent; false, and uncut, for one entirely outside of it. */
function cutToParent(walk: Walk, child: number, parent: number): boolean {
  const { startUs, endUs, isAsynchronous } = walk;
  const [from, to] = [startUs[parent] as number, endUs[parent] as number];
  const [start, end] = [startUs[child] as number, endUs[child] as number];
  if (start >= from && end <= to) return true;
  const isOutside = start >= to || end <= from;
  if (!isAsynchronous[child]) walk[isOutside ? 'outside' : 'cut'] += 1;
  if (isOutside) return false;
  startUs[child] = Math.max(start, from);
  endUs[child] = Math.min(end, to);
  return true;
}

/** True where no other child starts or ends while two overlap: then clocks differ, and the work is not parallel. */
function isClockOverlap({ children, startUs, endUs }: Walk, parent: number, fromUs: number, toUs: number): boolean {
  let events = 0;
  for (let at = children.start[parent] as number; at < (children.start[parent + 1] as number); at += 1) {
    const child = children.children[at] as number;
    for (const eventUs of [startUs[child] as number, endUs[child] as number]) if (eventUs >= fromUs && eventUs <= toUs) events += 1;
  }
  return events === 2;
}

function unreadable({ operations, operation, trace, traceIds }: Spans, span: number, what: string): UnreadableEvidence {
  return new UnreadableEvidence(
    `span ${operations[operation[span] as number]} ${what}`,
    `trace ${traceIds[trace[span] as number]}`,
    'fetch the trace again; it is damaged',
  );
}

function childrenOf({ count, parent }: Spans, startUs: Float64Array, endUs: Float64Array): Children {
  const start = new Int32Array(count + 1);
  for (let span = 0; span < count; span += 1) if ((parent[span] as number) >= 0) (start[(parent[span] as number) + 1] as number) += 1;
  for (let span = 0; span < count; span += 1) (start[span + 1] as number) += start[span] as number;
  const children = new Int32Array(start[count] as number);
  const filled = start.slice(0, count);
  for (let span = 0; span < count; span += 1) {
    const parentSpan = parent[span] as number;
    if (parentSpan >= 0) children[(filled[parentSpan] as number)++] = span;
  }
  const lastFirst = (a: number, b: number): number =>
    (endUs[b] as number) - (endUs[a] as number) || (startUs[b] as number) - (startUs[a] as number) || a - b;
  for (let span = 0; span < count; span += 1) {
    const [from, to] = [start[span] as number, start[span + 1] as number];
    if (to - from > 1) children.subarray(from, to).sort(lastFirst);
  }
  return { start, children };
}

/** A span that is its own ancestor. */
function circleMember({ count, parent }: Spans): number {
  for (let span = 0; span < count; span += 1) {
    let at = span;
    for (let steps = 0; steps <= count && at >= 0; steps += 1) at = parent[at] as number;
    if (at >= 0) return span;
  }
  return 0;
}
