// The report of a load tool, in one shape for all tools.
import { UnreadableEvidence } from '../analysis.ts';

/** A point of the distribution: `share` of the requests were answered within `ms`. */
export interface Quantile {
  /** 0-1. */
  share: number;
  ms: number;
}

export interface ReportedEndpoint {
  /** `POST /api/order/create`; `all requests` where the tool has no endpoints. */
  endpoint: string;
  /** null where the report does not contain it. */
  requests: number | null;
  /** null where the report does not contain it. */
  failed: number | null;
  /** `failed` is a lower bound, because the tool omits some failures: it can fail but not pass. */
  failedAtLeast?: true;
  /** Number of requests in the quantiles, where it is not all of them. */
  timed?: number;
  /** Requests without a response, which are not in the quantiles. Default: none. */
  unanswered?: number;
  /** Requests that the tool cut off at its end: not failures, with unknown latency. Default: none. */
  cutOff?: number;
  /** By rising share; the last one is the maximum where known. Empty without requests. */
  quantiles: Quantile[];
}

export interface LoadReport {
  tool: string;
  /**
   * `open`: requests are sent independently of responses; `closed`: each waits for the one before, so slow responses reduce the load
   * (coordinated omission). `unknown` counts as closed.
   */
  model: 'open' | 'closed' | 'unknown';
  endpoints: ReportedEndpoint[];
  /** Largest deviation of send times from an even rate, ms: the longest that a request may have waited. Default: 0. */
  deviationMs?: number;
  /** Requests that were planned and not sent; null where unknown. */
  dropped: number | null;
  /** Crossed thresholds of the script, by metric. Default: none. */
  crossed?: ReadonlyMap<string, readonly string[]>;
  /** Limits of the data: resolution, omitted requests. */
  notes: string[];
}

/** Endpoint name of tools without endpoints. */
export const ALL_REQUESTS = 'all requests';

/** The report, if its counts are consistent. Throws UnreadableEvidence with the endpoint. */
export function consistent(report: LoadReport): LoadReport {
  for (const { endpoint, requests, failed, timed, unanswered, cutOff } of report.endpoints) {
    for (const count of [requests, failed, timed, unanswered, cutOff])
      if (typeof count === 'number' && !Number.isSafeInteger(count))
        throw new UnreadableEvidence(`${count} is not a number of requests`, endpoint, 'export the report again');
    if (failed !== null && requests !== null && failed > requests)
      throw new UnreadableEvidence(`${failed} of ${requests} requests failed, which is impossible`, endpoint, 'export the report again');
  }
  return report;
}

/** Exact quantiles of values in ms, at every rank that decides: p50, p90, p95, p99, p99.9, the bounds and the maximum. */
export function quantilesOf(values: Float64Array, ranks: readonly number[]): Quantile[] {
  const sorted = values.toSorted();
  const wanted = new Set([...ranks, sorted.length].filter((rank) => rank >= 1 && rank <= sorted.length));
  return [...wanted].sort((a, b) => a - b).map((rank) => ({ share: rank / sorted.length, ms: sorted[rank - 1] as number }));
}
