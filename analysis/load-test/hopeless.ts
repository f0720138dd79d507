// Detects when a run can no longer pass. Integers only, so that the answer is exact.
import { CONFIDENCE, MIN_COUNT_FOR_P99, wilson } from '../statistics/index.ts';
import { limitsOf, type LoadLimits } from './plan.ts';
import type { LiveEndpoint } from './summary.ts';

export interface RequestsSoFar {
  requests: number;
  /** Requests slower than the p99 limit, or failed. */
  bad: number;
  /** The most requests that this endpoint can still get; all of the plan's, unless more is known. */
  stillToCome: number;
}

/**
 * True when more than `allowedPercent` of all requests would be bad even if all further ones were good. For a p99 this is 1 %: by nearest
 * rank the p99 of N requests breaks the limit exactly when more than N/100 of them do. Shares are exact to a millionth.
 */
export function isHopeless({ requests, bad, stillToCome }: RequestsSoFar, allowedPercent: number): boolean {
  for (const value of [requests, bad, stillToCome]) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`counts are whole numbers of at least 0, not ${value}`);
  }
  const allowedPerMillion = Math.round(allowedPercent * 10_000);
  return bad * 1_000_000 > allowedPerMillion * (requests + stillToCome);
}

/** More than any run sends. */
const UNKNOWN_COUNT = Number.MAX_SAFE_INTEGER;

/**
 * The most requests that `iterationsLeft` iterations can send: each as many as the earlier ones, rounded up; unlimited before the first one
 * has ended.
 */
export function requestsStillToCome(iterationsLeft: number, { requests, iterations }: { requests: number; iterations: number }): number {
  if (iterationsLeft <= 0) return 0;
  if (iterations === 0) return UNKNOWN_COUNT;
  return iterationsLeft * Math.max(1, Math.ceil(requests / iterations));
}

/** Share of requests that may be slower than the p99. */
const BEYOND_P99_PERCENT = 1;

export interface Breach {
  endpoint: string;
  what: 'latency' | 'errors';
  /** True when the rest of the plan cannot repair it. */
  hopeless: boolean;
}

/** Endpoints that break a limit now, with the confidence of the final judgement; a breach that is not hopeless may still be repaired. */
export function breaches(endpoints: Iterable<LiveEndpoint>, limits: LoadLimits, stillToCome: number): Breach[] {
  const found: Breach[] = [];
  for (const each of endpoints) {
    if (each.requests < MIN_COUNT_FOR_P99) continue;
    const { p99Ms, errorPercent } = limitsOf(each.endpoint, limits);
    const soFar = (bad: number): RequestsSoFar => ({ requests: each.requests, bad, stillToCome });
    const lowerMs = each.p99LowerMs();
    if (lowerMs !== null && lowerMs > p99Ms) {
      found.push({ endpoint: each.endpoint, what: 'latency', hopeless: isHopeless(soFar(each.overLimit), BEYOND_P99_PERCENT) });
    }
    if (100 * wilson(each.failed, each.requests, CONFIDENCE, each.failedBurst()).lower > errorPercent) {
      found.push({ endpoint: each.endpoint, what: 'errors', hopeless: isHopeless(soFar(each.failed), errorPercent) });
    }
  }
  return found;
}
