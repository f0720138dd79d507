// Where most of a profile goes: from the root down, always into the call that takes most.
import { isRest, type FlameNode } from './flame.ts';

export interface HotCall {
  name: string;
  /** Of the whole profile, 0-1, with all it calls. */
  share: number;
  own: number;
  /** The next largest call from the same place. */
  beside: { name: string; share: number } | null;
}

/** Below a twentieth the way is no longer one that most goes. */
const MIN_SHARE = 0.05;
/** A frame that hands nearly all on to the next and is not where ways part says nothing. */
const HANDED_ON = 0.95;
const BESIDE_SHARE = 0.02;

/** The calls where something is spent or ways part, outermost first, and how many between them only hand on. */
export function hotPath(tree: FlameNode): { calls: HotCall[]; handingOn: number } {
  const calls: HotCall[] = [];
  let handingOn = 0;
  if (tree.value <= 0) return { calls, handingOn };
  const shareOf = ({ value }: FlameNode): number => value / tree.value;
  for (let at = tree; ;) {
    const [next, other] = at.children.filter((child) => !isRest(child));
    if (next === undefined || shareOf(next) < MIN_SHARE) break;
    const beside = other === undefined || shareOf(other) < BESIDE_SHARE ? null : { name: other.name, share: shareOf(other) };
    const [below] = next.children;
    if (beside === null && below !== undefined && !isRest(below) && below.value >= HANDED_ON * next.value) handingOn += 1;
    else calls.push({ name: next.name, share: shareOf(next), own: next.self / tree.value, beside });
    at = next;
  }
  return { calls, handingOn };
}
