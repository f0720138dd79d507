// Requests that a pod itself counted, from its metrics page.

/**
 * Requests of machines (kubelet's probes, the scrape itself). They are fast and never fail, so with little traffic they would hide errors
 * and make up the minimum of requests that a verdict needs. A histogram without a `route` label keeps all of its series.
 */
export const PROBE_ROUTES = '/healthz|/livez|/readyz|/metrics';

/** The histogram of the usual Go middleware, as in the guard's default. */
const SERIES = /^http_request_duration_seconds_(sum|count)(?:\{(.*)\})? (\S+)/gm;
const PROBE = new RegExp(`(?:^|,)route="(?:${PROBE_ROUTES})"`);

export interface RequestTotals {
  /** Since the process started. */
  requests: number;
  seconds: number;
}

/** Sums the histogram over all series but probes. Null where the page has none, or a value that is not a number. */
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
