// k6's summaries in three formats: `handleSummary` data, the older `--summary-export`, and the machine-readable one of k6 1.x and 2.x. None
// contains the executor, and `dropped_iterations` does not show it, so a summary can fail a service and never pass it.
import { UnreadableEvidence } from '../analysis.ts';
import { isObject, optional, pointsOf, share, HINT, whole, type Json } from './figures.ts';
import { ALL_REQUESTS, type LoadReport, type ReportedEndpoint } from './report.ts';

const POINTS = { med: 0.5, 'p(50)': 0.5, 'p(90)': 0.9, 'p(95)': 0.95, 'p(99)': 0.99, 'p(99.9)': 0.999, max: 1 };

/** Values are under `values`, or beside the thresholds. */
export function k6Summary(metrics: Json): LoadReport {
  const byName = new Map(
    Object.entries(metrics).flatMap(([name, metric]) =>
      isObject(metric) ? [[name, isObject(metric['values']) ? metric['values'] : metric] as const] : [],
    ),
  );
  const report = reportOf('k6 summary', 'metrics', byName);
  const hasP99 = report.endpoints[0]?.quantiles.some((quantile) => quantile.share === 0.99);
  return {
    ...report,
    crossed: crossedOf(Object.entries(metrics), 'metrics'),
    notes: [...(hasP99 ? [] : ['it contains no p(99): add it to summaryTrendStats, or use the points (--out json)']), ...report.notes],
  };
}

export function k6Machine(list: readonly unknown[]): LoadReport {
  const metrics = list.flatMap((metric) =>
    isObject(metric) && typeof metric['name'] === 'string' ? [[metric['name'], metric] as const] : [],
  );
  const byName = new Map(metrics.map(([name, { values }]) => [name, isObject(values) ? values : {}]));
  const report = reportOf('k6 machine-readable summary', 'results.metrics', byName);
  return {
    ...report,
    crossed: crossedOf(metrics, 'results.metrics'),
    notes: ['this summary never contains a p(99); use the points (--out json)', ...report.notes],
  };
}

function reportOf(tool: string, place: string, metrics: ReadonlyMap<string, Json>): LoadReport {
  if (!metrics.has('http_req_duration') || !metrics.has('http_reqs'))
    throw new UnreadableEvidence('http_req_duration or http_reqs is missing', place, 'summarize a run with HTTP requests');
  const tagged = [...metrics.keys()].flatMap((name) => {
    const tags = TAGGED.exec(name)?.[1];
    return tags === undefined ? [] : [endpointOf(nameOf(tags), tags, place, metrics)];
  });
  const dropped = metrics.get('dropped_iterations');
  return {
    tool,
    model: 'unknown',
    endpoints: [endpointOf(ALL_REQUESTS, '', place, metrics), ...tagged],
    dropped: dropped === undefined ? null : whole(dropped, 'count', `${place}.dropped_iterations`),
    notes: tagged.some(({ requests }) => requests === null)
      ? ['requests per endpoint are missing: add count to summaryTrendStats, or a threshold on http_reqs{name:...}']
      : [],
  };
}

/** `http_req_duration{name:GET /a}`: k6 writes metrics of tags that a threshold names. */
const TAGGED = /^http_req_duration(\{.*\bname:.*\})$/u;

/** `GET /a` of `{name:GET /a}`; all of several tags, which select a part of the endpoint's requests. */
function nameOf(tags: string): string {
  const inside = tags.slice(1, -1).trim();
  return /^name:([^,]+)$/u.exec(inside)?.[1]?.trim() ?? inside;
}

/** @param tags `{name:GET /a}`, or empty for all requests. */
function endpointOf(endpoint: string, tags: string, place: string, metrics: ReadonlyMap<string, Json>): ReportedEndpoint {
  const metric = (name: string): { values: Json; at: string } | null => {
    const values = metrics.get(name + tags);
    return values === undefined ? null : { values, at: `${place}.${name}${tags}` };
  };
  const [duration, sent, failed] = [metric('http_req_duration'), metric('http_reqs'), metric('http_req_failed')];
  const { matches, total, rate } = failed === null ? { matches: null, total: null, rate: null } : rateOf(failed.values, failed.at);
  // With `count` in summaryTrendStats the latencies contain the number of requests.
  const timed =
    duration === null || optional(duration.values, 'count', duration.at) === null ? null : whole(duration.values, 'count', duration.at);
  const requests = sent === null ? (total ?? timed) : whole(sent.values, 'count', sent.at);
  return {
    endpoint,
    requests,
    failed: matches ?? (rate === null || requests === null ? null : Math.round(rate * requests)),
    quantiles: duration === null ? [] : pointsOf(duration.values, POINTS, 1, duration.at),
  };
}

interface Rate {
  matches: number | null;
  total: number | null;
  /** 0-1. */
  rate: number | null;
}

/** `{matches, total, rate}`, `{passes, fails, rate}`, or flat with `value` for the rate; for http_req_failed, passes are failures. */
function rateOf(values: Json, at: string): Rate {
  const rate = values['rate'] === undefined ? 'value' : 'rate';
  const count = (name: string): number | null => (optional(values, name, at) === null ? null : whole(values, name, at));
  const [matches, fails] = [count('matches') ?? count('passes'), count('fails')];
  return {
    matches,
    total: count('total') ?? (matches === null || fails === null ? null : matches + fails),
    rate: optional(values, rate, at) === null ? null : share(values, rate, at),
  };
}

/** Crossed thresholds: `{ok: false}`, and in the older export `true`, which means failed there. */
function crossedOf(metrics: readonly (readonly [string, unknown])[], place: string): Map<string, string[]> {
  const crossed = new Map<string, string[]>();
  for (const [name, metric] of metrics) {
    if (!isObject(metric) || !isObject(metric['thresholds'])) continue;
    for (const [threshold, result] of Object.entries(metric['thresholds'])) {
      const failed = isObject(result) && typeof result['ok'] === 'boolean' ? !result['ok'] : result;
      if (typeof failed !== 'boolean')
        throw new UnreadableEvidence('not the result of a threshold', `${place}.${name}.thresholds.${threshold}`, HINT);
      if (failed) crossed.set(name, [...(crossed.get(name) ?? []), threshold]);
    }
  }
  return crossed;
}
