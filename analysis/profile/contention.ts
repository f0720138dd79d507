// Lock contention from mutex profiles: the time that other goroutines waited, attributed to the function that held the lock.
import { goPackage, isRuntime, goName } from './names.ts';
import { sampleTypeIndex, type Profile } from './profile.ts';
import { framesOf, type Frames } from './top.ts';

export interface Contention {
  /** The innermost function outside of the runtime and of locks: it held the lock. */
  holder: string;
  /** Seconds that others waited, over all goroutines. */
  waitedSeconds: number;
}

/** By holder, the longest first. Empty where no wait was recorded, or the profiles do not record waits. */
export function contentions(profiles: readonly Profile[]): Contention[] {
  const waited = new Map<string, number>();
  for (const profile of profiles) {
    const type = sampleTypeIndex(profile, 'delay');
    if (type === null) continue;
    const frames = framesOf(profile, goName);
    const { names } = frames;
    const isLock = names.map((name) => isRuntime(goPackage(name)) || /^(internal\/)?sync\./u.test(name));
    for (let sample = 0; sample < profile.samples; sample += 1) {
      const value = profile.values[sample * profile.sampleTypes.length + type] as number;
      const holder = holderOf(profile, sample, frames, isLock);
      if (value > 0 && holder !== -1) waited.set(names[holder] as string, (waited.get(names[holder] as string) ?? 0) + value / 1e9);
    }
  }
  return [...waited]
    .map(([holder, waitedSeconds]) => ({ holder, waitedSeconds }))
    .sort((a, b) => b.waitedSeconds - a.waitedSeconds || (a.holder < b.holder ? -1 : 1));
}

/**
 * True for a mutex profile, whose stacks start with the unlocking function; those of a block profile start with the waiting one. Otherwise
 * the two are alike, so a profile without stacks is neither.
 */
export function hasHolders(profile: Profile): boolean {
  const { names, start, frames } = framesOf(profile, goName);
  let [holders, waiters] = [0, 0];
  for (let sample = 0; sample < profile.samples; sample += 1) {
    const location = profile.stacks[profile.stackStart[sample] as number];
    const leaf = location === undefined ? undefined : names[frames[start[location] as number] as number];
    if (leaf === undefined) continue;
    if (/nlock/u.test(leaf)) holders += 1;
    else waiters += 1;
  }
  return holders > 0 && holders >= waiters;
}

function holderOf(profile: Profile, sample: number, { start, frames }: Frames, isLock: readonly boolean[]): number {
  for (let at = profile.stackStart[sample] as number; at < (profile.stackStart[sample + 1] as number); at += 1) {
    const location = profile.stacks[at] as number;
    for (let frame = start[location] as number; frame < (start[location + 1] as number); frame += 1)
      if (!isLock[frames[frame] as number]) return frames[frame] as number;
  }
  return -1;
}
