// What a load tool says of a run, in one shape whatever the tool.

/** A known point of the distribution: `share` of the requests were answered within `ms`. */
export interface Quantile {
  /** 0-1. */
  share: number;
  ms: number;
}

export interface ReportedEndpoint {
  /** `POST /api/order/create`; `all requests` where the tool does not tell them apart. */
  endpoint: string;
  requests: number;
  /** null where the tool does not tell. */
  failed: number | null;
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
  /** null where it is not told. */
  seconds: number | null;
  /** Requests that should have been sent and were not; null where it is not told. */
  dropped: number | null;
  /** What a reader must know: the tool's resolution, requests it leaves out. */
  notes: string[];
}

/** Where a tool does not tell endpoints apart. */
export const ALL_REQUESTS = 'all requests';

/** Exact quantiles of values in ms, at every rank that decides something: p50, p90, p95, p99, p99.9, the bounds and the maximum. */
export function quantilesOf(values: Float64Array, ranks: readonly number[]): Quantile[] {
  const sorted = values.toSorted();
  const wanted = new Set([...ranks, sorted.length].filter((rank) => rank >= 1 && rank <= sorted.length));
  return [...wanted].sort((a, b) => a - b).map((rank) => ({ share: rank / sorted.length, ms: sorted[rank - 1] as number }));
}
