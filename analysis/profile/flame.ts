// The calls of a profile as one tree from the root down, small enough for a page.
import { goName } from './names.ts';
import type { Profile } from './profile.ts';
import { framesOf } from './top.ts';

/** One function in one calling context. Values are in the unit of the profile's sample type. */
export interface FlameNode {
  name: string;
  /** Of itself and all below it. */
  value: number;
  self: number;
  /** In the profile it is compared with, scaled to the same total; absent where nothing is compared. */
  before?: number;
  children: FlameNode[];
}

/** Below 0.05 % of the total a frame is thinner than a pixel. */
const SMALLEST_SHARE = 0.0005;
/** More frames than this no page draws smoothly and nobody reads. */
const NODES_LIMIT = 5_000;
/** Go cuts stacks at 64 frames, pprof readers at 128. */
const DEPTH_LIMIT = 256;

const REST = '(small calls)';

/** True for what stands for calls too small to draw. */
export const isRest = ({ name }: FlameNode): boolean => name === REST;

/** The tree of one sample type. What is too small to draw stands as `(small calls)` beside its siblings, so that sums stay right. */
export function flameTree(profile: Profile, type = profile.defaultType): FlameNode {
  return prune(build(profile, type));
}

/**
 * Two profiles as one tree: values are of `after`, `before` is scaled to the same total, for two runs never last equally long or do equal
 * work. Null when either has nothing to compare.
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
        if ((depth += 1) > DEPTH_LIMIT) break;
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

const weight = ({ value, before = 0 }: FlameNode): number => Math.max(Math.abs(value), Math.abs(before));

/** The largest nodes, at most NODES_LIMIT, children before their siblings by size and then by name: the same profile, the same picture. */
function prune(root: Building): FlameNode {
  const smallest = Math.max(weight(root) * SMALLEST_SHARE, smallestOfLargest(root));
  const keep = ({ name, value, self, before, children }: Building): FlameNode => {
    const kept = children.filter((child) => weight(child) >= smallest);
    const small = children.filter((child) => weight(child) < smallest);
    const rest: FlameNode[] = small.length === 0 ? [] : [restOf(small, before !== undefined)];
    return {
      name,
      value,
      self,
      ...(before === undefined ? {} : { before }),
      children: [...kept.map(keep).sort((a, b) => weight(b) - weight(a) || (a.name < b.name ? -1 : 1)), ...rest],
    };
  };
  return keep(root);
}

function restOf(small: readonly FlameNode[], compared: boolean): FlameNode {
  const value = small.reduce((sum, child) => sum + child.value, 0);
  const before = small.reduce((sum, child) => sum + (child.before ?? 0), 0);
  return { name: REST, value, self: value, ...(compared ? { before } : {}), children: [] };
}

function smallestOfLargest(root: Building): number {
  const weights: number[] = [];
  const visit = (at: Building): void => {
    weights.push(weight(at));
    at.children.forEach(visit);
  };
  visit(root);
  if (weights.length <= NODES_LIMIT) return 0;
  return weights.sort((a, b) => b - a)[NODES_LIMIT] as number;
}
