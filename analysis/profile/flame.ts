// The calls of a profile as one tree from the root down, small enough for a page.
import { goName } from './names.ts';
import type { Profile } from './profile.ts';
import { framesOf } from './top.ts';

/** One function in one calling context. Values are in the unit of the profile's sample type. */
export interface FlameNode {
  name: string;
  /** Value of the function and all it calls. */
  value: number;
  self: number;
  /** Value in the earlier profile, scaled to the same total; absent without a comparison. */
  before?: number;
  children: FlameNode[];
}

/** Below 0.05 % of the total a frame is thinner than a pixel. */
const MIN_SHARE = 0.0005;
/** Pages do not draw more frames smoothly. */
const MAX_NODES = 5_000;
/** Go cuts stacks at 64 frames, pprof readers at 128. */
const MAX_DEPTH = 256;

const REST = '(small calls)';

/** True for the node that stands for calls too small to draw. */
export const isRest = ({ name }: FlameNode): boolean => name === REST;

/** The tree of one sample type. Calls too small to draw become one `(small calls)` beside their siblings, so that sums stay right. */
export function flameTree(profile: Profile, type = profile.defaultType): FlameNode {
  return prune(build(profile, type));
}

/**
 * Two profiles as one tree. Values are those of `after`; `before` is scaled to the same total, as two runs never have equal length or work.
 * Null when either is empty.
 */
export function flameDifference(before: Profile, after: Profile, type = after.defaultType): FlameNode | null {
  const name = after.sampleTypes[type]?.type;
  const beforeType = before.sampleTypes.findIndex((each) => each.type === name);
  if (beforeType === -1) return null;
  const [old, now] = [build(before, beforeType), build(after, type)];
  if (old.value <= 0 || now.value <= 0) return null;
  merge(now, old, now.value / old.value);
  return prune(now);
}

interface Building extends FlameNode {
  children: Building[];
  byName: Map<number | string, Building>;
}

const node = (name: string): Building => ({ name, value: 0, self: 0, children: [], byName: new Map() });

function childOf(parent: Building, key: number | string, name: string): Building {
  let child = parent.byName.get(key);
  if (!child) {
    child = node(name);
    parent.byName.set(key, child);
    parent.children.push(child);
  }
  return child;
}

function build(profile: Profile, type: number): Building {
  const { names, start, frames } = framesOf(profile, goName);
  const root = node('all');
  const width = profile.sampleTypes.length;
  for (let sample = 0; sample < profile.samples; sample += 1) {
    const value = profile.values[sample * width + type] as number;
    if (value === 0) continue;
    root.value += value;
    let at = root;
    let depth = 0;
    // Root first: the last location, and in it the outermost call.
    for (let index = (profile.stackStart[sample + 1] as number) - 1; index >= (profile.stackStart[sample] as number); index -= 1) {
      const location = profile.stacks[index] as number;
      for (let frame = (start[location + 1] as number) - 1; frame >= (start[location] as number); frame -= 1) {
        if ((depth += 1) > MAX_DEPTH) break;
        const name = frames[frame] as number;
        at = childOf(at, name, names[name] as string);
        at.value += value;
      }
    }
    at.self += value;
  }
  return root;
}

function merge(now: Building, old: Building, scale: number): void {
  now.before = old.value * scale;
  const byName = new Map(now.children.map((child) => [child.name, child]));
  for (const child of old.children) {
    const same = byName.get(child.name);
    if (same) merge(same, child, scale);
    else {
      const gone = childOf(now, `gone ${child.name}`, child.name);
      merge(gone, child, scale);
    }
  }
  for (const child of now.children) child.before ??= 0;
}

/**
 * Width of each node in its own unit: the larger of its values, but never less than its children side by side. Children of a comparison may
 * exceed their caller (one grew, one shrank), and so may negative values.
 */
export function spansOf(root: FlameNode): (node: FlameNode) => number {
  const spans = new Map<FlameNode, number>();
  const measure = (node: FlameNode): number => {
    const beside = node.children.reduce((sum, child) => sum + measure(child), 0);
    const span = Math.max(Math.abs(node.value), Math.abs(node.before ?? 0), beside);
    spans.set(node, span);
    return span;
  };
  measure(root);
  return (node) => spans.get(node) ?? 0;
}

/** The widest nodes, at most MAX_NODES, siblings by width and then by name; the others are one `(small calls)` of their caller. */
function prune(root: Building): FlameNode {
  const spanOf = spansOf(root);
  const byWidth = (a: FlameNode, b: FlameNode): number => spanOf(b) - spanOf(a) || (a.name < b.name ? -1 : 1);
  const smallest = spanOf(root) * MIN_SHARE;
  const nodes: Building[] = [];
  const visit = (at: Building): void => {
    nodes.push(at);
    at.children
      .filter((child) => spanOf(child) >= smallest)
      .sort(byWidth)
      .forEach(visit);
  };
  visit(root);
  // No node is wider than its caller, and the sort is stable, so every kept node keeps its caller.
  const widest = new Set(nodes.sort((a, b) => spanOf(b) - spanOf(a)).slice(0, MAX_NODES));
  const keep = ({ name, value, self, before, children }: Building): FlameNode => {
    const kept = children.filter((child) => widest.has(child)).sort(byWidth);
    const small = children.filter((child) => !widest.has(child));
    const rest: FlameNode[] = small.length === 0 ? [] : [restOf(small, before !== undefined)];
    return { name, value, self, ...(before === undefined ? {} : { before }), children: [...kept.map(keep), ...rest] };
  };
  return keep(root);
}

function restOf(small: readonly FlameNode[], compared: boolean): FlameNode {
  const value = small.reduce((sum, child) => sum + child.value, 0);
  const before = small.reduce((sum, child) => sum + (child.before ?? 0), 0);
  return { name: REST, value, self: value, ...(compared ? { before } : {}), children: [] };
}
