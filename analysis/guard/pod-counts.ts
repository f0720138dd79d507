// Requests between two samples, from the raw counters of each pod.
import type { RequestCounts } from './read-requests.ts';
import type { Answered } from './windows.ts';

export interface PodCounts extends RequestCounts {
  /** Requests that were not slow. */
  within: number;
}

const ZERO: PodCounts = { requests: 0, errors: 0, within: 0 };

/**
 * Counts are differences of raw counters per pod. `increase()` extrapolates, and ignores the first value of a new series: a burst of errors
 * that creates the 5xx series would count as none. A lower counter is a restart; all requests of a pod that appears later count.
 * @param pods null for a pod that has no series of the metric yet
 * @param complete true once a sample has read every Ready pod: until then, a pod that appears may have existed before the watch
 */
export function countedSince(
  before: Readonly<Record<string, PodCounts>>,
  pods: Readonly<Record<string, PodCounts | null>>,
  complete: boolean,
): { added: Answered; last: Record<string, PodCounts> } {
  const added: Answered = { requests: 0, errors: 0, slow: 0 };
  const last = { ...before };
  for (const [pod, counts] of Object.entries(pods)) {
    const known = before[pod];
    // No series yet: zero. A series that is missing in one sample goes on from its last value.
    const now = counts ?? known ?? ZERO;
    last[pod] = now;
    if (known === undefined && !complete) continue;
    const since = known === undefined || now.requests < known.requests ? ZERO : known;
    added.requests += now.requests - since.requests;
    added.errors += Math.max(0, now.errors - since.errors);
    added.slow += Math.max(0, now.requests - now.within - (since.requests - since.within));
  }
  return { added, last };
}
