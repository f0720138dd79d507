// What a load tool says of a run, in one shape whatever the tool.
import { UnreadableEvidence } from '../analysis.ts';

/** A known point of the distribution: `share` of the requests were answered within `ms`. */
export interface Quantile {
  /** 0-1. */
  share: number;
  ms: number;
}

export interface ReportedEndpoint {
  /** `POST /api/order/create`; `all requests` where the tool does not tell them apart. */
  endpoint: string;
  /** null where the tool does not tell. */
  requests: number | null;
  /** null where the tool does not tell. */
  failed: number | null;
  /** The tool leaves failures out: there were `failed` at least, which can fail but not pass. */
  failedAtLeast?: true;
  /** How many requests the quantiles are of, where that is not all of them. */
  timed?: number;
  /** Requests whose time is not among the quantiles because no answer came: they may have taken any time. None when left out. */
  unanswered?: number;
  /** Requests that the tool gave up when its own time was over: no failures, and any time may have been theirs. None when left out. */
  cutOff?: number;
  /** By rising share; the last one is the maximum where it is known. Without requests, empty. */
  quantiles: Quantile[];
}

export interface LoadReport {
  tool: string;
  /**
   * `open`: requests were sent whatever the answers; `closed`: the next one waited for the one before, so slow answers kept load away
   * (coordinated omission). `unknown` counts as closed.
   */
  model: 'open' | 'closed' | 'unknown';
  endpoints: ReportedEndpoint[];
  /** How far sends strayed from an even rate, ms: the most that one may have waited for its turn. 0 when left out. */
  strayMs?: number;
  /** Requests that should have been sent and were not; null where it is not told. */
  dropped: number | null;
  /** Thresholds of the script's own that were crossed, by metric. None when left out. */
  crossed?: ReadonlyMap<string, readonly string[]>;
  /** What a reader must know: the tool's resolution, requests it leaves out. */
  notes: string[];
}

/** Where a tool does not tell endpoints apart. */
export const ALL_REQUESTS = 'all requests';

/** The report, unless its counts cannot be. Throws UnreadableEvidence naming the endpoint. */
export function consistent(report: LoadReport): LoadReport {
  for (const { endpoint, requests, failed, timed, unanswered, cutOff } of report.endpoints) {
    for (const count of [requests, failed, timed, unanswered, cutOff])
      if (typeof count === 'number' && !Number.isSafeInteger(count))
        throw new UnreadableEvidence(`${count} is no count of requests`, endpoint, 'export the report again');
    if (failed !== null && requests !== null && failed > requests)
      throw new UnreadableEvidence(`${failed} of ${requests} requests failed, which cannot be`, endpoint, 'export the report again');
  }
  return report;
}

/** Exact quantiles of values in ms, at every rank that decides something: p50, p90, p95, p99, p99.9, the bounds and the maximum. */
export function quantilesOf(values: Float64Array, ranks: readonly number[]): Quantile[] {
  const sorted = values.toSorted();
  const wanted = new Set([...ranks, sorted.length].filter((rank) => rank >= 1 && rank <= sorted.length));
  return [...wanted].sort((a, b) => a - b).map((rank) => ({ share: rank / sorted.length, ms: sorted[rank - 1] as number }));
}
