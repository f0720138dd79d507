// Goroutines that never end: proven by the runtime where it can, suspected from two profiles where it cannot.
import { placeOf, type GoroutineGroup, type Goroutines } from './goroutines.ts';
import { idleByDesign, isMain, isRequest, leakClass, NOT_TOLD, siteName, siteOf, waitsForNothing, type LeakClass } from './waiting.ts';

export interface Leak {
  class: LeakClass;
  /** Where they wait: `fault.notify.func1 leak.go:48`. */
  site: string;
  state: string;
  count: number;
  why: string;
  /** Nothing can wake them: the runtime proved it, or what they wait for can never be. */
  proven: boolean;
}

/** Sites with fewer new goroutines than this between two profiles may be a burst of requests. */
const MIN_GROWTH = 50;

/**
 * What the runtime's leak profiles prove, and what waits for nothing at all, by site, most first. A site that leaks once leaks: there are no
 * false alarms by construction.
 */
export function provenLeaks(profiles: readonly Goroutines[]): Leak[] {
  const hanging = profiles.flatMap(({ groups }) =>
    groups.filter((group) => (group.leaked && !parksMain(group) && !mayParkMain(group)) || waitsForNothing(group)),
  );
  return bySite(hanging).map(({ group, count }) => ({ ...describe(group, count, hanging), proven: true }));
}

/** `select {}` in main, while others work: no harm. */
export const parksMain = (group: GoroutineGroup): boolean => group.state === 'select (no cases)' && isMain(group);

/** Main in a leak profile of `debug=1`, where `select {}` and a channel that nobody serves look alike. */
export const mayParkMain = (group: GoroutineGroup): boolean => group.leaked && group.state === NOT_TOLD && isMain(group);

/**
 * Sites that grew between an earlier and a later profile of the same processes and are neither requests nor idle by design. Suspects only:
 * a service that still warms up grows too.
 */
export function growingSites(before: readonly Goroutines[], after: readonly Goroutines[]): Leak[] {
  // Where one of them does not tell its states, a site is one whatever the other says it waits for.
  const told = [...before, ...after].every(({ groups }) => groups.every(({ state }) => state !== NOT_TOLD));
  const suspects = (of: readonly Goroutines[]) =>
    bySite(
      of.flatMap(({ groups }) => groups.filter((group) => !isRequest(group) && idleByDesign(group) === null && group.state !== 'unknown')),
      told,
    );
  const earlier = new Map(suspects(before).map(({ key, count }) => [key, count]));
  return suspects(after)
    .map(({ key, group, count }) => ({ group, grown: count - (earlier.get(key) ?? 0) }))
    .filter(({ grown }) => grown >= MIN_GROWTH)
    .map(({ group, grown }) => ({ ...describe(group, grown), proven: false }))
    .sort((a, b) => b.count - a.count);
}

function describe(group: GoroutineGroup, count: number, others: readonly GoroutineGroup[] = []): Omit<Leak, 'proven'> {
  const { class: kind, why } = leakClass(group, others);
  return { class: kind, site: siteName(group), state: group.state, count, why };
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
