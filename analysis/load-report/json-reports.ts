// Reports that are one JSON document: vegeta, oha, autocannon, and k6's summaries (k6-summaries.ts).
import { count } from '../../verdict/wording/index.ts';
import { isObject, pointsOf, share, whole, wholeOrNone, type Json } from './figures.ts';
import { k6Machine, k6Summary } from './k6-summaries.ts';
import { ALL_REQUESTS, consistent, type LoadReport } from './report.ts';

/** The report in a JSON document, or null where it is none of a tool known here. Throws UnreadableEvidence where figures are damaged. */
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
 * With `-rate=0 -max-workers=N` vegeta waits for answers, and with a rate it may where `-max-workers` is too small: neither stands in its
 * report. Its results do tell (vegeta-results.ts).
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
      'vegeta estimates percentiles; `vegeta encode --to json` gives every request and when it was sent, which is exact and tells whether the load was open',
      ...(unanswered === 0
        ? []
        : [
            `requests without an answer are among the percentiles, with the time they took to fail: ${count(unanswered)} of ${count(requests)}`,
          ]),
      'vegeta counts redirects (3xx) as successes',
    ],
  };
}

/** What oha calls requests that were under way when `-z` was over, about one per connection; its own success rate leaves them out too. */
const OHA_GAVE_UP = 'aborted due to deadline';

function oha(document: Json, percentiles: Json, summary: Json): LoadReport {
  const codes = isObject(document['statusCodeDistribution']) ? document['statusCodeDistribution'] : {};
  const errors = isObject(document['errorDistribution']) ? document['errorDistribution'] : {};
  const sum = (of: Json, place: string, wanted: (name: string) => boolean) =>
    Object.keys(of)
      .filter(wanted)
      .reduce((total, name) => total + whole(of, name, place), 0);
  const unanswered = sum(errors, 'errorDistribution', (error) => error !== OHA_GAVE_UP);
  const cutOff = wholeOrNone(errors, OHA_GAVE_UP, 'errorDistribution');
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
      'requests without an answer are not among the percentiles',
      ...(cutOff === 0 ? [] : [`${count(cutOff)} requests were under way when its time was over: they are not counted as failed`]),
      'with -q and --latency-correction it was an open model; the report does not say',
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
    notes: ['percentiles are whole milliseconds', 'with -R it was an open model and corrected for it; the report does not say'],
  };
}
