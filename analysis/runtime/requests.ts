// What a pod itself counted of the requests it answered, from the page it shows Prometheus.

/**
 * Questions of machines to machines (kubelet's probes, the scrape itself). They are fast and never fail, so with little traffic they
 * would thin out bad answers and make up the fewest requests a verdict needs. A histogram without a `route` label keeps all of its series.
 */
export const PROBE_ROUTES = '/healthz|/livez|/readyz|/metrics';

/** The name that the usual Go middleware gives it, as the guard's default has it. */
const SERIES = /^http_request_duration_seconds_(sum|count)(?:\{(.*)\})? (\S+)/gm;
const PROBE = new RegExp(`(?:^|,)route="(?:${PROBE_ROUTES})"`);

export interface RequestTotals {
  /** Since the process started. */
  requests: number;
  seconds: number;
}

/** Sums the histogram over all of its series but probes. null where the page has none, or one that is no number. */
export function readRequestTotals(text: string): RequestTotals | null {
  const totals = { sum: 0, count: 0 };
  const seen = new Set<string>();
  for (const [, part, labels = '', value] of text.matchAll(SERIES)) {
    if (PROBE.test(labels)) continue;
    seen.add(part as string);
    totals[part as keyof typeof totals] += Number(value);
  }
  const { sum, count } = totals;
  return seen.size === 2 && Number.isFinite(sum) && Number.isFinite(count) ? { requests: count, seconds: sum } : null;
}
