// When nothing that follows can mend a run. Whole numbers only, so that the answer is exact.
import { CONFIDENCE, MIN_COUNT_FOR_P99, wilson } from '../statistics/index.ts';
import { limitsOf, type LoadLimits } from './plan.ts';
import type { LiveEndpoint } from './summary.ts';

export interface RequestsSoFar {
  requests: number;
  /** Those on the wrong side: slower than the p99 limit, or failed. */
  bad: number;
  /** The most requests that can still come to this endpoint; all that the plan still holds, unless more is known. */
  stillToCome: number;
}

/**
 * True when even if every request still to come were good, more than `allowedPercent` of all would be bad. For a p99 this is 1 %: by nearest
 * rank the p99 of N requests is over the limit exactly when more than N/100 of them are. Shares are taken to a millionth.
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
 * The most requests that `iterationsLeft` iterations can still send: each as many as those before, rounded up, and without limit before the
 * first one has ended, for until then nobody knows.
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
  /** Nothing that the plan still holds can mend it. */
  hopeless: boolean;
}

/** Endpoints that break a limit already now, with the confidence the final judgement asks for; a breach may still mend unless it is hopeless. */
export function breaches(endpoints: Iterable<LiveEndpoint>, limits: LoadLimits, stillToCome: number): Breach[] {
  const found: Breach[] = [];
  for (const each of endpoints) {
    if (each.requests < MIN_COUNT_FOR_P99) continue;
    const { p99Ms, errorPercent } = limitsOf(each.endpoint, limits);
    const so = (bad: number): RequestsSoFar => ({ requests: each.requests, bad, stillToCome });
    const lowerMs = each.p99LowerMs();
    if (lowerMs !== null && lowerMs > p99Ms) {
      found.push({ endpoint: each.endpoint, what: 'latency', hopeless: isHopeless(so(each.overLimit), BEYOND_P99_PERCENT) });
    }
    if (100 * wilson(each.failed, each.requests, CONFIDENCE, each.failedBurst()).lower > errorPercent) {
      found.push({ endpoint: each.endpoint, what: 'errors', hopeless: isHopeless(so(each.failed), errorPercent) });
    }
  }
  return found;
}
