// Suspected goroutine leaks: the runtime cannot prove a leak that a global variable or a connection can still reach.
import type { Goroutines } from '../goroutine/goroutines.ts';
import { growingSites, type Leak } from '../goroutine/leaks.ts';
import { waitsOfRequests } from '../goroutine/requests.ts';
import { samplesByPod } from '../runtime/pods.ts';
import type { RuntimeSample } from '../runtime/sample.ts';

export interface TakenProfile {
  /** `pod shop-staging/go-api-…` */
  source: string;
  value: Goroutines;
  /** Milliseconds since 1970; null where the profile does not contain it. */
  takenAtMs: number | null;
}

export interface Suspect extends Leak {
  /** Between the two profiles; null where their times are unknown. */
  gapSeconds: number | null;
}

/** A request in flight may have started a few goroutines at one place, which end with it. */
const PER_REQUEST = 4;
/** Leaked goroutines remain until the end of the run; where less than this share of the growth did, it was work in progress. */
const STAYING_SHARE = 0.5;

/**
 * Sites that grew between the first and the last profile of a pod, most first, without the goroutines of requests in flight and those that
 * ended with the load. Null where no pod has two profiles.
 */
export function suspectsOf(profiles: readonly TakenProfile[], samples: readonly RuntimeSample[]): Suspect[] | null {
  const pairs = [...new Set(profiles.map(({ source }) => source))].flatMap((source) => {
    const own = profiles.filter((profile) => profile.source === source);
    const [first, last] = [own[0], own.at(-1)];
    return own.length < 2 || first === undefined || last === undefined ? [] : [{ source, first, last }];
  });
  if (pairs.length === 0) return null;
  const later = pairs.map(({ last }) => last.value);
  const { inFlight } = waitsOfRequests(later);
  const stayed = grewOverRun(
    pairs.map(({ source }) => source),
    samples,
  );
  const gaps = pairs.flatMap(({ first, last }) =>
    first.takenAtMs === null || last.takenAtMs === null ? [] : [(last.takenAtMs - first.takenAtMs) / 1_000],
  );
  const gapSeconds = gaps.length === 0 ? null : Math.max(...gaps);
  return growingSites(
    pairs.map(({ first }) => first.value),
    later,
  )
    .filter(({ count }) => count > PER_REQUEST * inFlight && (stayed === null || stayed >= STAYING_SHARE * count))
    .map((leak) => ({ ...leak, gapSeconds }));
}

/** Goroutine growth of these pods from their first sample, before the load, to their last, after it. Null where one was not read then. */
function grewOverRun(sources: readonly string[], samples: readonly RuntimeSample[]): number | null {
  const pods = samplesByPod(samples);
  let sum = 0;
  for (const source of sources) {
    const own = pods.get(source.slice(source.lastIndexOf('/') + 1)) ?? [];
    const reported = own.flatMap(({ goroutines }) => goroutines ?? []);
    // A sample during the load counts goroutines of requests too.
    if (reported.length < 2 || typeof own.at(-1)?.goroutines !== 'number') return null;
    sum += (reported.at(-1) as number) - (reported[0] as number);
  }
  return sum;
}
