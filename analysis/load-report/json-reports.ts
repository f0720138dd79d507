// Reports that are one JSON document: k6 (three generations), vegeta, oha, autocannon.
import { UnreadableEvidence } from '../analysis.ts';
import { ALL_REQUESTS, type LoadReport, type Quantile, type ReportedEndpoint } from './report.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The report in a JSON document, or null where it is none of a tool known here. Throws UnreadableEvidence where figures are damaged. */
export function readJsonReport(document: unknown): LoadReport | null {
  if (!isObject(document)) return null;
  const { metrics, latencies, latencyPercentiles, latency, results } = document;
  if (isObject(results) && Array.isArray(results['metrics'])) return k6Machine(results['metrics']);
  if (isObject(metrics)) return k6Summary(metrics);
  if (isObject(latencies) && 'requests' in document) return vegeta(document, latencies);
  if (isObject(latencyPercentiles) && isObject(document['summary'])) return oha(document, latencyPercentiles, document['summary']);
  if (isObject(latency) && 'p99' in latency && isObject(document['requests'])) return autocannon(document, latency, document['requests']);
  return null;
}

const WAY_OUT = 'export the report again';

/** A figure of at least 0. Throws where it is anything else. */
function figure(of: Json, name: string, place: string): number {
  const value = of[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new UnreadableEvidence(`${JSON.stringify(value) ?? 'nothing'} is no figure of a load report`, `${place}.${name}`, WAY_OUT);
}
const optional = (of: Json, name: string, place: string): number | null =>
  of[name] === undefined || of[name] === null ? null : figure(of, name, place);

function pointsOf(of: Json, names: Readonly<Record<string, number>>, unitMs: number, place: string): Quantile[] {
  return Object.entries(names)
    .flatMap(([name, share]) => {
      const value = optional(of, name, place);
      return value === null ? [] : [{ share, ms: value * unitMs }];
    })
    .sort((a, b) => a.share - b.share);
}

const K6_POINTS = { med: 0.5, 'p(50)': 0.5, 'p(90)': 0.9, 'p(95)': 0.95, 'p(99)': 0.99, 'p(99.9)': 0.999, max: 1 };
const ENDPOINT = /^http_req_duration\{(?:.*,)?name:([^,}]+)/u;

/** `handleSummary` data and the older `--summary-export`: values under `values`, or flat beside the thresholds. */
function k6Summary(metrics: Json): LoadReport {
  const valuesOf = (name: string): Json | null => {
    const metric = metrics[name];
    if (!isObject(metric)) return null;
    return isObject(metric['values']) ? metric['values'] : metric;
  };
  const duration = valuesOf('http_req_duration');
  const requests = valuesOf('http_reqs');
  if (duration === null || requests === null)
    throw new UnreadableEvidence('there is no http_req_duration and http_reqs', 'metrics', 'summarize a run that made HTTP requests');
  const failed = valuesOf('http_req_failed');
  const total = figure(requests, 'count', 'metrics.http_reqs');
  const rate =
    failed === null
      ? 0
      : (optional(failed, 'rate', 'metrics.http_req_failed') ?? optional(failed, 'value', 'metrics.http_req_failed') ?? 0);
  const endpoints: ReportedEndpoint[] = [
    {
      endpoint: ALL_REQUESTS,
      requests: total,
      failed: Math.round(rate * total),
      quantiles: pointsOf(duration, K6_POINTS, 1, 'metrics.http_req_duration'),
    },
  ];
  const tagged = Object.keys(metrics).flatMap((name) => ENDPOINT.exec(name)?.[1] ?? []);
  const dropped = valuesOf('dropped_iterations');
  return {
    tool: 'k6 summary',
    model: dropped === null ? 'unknown' : 'open',
    endpoints,
    seconds: null,
    dropped: dropped === null ? null : figure(dropped, 'count', 'metrics.dropped_iterations'),
    notes: [
      ...(endpoints[0]?.quantiles.some(({ share }) => share === 0.99)
        ? []
        : ['it holds no p(99): ask for it with summaryTrendStats, or give the points (--out json)']),
      ...(tagged.length > 0
        ? [`counts of single endpoints are not in a summary; their percentiles are (${tagged.join(', ')}): give the points to judge them`]
        : []),
    ],
  };
}

/** The machine-readable summary of k6 1.x and 2.x. */
function k6Machine(metrics: readonly unknown[]): LoadReport {
  const byName = new Map(metrics.filter(isObject).map((metric) => [metric['name'], isObject(metric['values']) ? metric['values'] : {}]));
  const duration = byName.get('http_req_duration');
  const requests = byName.get('http_reqs');
  if (!duration || !requests)
    throw new UnreadableEvidence(
      'there is no http_req_duration and http_reqs',
      'results.metrics',
      'summarize a run that made HTTP requests',
    );
  const total = figure(requests, 'count', 'results.metrics.http_reqs');
  const failed = byName.get('http_req_failed');
  const dropped = byName.get('dropped_iterations');
  return {
    tool: 'k6 machine-readable summary',
    model: dropped ? 'open' : 'unknown',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: total,
        failed: failed ? figure(failed, 'matches', 'results.metrics.http_req_failed') : 0,
        quantiles: pointsOf(duration, K6_POINTS, 1, 'results.metrics.http_req_duration'),
      },
    ],
    seconds: null,
    dropped: dropped ? figure(dropped, 'count', 'results.metrics.dropped_iterations') : null,
    notes: ['this summary never holds a p(99); give the points (--out json)'],
  };
}

