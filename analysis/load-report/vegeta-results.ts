// Vegeta's results, one request a line (`vegeta encode --to json`): exact, and with the time at which each was sent.
import { UnreadableEvidence } from '../analysis.ts';
import { latency } from '../../verdict/wording/index.ts';
import { MAX_ENDPOINTS, OTHER_ENDPOINTS } from '../load-test/summary.ts';
import { decidingQuantiles } from './judge.ts';
import { ALL_REQUESTS, type LoadReport } from './report.ts';

interface Counts {
  /** Milliseconds of those that were answered. */
  values: number[];
  failed: number;
  unanswered: number;
}

/** Throws UnreadableEvidence naming the line that is no result. */
export function vegetaResults(text: string): LoadReport {
  const byEndpoint = new Map<string, Counts>();
  const sentMs: number[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const { endpoint, code, latencyMs, atMs } = resultIn(line, i + 1);
    const key = byEndpoint.has(endpoint) || byEndpoint.size < MAX_ENDPOINTS ? endpoint : OTHER_ENDPOINTS;
    const counts = byEndpoint.get(key) ?? { values: [], failed: 0, unanswered: 0 };
    // Code 0 is no answer: refused in a tenth of a millisecond or given up after half a minute, its time says nothing of the service.
    if (code > 0) counts.values.push(latencyMs);
    else counts.unanswered += 1;
    if (!(code >= 200 && code < 400)) counts.failed += 1;
    sentMs.push(atMs);
    byEndpoint.set(key, counts);
  });
  const strayMs = strayFromEven(Float64Array.from(sentMs));
  return {
    tool: 'vegeta results',
    model: strayMs === null ? 'unknown' : 'open',
    ...(strayMs === null ? {} : { strayMs }),
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
      ...(strayMs === null ? [] : [`requests were sent up to ${latency(strayMs)} off an even rate`]),
      'vegeta counts redirects (3xx) as successes',
    ],
  };
}

interface Result {
  endpoint: string;
  /** 0 where no answer came. */
  code: number;
  latencyMs: number;
  /** Milliseconds since 1970 at which it was sent; NaN where that is not told. */
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
    throw new UnreadableEvidence('this is no result of vegeta', `line ${number}`, 'run `vegeta encode --to json` again');
  const path = typeof result.url === 'string' && URL.canParse(result.url) ? new URL(result.url).pathname : '';
  return {
    endpoint: path === '' ? ALL_REQUESTS : `${typeof result.method === 'string' ? result.method : 'GET'} ${path}`,
    code: result.code,
    latencyMs: result.latency / 1e6,
    atMs: typeof result.timestamp === 'string' ? Date.parse(result.timestamp) : Number.NaN,
  };
}

/** Times are read to the millisecond. */
const RESOLUTION_MS = 1;

/**
 * How far from an even rate requests were sent, ms. What vegeta is told, a rate or `-rate=0 -max-workers=N`, is not in its results; but
 * where every request left when an even rate asks for it, none waited for the answer to another by more than this. Null where a time is
 * missing or there is one request only.
 */
function strayFromEven(sentMs: Float64Array): number | null {
  const sorted = sentMs.toSorted();
  const [first = NaN, last = NaN] = [sorted[0], sorted.at(-1)];
  // A time that is not told sorts last.
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
