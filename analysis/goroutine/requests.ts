// What the requests in flight wait for, over all pods.
import { goPackage, isOwnCode, isRuntime } from '../profile/names.ts';
import { placeOf, type GoroutineGroup, type Goroutines } from './goroutines.ts';
import { isRequest, waitsFor, type Dependency } from './waiting.ts';

/** `cpu`: it runs, is runnable, or assists the GC. `other`: it sleeps, or its stack does not show what it waits for. */
export type WaitsOn = Dependency | 'cpu' | 'other';

export interface RequestWait {
  on: WaitsOn;
  requests: number;
  /** Where most of them wait: `shop.(*Redis).RecordOrder redis.go:72`. */
  site: string;
}

export interface RequestWaits {
  /** Requests in flight, over all profiles given. */
  inFlight: number;
  /** Most first. */
  waits: RequestWait[];
}

/** Counts the requests of goroutine profiles by what they wait for. Two profiles of one pod count twice: only shares are used. */
export function waitsOfRequests(profiles: readonly Goroutines[]): RequestWaits {
  const found = new Map<WaitsOn, { requests: number; sites: Map<string, number> }>();
  let inFlight = 0;
  for (const group of profiles.flatMap(({ groups }) => groups)) {
    if (!isRequest(group)) continue;
    inFlight += group.count;
    const on = waitOf(group);
    let row = found.get(on);
    if (!row) found.set(on, (row = { requests: 0, sites: new Map() }));
    row.requests += group.count;
    add(row.sites, siteOfWait(group), group.count);
  }
  const waits = [...found].map(([on, { requests, sites }]) => ({ on, requests, site: mostFrequent(sites) }));
  return { inFlight, waits: waits.sort((a, b) => b.requests - a.requests || (a.on < b.on ? -1 : 1)) };
}

/** Connections that wait for their next request are in `(*conn).serve` without a handler, and are not requests. */
function waitOf(group: GoroutineGroup): WaitsOn {
  if (group.stack.some(({ function: name }) => name.startsWith('runtime.gcAssist'))) return 'cpu';
  const dependency = waitsFor(group);
  if (dependency !== null) return dependency;
  return group.state === 'unknown' || group.state === 'running' || group.state === 'runnable' ? 'cpu' : 'other';
}

/** The innermost call of the service's own code; else the innermost outside of the runtime. */
function siteOfWait({ stack }: GoroutineGroup): string {
  const own = stack.find(({ function: name, file }) => isOwnCode(name, file));
  const frame = own ?? stack.find(({ function: name }) => !isRuntime(goPackage(name))) ?? stack[0];
  return frame === undefined ? 'an unknown place' : placeOf(frame);
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function mostFrequent(counts: ReadonlyMap<string, number>): string {
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? '';
}
