// Vegeta's results, one request a line (`vegeta encode --to json`): exact, and with the time of each send.
import { UnreadableEvidence } from '../analysis.ts';
import { latency } from '../../verdict/wording/index.ts';
import { MAX_ENDPOINTS, OTHER_ENDPOINTS } from '../load-test/summary.ts';
import { decidingQuantiles } from './judge.ts';
import { ALL_REQUESTS, type LoadReport } from './report.ts';

interface Counts {
  /** Latencies of answered requests, ms. */
  values: number[];
  failed: number;
  unanswered: number;
}

/** Throws UnreadableEvidence with the malformed line. */
export function vegetaResults(text: string): LoadReport {
  const byEndpoint = new Map<string, Counts>();
  const sentMs: number[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const { endpoint, code, latencyMs, atMs } = resultIn(line, i + 1);
    const key = byEndpoint.has(endpoint) || byEndpoint.size < MAX_ENDPOINTS ? endpoint : OTHER_ENDPOINTS;
    const counts = byEndpoint.get(key) ?? { values: [], failed: 0, unanswered: 0 };
    // Code 0 is no response (refused or timed out): its duration is not a latency of the service.
    if (code > 0) counts.values.push(latencyMs);
    else counts.unanswered += 1;
    if (!(code >= 200 && code < 400)) counts.failed += 1;
    sentMs.push(atMs);
    byEndpoint.set(key, counts);
  });
  const deviationMs = deviationFromEven(Float64Array.from(sentMs));
  return {
    tool: 'vegeta results',
    model: deviationMs === null ? 'unknown' : 'open',
    ...(deviationMs === null ? {} : { deviationMs }),
    endpoints: [...byEndpoint].map(([endpoint, { values, failed, unanswered }]) => ({
      endpoint,
      requests: values.length + unanswered,
      failed,
      timed: values.length,
      unanswered,
      quantiles: decidingQuantiles(Float64Array.from(values), values.length + unanswered),
    })),
    dropped: null,
    notes: [
      ...(deviationMs === null ? [] : [`send times deviate up to ${latency(deviationMs)} from an even rate`]),
      'vegeta counts redirects (3xx) as successes',
    ],
  };
}

interface Result {
  endpoint: string;
  /** 0 without a response. */
  code: number;
  latencyMs: number;
  /** Send time, milliseconds since 1970; NaN where it is missing. */
  atMs: number;
}

function resultIn(line: string, number: number): Result {
  let result: { code?: unknown; latency?: unknown; method?: unknown; url?: unknown; timestamp?: unknown } | null;
  try {
    result = JSON.parse(line) as typeof result;
  } catch {
    result = null;
  }
  if (typeof result?.latency !== 'number' || !(result.latency >= 0) || typeof result.code !== 'number')
    throw new UnreadableEvidence('not a result of vegeta', `line ${number}`, 'run `vegeta encode --to json` again');
  const path = typeof result.url === 'string' && URL.canParse(result.url) ? new URL(result.url).pathname : '';
  return {
    endpoint: path === '' ? ALL_REQUESTS : `${typeof result.method === 'string' ? result.method : 'GET'} ${path}`,
    code: result.code,
    latencyMs: result.latency / 1e6,
    atMs: typeof result.timestamp === 'string' ? Date.parse(result.timestamp) : Number.NaN,
  };
}

/** Timestamps have milliseconds. */
const RESOLUTION_MS = 1;

/**
 * Largest deviation of send times from an even rate, ms: the most that a request may have waited for the response to another one. Results
 * do not contain vegeta's options (a rate, or `-rate=0 -max-workers=N`). Null with a missing timestamp or a single request.
 */
function deviationFromEven(sentMs: Float64Array): number | null {
  const sorted = sentMs.toSorted();
  const [first = NaN, last = NaN] = [sorted[0], sorted.at(-1)];
  // A missing timestamp sorts last.
  if (sorted.length < 2 || Number.isNaN(last)) return null;
  const step = (last - first) / (sorted.length - 1);
  let early = 0;
  let late = 0;
  sorted.forEach((at, i) => {
    const off = at - first - i * step;
    early = Math.min(early, off);
    late = Math.max(late, off);
  });
  return Math.round(late - early) + RESOLUTION_MS;
}
