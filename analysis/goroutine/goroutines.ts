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
  total: number;
  /** Largest first. */
  groups: GoroutineGroup[];
  /** Lines that could not be read, with their number; what they belong to is left out of the groups. */
  problems: string[];
}

/** Puts equal goroutines together, one after the other as they come. */
export function collector(): { add(goroutine: GoroutineGroup): void; finish(problems?: string[]): Goroutines } {
  const idOf = frameIds();
  const groups = new Map<string, GoroutineGroup>();
  let total = 0;
  return {
    add(each) {
      total += each.count;
      let key = each.leaked ? `${each.state} leaked` : each.state;
      for (const frame of each.stack) key += ` ${idOf(frame)}`;
      if (each.creator !== null) key += ` by ${idOf(each.creator)}`;
      const known = groups.get(key);
      if (!known) groups.set(key, { ...each });
      else {
        known.count += each.count;
        known.waitMinutes = Math.max(known.waitMinutes, each.waitMinutes);
      }
    },
    /** Stable: the largest first, then by stack. */
    finish(problems = []) {
      const sorted = [...groups.values()].map((group) => ({ group, key: `${group.state}\n${group.stack.map(placeOf).join('\n')}` }));
      sorted.sort((a, b) => b.group.count - a.group.count || (a.key < b.key ? -1 : 1));
      return { total, groups: sorted.map(({ group }) => group), problems };
    },
  };
}

/** Equal goroutines as one group each. */
export function collect(goroutines: Iterable<GoroutineGroup>, problems: string[] = []): Goroutines {
  const collecting = collector();
  for (const each of goroutines) collecting.add(each);
  return collecting.finish(problems);
}

/** A number per place in the code: readers hand out one object per place, so most are known by themselves. */
function frameIds(): (frame: Frame) => number {
  const byFrame = new Map<Frame, number>();
  const byPlace = new Map<string, number>();
  return (frame) => {
    const known = byFrame.get(frame);
    if (known !== undefined) return known;
    const place = `${frame.function}\n${frame.file}:${frame.line}`;
    const id = byPlace.get(place) ?? byPlace.size;
    byPlace.set(place, id);
    byFrame.set(frame, id);
    return id;
  };
}

/** `main.blockSend main.go:15`, `shop.(*Redis).RecordOrder redis.go:69`: the last element of the package is enough to find it. */
export function placeOf({ function: whole, file, line }: Frame): string {
  const name = shortName(whole);
  return file === '' ? name : `${name} ${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}
