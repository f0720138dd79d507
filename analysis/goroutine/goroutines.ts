// Goroutines in groups: one group per stack and state, with its count.
import { shortName } from '../profile/names.ts';

export interface Frame {
  function: string;
  /** Empty where it is not known. */
  file: string;
  line: number;
}

export interface GoroutineGroup {
  /** As the runtime prints it (`chan send`, `sync.Mutex.Lock`); else inferred from the stack; `unknown` where neither works. */
  state: string;
  /** The innermost call first. */
  stack: readonly Frame[];
  /** The go statement that started them; null where it is missing (profiles omit it). */
  creator: Frame | null;
  count: number;
  /** The runtime proved that nothing can ever wake them. */
  leaked: boolean;
  /** Whole minutes that the longest has waited, at least; 0 where missing. */
  waitMinutes: number;
}

export interface Goroutines {
  /** More than the groups contain where the evidence was cut off. */
  total: number;
  /** Largest first. */
  groups: GoroutineGroup[];
  /** Why the groups are incomplete: unreadable lines with their number, and missing parts. */
  problems: string[];
  /** A leak profile contains leaked goroutines only. */
  leakedOnly: boolean;
}

/** What the evidence states besides the groups. */
export type GoroutineTotals = Partial<Omit<Goroutines, 'groups'>>;

/** Groups equal goroutines as they come. */
export function collector(): { add(goroutine: GoroutineGroup): void; finish(totals?: GoroutineTotals): Goroutines } {
  const frameId = ids<Frame>(({ function: name, file, line }) => `${name}\n${file}:${line}`);
  const stackId = ids<readonly Frame[]>((stack) => stack.map(frameId).join(' '));
  const groups = new Map<string, GoroutineGroup>();
  /** The group of the last goroutine of each stack: most goroutines of a dump repeat it. */
  const recent = new Map<readonly Frame[], { creator: Frame | null; group: GoroutineGroup }>();
  let total = 0;
  return {
    add(each) {
      total += each.count;
      const { state, leaked, stack, creator } = each;
      const last = recent.get(stack);
      let group = last?.creator === creator && last.group.state === state && last.group.leaked === leaked ? last.group : undefined;
      if (group === undefined) {
        const key = `${stackId(stack)} ${creator === null ? '' : frameId(creator)} ${leaked ? 'leaked' : ''} ${state}`;
        group = groups.get(key);
        if (group === undefined) groups.set(key, (group = { ...each, count: 0 }));
        if (recent.size === KNOWN_BY_IDENTITY) recent.clear();
        recent.set(stack, { creator, group });
      }
      group.count += each.count;
      group.waitMinutes = Math.max(group.waitMinutes, each.waitMinutes);
    },
    /** Sorted by count, then by stack. */
    finish(totals = {}) {
      const sorted = [...groups.values()].map((group) => ({ group, key: `${group.state}\n${group.stack.map(placeOf).join('\n')}` }));
      sorted.sort((a, b) => b.group.count - a.group.count || (a.key < b.key ? -1 : 1));
      return {
        total: Math.max(total, totals.total ?? 0),
        groups: sorted.map(({ group }) => group),
        problems: totals.problems ?? [],
        leakedOnly: totals.leakedOnly ?? false,
      };
    },
  };
}

/** Equal goroutines as one group each. */
export function collect(goroutines: Iterable<GoroutineGroup>, totals: GoroutineTotals = {}): Goroutines {
  const collecting = collector();
  for (const each of goroutines) collecting.add(each);
  return collecting.finish(totals);
}

/** Objects recognized by identity; beyond it they are recognized by content, which takes longer. */
const KNOWN_BY_IDENTITY = 262_144;

/** A number per content. Readers share one object among equal ones, so most are recognized by identity. */
function ids<T extends object>(contentOf: (each: T) => string): (each: T) => number {
  const byIdentity = new Map<T, number>();
  const byContent = new Map<string, number>();
  return (each) => {
    const known = byIdentity.get(each);
    if (known !== undefined) return known;
    const content = contentOf(each);
    const id = byContent.get(content) ?? byContent.size;
    byContent.set(content, id);
    if (byIdentity.size === KNOWN_BY_IDENTITY) byIdentity.clear();
    byIdentity.set(each, id);
    return id;
  };
}

/** `main.blockSend main.go:15`, `shop.(*Redis).RecordOrder redis.go:69`: the last element of the package is enough to find it. */
export function placeOf({ function: whole, file, line }: Frame): string {
  const name = shortName(whole);
  return file === '' ? name : `${name} ${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}
