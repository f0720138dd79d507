// Goroutines that never end: proven by the runtime where it can, suspected from two profiles where it cannot.
import type { FindingCode } from '../../verdict/finding.ts';
import { placeOf, type GoroutineGroup, type Goroutines } from './goroutines.ts';
import { idleByDesign, isMain, isRequest, leakClass, NOT_REPORTED, siteName, siteOf, waitsForNothing, type LeakClass } from './waiting.ts';

export interface Leak {
  class: LeakClass;
  /** Where they wait: `fault.notify.func1 leak.go:48`. */
  site: string;
  state: string;
  count: number;
  reason: string;
  /** Nothing can wake them: proven by the runtime, or they wait for something that can never happen. */
  proven: boolean;
}

/** Finding codes of proven leaks, by class. */
export const LEAK_CODES = {
  channel: 'CauseLeakChannel',
  context: 'CauseLeakContext',
  WaitGroup: 'CauseLeakWaitGroup',
  mutex: 'CauseLeakMutex',
  never: 'CauseLeakNeverReady',
  other: 'CauseLeak',
} as const satisfies Readonly<Record<LeakClass, FindingCode>>;

/** Fewer new goroutines at a site between two profiles may be a burst of requests. */
const MIN_GROWTH = 50;

/**
 * Goroutines that the runtime's leak profiles prove, and those that wait for something that can never happen, by site, most first. There
 * are no false alarms by construction.
 */
export function provenLeaks(profiles: readonly Goroutines[]): Leak[] {
  const blocked = profiles.flatMap(({ groups }) =>
    groups.filter((group) => (group.leaked && !parksMain(group) && !mayParkMain(group)) || waitsForNothing(group)),
  );
  return bySite(blocked).map(({ group, count }) => ({ ...describe(group, count, blocked), proven: true }));
}

/** `select {}` in main while other goroutines work is harmless. */
export const parksMain = (group: GoroutineGroup): boolean => group.state === 'select (no cases)' && isMain(group);

/** Main in a leak profile of `debug=1`, in which `select {}` and a channel without a partner look alike. */
export const mayParkMain = (group: GoroutineGroup): boolean => group.leaked && group.state === NOT_REPORTED && isMain(group);

/**
 * Sites that grew between an earlier and a later profile of the same processes and are neither requests nor idle by design. Suspects only:
 * a service that still warms up grows too.
 */
export function growingSites(before: readonly Goroutines[], after: readonly Goroutines[]): Leak[] {
  // Where one profile has no states, goroutines are grouped by site alone.
  const haveStates = [...before, ...after].every(({ groups }) => groups.every(({ state }) => state !== NOT_REPORTED));
  const suspects = (profiles: readonly Goroutines[]) =>
    bySite(
      profiles.flatMap(({ groups }) =>
        groups.filter((group) => !isRequest(group) && idleByDesign(group) === null && group.state !== 'unknown'),
      ),
      haveStates,
    );
  const earlier = new Map(suspects(before).map(({ key, count }) => [key, count]));
  return suspects(after)
    .map(({ key, group, count }) => ({ group, grown: count - (earlier.get(key) ?? 0) }))
    .filter(({ grown }) => grown >= MIN_GROWTH)
    .map(({ group, grown }) => ({ ...describe(group, grown), proven: false }))
    .sort((a, b) => b.count - a.count);
}

function describe(group: GoroutineGroup, count: number, others: readonly GoroutineGroup[] = []): Omit<Leak, 'proven'> {
  const { class: kind, reason } = leakClass(group, others);
  return { class: kind, site: siteName(group), state: group.state, count, reason };
}

function bySite(groups: readonly GoroutineGroup[], byState = true): { key: string; group: GoroutineGroup; count: number }[] {
  const sites = new Map<string, { key: string; group: GoroutineGroup; count: number }>();
  for (const group of groups) {
    const site = siteOf(group);
    const key = `${byState ? group.state : ''}\n${site === null ? '' : placeOf(site)}`;
    const known = sites.get(key);
    if (known) known.count += group.count;
    else sites.set(key, { key, group, count: group.count });
  }
  return [...sites.values()].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
}
