// The hottest path of a profile: from the root down, always into the largest call.
import { isRest, type FlameNode } from './flame.ts';

export interface HotCall {
  name: string;
  /** Share of the whole profile, 0-1, including its callees. */
  share: number;
  own: number;
  /** The second largest callee of the same caller. */
  beside: { name: string; share: number } | null;
}

/** Below a twentieth of the profile the path ends. */
const MIN_SHARE = 0.05;
/** A call that passes nearly all on to the next, without a branch, is left out. */
const PASSED_ON = 0.95;
const BESIDE_SHARE = 0.02;

/** The calls that spend time or branch, outermost first, and the number of calls between them that only pass it on. */
export function hotPath(tree: FlameNode): { calls: HotCall[]; passedThrough: number } {
  const calls: HotCall[] = [];
  let passedThrough = 0;
  if (tree.value <= 0) return { calls, passedThrough };
  const shareOf = ({ value }: FlameNode): number => value / tree.value;
  for (let at = tree; ;) {
    const [next, other] = at.children.filter((child) => !isRest(child));
    if (next === undefined || shareOf(next) < MIN_SHARE) break;
    const beside = other === undefined || shareOf(other) < BESIDE_SHARE ? null : { name: other.name, share: shareOf(other) };
    const [below] = next.children;
    if (beside === null && below !== undefined && !isRest(below) && below.value >= PASSED_ON * next.value) passedThrough += 1;
    else calls.push({ name: next.name, share: shareOf(next), own: next.self / tree.value, beside });
    at = next;
  }
  return { calls, passedThrough };
}