const NANOSECOND_MS = 1e-6;

function vegeta(document: Json, latencies: Json): LoadReport {
  const requests = figure(document, 'requests', 'report');
  const points = pointsOf(latencies, { '50th': 0.5, '90th': 0.9, '95th': 0.95, '99th': 0.99, max: 1 }, NANOSECOND_MS, 'latencies');
  return {
    tool: 'vegeta report',
    model: 'open',
    endpoints: [
      { endpoint: ALL_REQUESTS, requests, failed: Math.round(requests * (1 - figure(document, 'success', 'report'))), quantiles: points },
    ],
    seconds: (optional(document, 'duration', 'report') ?? 0) / 1e9,
    dropped: null,
    notes: [
      'vegeta estimates percentiles; `vegeta encode` gives every request, which is exact',
      'vegeta counts redirects (3xx) as successes',
    ],
  };
}

function oha(document: Json, percentiles: Json, summary: Json): LoadReport {
  const codes = isObject(document['statusCodeDistribution']) ? document['statusCodeDistribution'] : {};
  const errors = isObject(document['errorDistribution']) ? document['errorDistribution'] : {};
  const sum = (of: Json, place: string, wanted: (name: string) => boolean) =>
    Object.keys(of)
      .filter(wanted)
      .reduce((total, name) => total + figure(of, name, place), 0);
  const unanswered = sum(errors, 'errorDistribution', () => true);
  const requests = sum(codes, 'statusCodeDistribution', () => true) + unanswered;
  return {
    tool: 'oha',
    model: 'unknown',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests,
        failed: sum(codes, 'statusCodeDistribution', (code) => Number(code) >= 400) + unanswered,
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
    seconds: optional(summary, 'total', 'summary'),
    dropped: null,
    notes: [
      'requests without an answer are not among the percentiles',
      'with -q and --latency-correction it was an open model; the report does not say',
    ],
  };
}

function autocannon(document: Json, latency: Json, requests: Json): LoadReport {
  const total = figure(requests, 'total', 'requests') + (optional(document, 'errors', 'report') ?? 0);
  const shares = { p50: 0.5, p75: 0.75, p90: 0.9, p97_5: 0.975, p99: 0.99, p99_9: 0.999, p99_99: 0.9999, p99_999: 0.99999, max: 1 };
  return {
    tool: 'autocannon',
    model: 'unknown',
    endpoints: [
      {
        endpoint: ALL_REQUESTS,
        requests: total,
        failed: (optional(document, 'non2xx', 'report') ?? 0) + (optional(document, 'errors', 'report') ?? 0),
        quantiles: pointsOf(latency, shares, 1, 'latency'),
      },
    ],
    seconds: optional(document, 'duration', 'report'),
    dropped: null,
    notes: ['percentiles are whole milliseconds', 'with -R it was an open model and corrected for it; the report does not say'],
  };
}
