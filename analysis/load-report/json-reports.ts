// JSON reports: vegeta, oha, autocannon, and k6's summaries (k6-summaries.ts).
import { count } from '../../verdict/wording/index.ts';
import { isObject, pointsOf, share, whole, wholeOrNone, type Json } from './figures.ts';
import { k6Machine, k6Summary } from './k6-summaries.ts';
import { ALL_REQUESTS, consistent, type LoadReport } from './report.ts';

/** The report in a JSON document, or null for an unknown tool. Throws UnreadableEvidence on damaged values. */
export function readJsonReport(document: unknown): LoadReport | null {
  const report = isObject(document) ? reportIn(document) : null;
  return report && consistent(report);
}

function reportIn(document: Json): LoadReport | null {
  const { metrics, latencies, latencyPercentiles, latency, results } = document;
  if (isObject(results) && Array.isArray(results['metrics'])) return k6Machine(results['metrics']);
  if (isObject(metrics)) return k6Summary(metrics);
  if (isObject(latencies) && 'requests' in document) return vegeta(document, latencies);
  if (isObject(latencyPercentiles) && isObject(document['summary'])) return oha(document, latencyPercentiles, document['summary']);
  if (isObject(latency) && 'p99' in latency && isObject(document['requests'])) return autocannon(document, latency, document['requests']);
  return null;
}

const NANOSECOND_MS = 1e-6;

/**
 * vegeta waits for responses with `-rate=0 -max-workers=N`, or where `-max-workers` is too small for its rate. The report does not show it,
 * its results do (vegeta-results.ts).
 */
function vegeta(document: Json, latencies: Json): LoadReport {
  const requests = whole(document, 'requests', 'report');
  const failed = Math.round(requests * (1 - share(document, 'success', 'report')));
  const points = pointsOf(latencies, { '50th': 0.5, '90th': 0.9, '95th': 0.95, '99th': 0.99, max: 1 }, NANOSECOND_MS, 'latencies');
  const codes = isObject(document['status_codes']) ? document['status_codes'] : {};
  const unanswered = wholeOrNone(codes, '0', 'status_codes');
  return {
    tool: 'vegeta report',
    model: 'unknown',
    endpoints: [{ endpoint: ALL_REQUESTS, requests, failed, quantiles: points }],
    dropped: null,
    notes: [
      'vegeta estimates percentiles; `vegeta encode --to json` is exact and shows whether the load model was open',
      ...(unanswered === 0
        ? []
        : [
            `the percentiles include requests without a response, with the time until they failed: ${count(unanswered)} of ${count(requests)}`,
          ]),
      'vegeta counts redirects (3xx) as successes',
    ],
  };
}

/** oha's name for requests in flight at the end of `-z`, about one per connection; its own success rate excludes them too. */
const OHA_CUT_OFF = 'aborted due to deadline';

function oha(document: Json, percentiles: Json, summary: Json): LoadReport {
  const codes = isObject(document['statusCodeDistribution']) ? document['statusCodeDistribution'] : {};
  const errors = isObject(document['errorDistribution']) ? document['errorDistribution'] : {};
  const sum = (counts: Json, place: string, wanted: (name: string) => boolean) =>
    Object.keys(counts)
      .filter(wanted)
      .reduce((total, name) => total + whole(counts, name, place), 0);
  const unanswered = sum(errors, 'errorDistribution', (error) => error !== OHA_CUT_OFF);
  const cutOff = wholeOrNone(errors, OHA_CUT_OFF, 'errorDistribution');
  const timed = sum(codes, 'statusCodeDistribution', () => true);
  return {
    tool: 'oha',
    model: 'unknown',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: timed + unanswered,
        failed: sum(codes, 'statusCodeDistribution', (code) => Number(code) >= 400) + unanswered,
        timed,
        unanswered,
        cutOff,
        quantiles: [
          ...pointsOf(
            percentiles,
            { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, 'p99.9': 0.999, 'p99.99': 0.9999 },
            1_000,
            'latencyPercentiles',
          ),
          ...pointsOf(summary, { slowest: 1 }, 1_000, 'summary'),
        ],
      },
    ],
    dropped: null,
    notes: [
      'requests without a response are not in the percentiles',
      ...(cutOff === 0 ? [] : [`${count(cutOff)} requests were in flight at the end: they do not count as failed`]),
      'with -q and --latency-correction the load model was open; the report does not show it',
    ],
  };
}

function autocannon(document: Json, latency: Json, requests: Json): LoadReport {
  const timed = whole(requests, 'total', 'requests');
  const unanswered = wholeOrNone(document, 'errors', 'report');
  const shares = { p50: 0.5, p75: 0.75, p90: 0.9, p97_5: 0.975, p99: 0.99, p99_9: 0.999, p99_99: 0.9999, p99_999: 0.99999, max: 1 };
  return {
    tool: 'autocannon',
    model: 'unknown',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: timed + unanswered,
        failed: wholeOrNone(document, 'non2xx', 'report') + unanswered,
        timed,
        unanswered,
        quantiles: pointsOf(latency, shares, 1, 'latency'),
      },
    ],
    dropped: null,
    notes: ['percentiles are whole milliseconds', 'with -R the load model was open and corrected for it; the report does not show it'],
  };
}
