// Goroutines as groups: those of one stack and state are one, with their count.
import { shortName } from '../profile/names.ts';

export interface Frame {
  function: string;
  /** Empty where it is not known. */
  file: string;
  line: number;
}

export interface GoroutineGroup {
  /** As the runtime says it (`chan send`, `sync.Mutex.Lock`); worked out from the stack where a profile does not say it; `unknown` where neither does. */
  state: string;
  /** The innermost call first. */
  stack: readonly Frame[];
  /** The go statement that started them; null where it is not told (profiles do not). */
  creator: Frame | null;
  count: number;
  /** The runtime proved that nothing can ever wake them. */
  leaked: boolean;
  /** Whole minutes the one that waits longest has waited, at least; 0 where nothing is told. */
  waitMinutes: number;
}

export interface Goroutines {
  /** As many as there were: more than the groups hold where the evidence says so and was cut off. */
  total: number;
  /** Largest first. */
  groups: GoroutineGroup[];
  /** Why they are not all: lines that could not be read, with their number, and what is missing. Empty where they are. */
  problems: string[];
  /** A leak profile: whoever is not leaked is not in it. */
  leakedOnly: boolean;
}

/** What is known of goroutines beside themselves. */
export type Told = Partial<Omit<Goroutines, 'groups'>>;

/** Puts equal goroutines together, one after the other as they come. */
export function collector(): { add(goroutine: GoroutineGroup): void; finish(told?: Told): Goroutines } {
  const frameId = ids<Frame>(({ function: name, file, line }) => `${name}\n${file}:${line}`);
  const stackId = ids<readonly Frame[]>((stack) => stack.map(frameId).join(' '));
  const groups = new Map<string, GoroutineGroup>();
  /** The group of the last goroutine of each stack: most of a dump are more of the same. */
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
        if (recent.size === KNOWN_BY_THEMSELVES) recent.clear();
        recent.set(stack, { creator, group });
      }
      group.count += each.count;
      group.waitMinutes = Math.max(group.waitMinutes, each.waitMinutes);
    },
    /** Stable: the largest first, then by stack. */
    finish(told = {}) {
      const sorted = [...groups.values()].map((group) => ({ group, key: `${group.state}\n${group.stack.map(placeOf).join('\n')}` }));
      sorted.sort((a, b) => b.group.count - a.group.count || (a.key < b.key ? -1 : 1));
      return {
        total: Math.max(total, told.total ?? 0),
        groups: sorted.map(({ group }) => group),
        problems: told.problems ?? [],
        leakedOnly: told.leakedOnly ?? false,
      };
    },
  };
}

/** Equal goroutines as one group each. */
export function collect(goroutines: Iterable<GoroutineGroup>, told: Told = {}): Goroutines {
  const collecting = collector();
  for (const each of goroutines) collecting.add(each);
  return collecting.finish(told);
}

/** Objects told apart by themselves; beyond it they are told apart by what they hold, which takes longer. */
const KNOWN_BY_THEMSELVES = 262_144;

/** A number per content: readers hand out one object for most that are equal, so most are known by themselves. */
function ids<T extends object>(contentOf: (each: T) => string): (each: T) => number {
  const byItself = new Map<T, number>();
  const byContent = new Map<string, number>();
  return (each) => {
    const known = byItself.get(each);
    if (known !== undefined) return known;
    const content = contentOf(each);
    const id = byContent.get(content) ?? byContent.size;
    byContent.set(content, id);
    if (byItself.size === KNOWN_BY_THEMSELVES) byItself.clear();
    byItself.set(each, id);
    return id;
  };
}

/** `main.blockSend main.go:15`, `shop.(*Redis).RecordOrder redis.go:69`: the last element of the package is enough to find it. */
export function placeOf({ function: whole, file, line }: Frame): string {
  const name = shortName(whole);
  return file === '' ? name : `${name} ${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}
