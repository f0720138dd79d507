// Reports that are text: hey's CSV, wrk2's percentiles, vegeta's results one a line, HdrHistogram logs.
import { UnreadableEvidence } from '../analysis.ts';
import { readHdrLog, wholeHistogram } from './hdr-log.ts';
import { decidingQuantiles } from './judge.ts';
import { ALL_REQUESTS, type LoadReport, type Quantile } from './report.ts';

const HEY_HEADER = 'response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset';
const WRK2_TITLE = 'Detailed Percentile spectrum';

/** The report in a text, or null where it is none of a tool known here. Throws UnreadableEvidence naming the line that is damaged. */
export function readTextReport(text: string): LoadReport | null {
  if (text.startsWith(HEY_HEADER)) return hey(text);
  if (text.includes(WRK2_TITLE) || /^\s*Value\s+Percentile\s+TotalCount/mu.test(text.slice(0, 2_000))) return wrk2(text);
  if (text.startsWith('#[Histogram log format') || /^(?:Tag=[^,]+,)?[\d.]+,[\d.]+,[\d.]+,HISTF/mu.test(text.slice(0, 100_000)))
    return hdrLog(text);
  if (text.startsWith('{"attack":')) return vegetaResults(text);
  return null;
}

function hey(text: string): LoadReport {
  const values: number[] = [];
  let failed = 0;
  const lines = text.split('\n');
  lines.forEach((line, i) => {
    if (i === 0 || line.trim() === '') return;
    const cells = line.split(',');
    const [seconds, status] = [Number(cells[0]), Number(cells[6])];
    if (cells.length !== 8 || cells[0] === '' || !(seconds >= 0) || !Number.isFinite(seconds) || !Number.isInteger(status))
      throw new UnreadableEvidence('this is no row of hey', `line ${i + 1}`, 'run hey with -o csv again');
    values.push(seconds * 1_000);
    if (status >= 400) failed += 1;
  });
  return {
    tool: 'hey',
    model: 'closed',
    endpoints: [{ endpoint: ALL_REQUESTS, requests: values.length, failed, quantiles: decidingQuantiles(Float64Array.from(values)) }],
    seconds: null,
    dropped: null,
    notes: ['times are known to 0.1 ms', 'requests that got no answer are not in the file: the error rate is at least this'],
  };
}

function wrk2(text: string): LoadReport {
  const quantiles: Quantile[] = [];
  for (const [, value, share] of text.matchAll(/^\s*([\d.]+)\s+([\d.]+)\s+\d+\s+(?:[\d.]+|inf)\s*$/gmu))
    quantiles.push({ share: Number(share), ms: Number(value) });
  const requests = Number(/Total count\s*=\s*(\d+)/u.exec(text)?.[1] ?? NaN);
  if (quantiles.length === 0 || !Number.isFinite(requests))
    throw new UnreadableEvidence('there are no percentiles and no total count', 'line 1', 'run wrk2 with --latency again');
  const bad = Number(/Non-2xx or 3xx responses:\s*(\d+)/u.exec(text)?.[1] ?? 0);
  return {
    tool: 'wrk2',
    model: 'open',
    endpoints: [{ endpoint: ALL_REQUESTS, requests, failed: bad, quantiles }],
    seconds: null,
    dropped: null,
    notes: ['times count from when a request was due'],
  };
}

function hdrLog(text: string): LoadReport {
  const { intervals } = readHdrLog(text);
  const tags = [...new Set(intervals.map(({ tag }) => tag))];
  return {
    tool: 'HdrHistogram log',
    model: 'unknown',
    endpoints: tags.map((tag) => {
      const whole = wholeHistogram(intervals.filter((interval) => interval.tag === tag));
      const requests = whole?.totalCount ?? 0;
      const shares = [0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1];
      return {
        endpoint: tag ?? ALL_REQUESTS,
        requests,
        failed: null,
        // Logs count nanoseconds; their usual output is milliseconds.
        quantiles: whole === null ? [] : shares.map((share) => ({ share, ms: whole.getValueAtPercentile(share * 100) / 1e6 })),
      };
    }),
    seconds: null,
    dropped: null,
    notes: ['values are read as nanoseconds', 'a histogram knows nothing of errors'],
  };
}

function vegetaResults(text: string): LoadReport {
  const byEndpoint = new Map<string, { values: number[]; failed: number }>();
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    let result: { code?: unknown; latency?: unknown; method?: unknown; url?: unknown } | null;
    try {
      result = JSON.parse(line) as typeof result;
    } catch {
      result = null;
    }
    if (typeof result?.latency !== 'number' || !(result.latency >= 0) || typeof result.code !== 'number')
      throw new UnreadableEvidence('this is no result of vegeta', `line ${i + 1}`, 'run `vegeta encode --to json` again');
    const path = typeof result.url === 'string' && URL.canParse(result.url) ? new URL(result.url).pathname : '';
    const endpoint = path === '' ? ALL_REQUESTS : `${typeof result.method === 'string' ? result.method : 'GET'} ${path}`;
    const row = byEndpoint.get(endpoint) ?? { values: [], failed: 0 };
    row.values.push(result.latency / 1e6);
    if (!(result.code >= 200 && result.code < 400)) row.failed += 1;
    byEndpoint.set(endpoint, row);
  });
  return {
    tool: 'vegeta results',
    model: 'open',
    endpoints: [...byEndpoint].map(([endpoint, { values, failed }]) => ({
      endpoint,
      requests: values.length,
      failed,
      quantiles: decidingQuantiles(Float64Array.from(values)),
    })),
    seconds: null,
    dropped: null,
    notes: ['vegeta counts redirects (3xx) as successes'],
  };
}
