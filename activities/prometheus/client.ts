// Strict Prometheus client: a result of exactly the expected type, or the reason why there is none. Missing data never counts as zero.
import { RequestError } from '../http/request-error.ts';
import { request, statusOf, wholeBody, type HttpResponse } from '../http/request.ts';

/** A query over a few pods takes milliseconds; a slower Prometheus is overloaded, and the next sample queries it again. */
const RESPONSE_TIMEOUT_MS = 3_000;
/** A thousand series with long labels; no query of ours returns more. */
const MAX_RESPONSE_BYTES = 4 * 1024 ** 2;
/** Of an error page. */
const QUOTED_CHARACTERS = 120;

export interface Sample {
  labels: Record<string, string>;
  /** Finite, always. */
  value: number;
}

/** A result, or the message why there is none. People can run `query` themselves. */
export type Answer<T> = { ok: true; query: string; value: T } | { ok: false; query: string; message: string };

export interface SeriesPoints {
  labels: Record<string, string>;
  /** Seconds since 1970, and a finite value. */
  points: { timeS: number; value: number }[];
}

export interface PrometheusClient {
  /** All samples of an instant query, possibly none. */
  vector(query: string, timeS?: number): Promise<Answer<Sample[]>>;
  /** The only sample of an instant query; none, two, NaN and infinity are errors. */
  one(query: string, timeS?: number): Promise<Answer<number>>;
  /** Series over time; a gap stays a gap. */
  range(query: string, window: { fromS: number; toS: number; stepS: number }): Promise<Answer<SeriesPoints[]>>;
  /** Prometheus' clock (seconds since 1970), with ours just before and after (ms): the skew is known to within half the round trip. */
  clock(): Promise<Answer<{ theirsS: number; beforeMs: number; afterMs: number }>>;
}

export interface PrometheusOptions {
  url: string;
  signal?: AbortSignal;
  now?: () => number;
}

/** Queries one Prometheus. Throws only on cancellation through `signal`. */
export function createPrometheusClient({ url, signal, now = Date.now }: PrometheusOptions): PrometheusClient {
  async function ask(path: string, query: string, more: Record<string, string>): Promise<Answer<{ resultType: string; result: unknown }>> {
    const none = (reason: string): Answer<never> => ({ ok: false, query, message: unusable(query, reason) });
    let response: HttpResponse;
    let text: string;
    try {
      response = await request({
        url: `${url.replace(/\/$/, '')}${path}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ query, ...more }).toString(),
        timeoutMs: RESPONSE_TIMEOUT_MS,
        limitBytes: MAX_RESPONSE_BYTES,
        signal,
      });
      text = (await wholeBody(response)).toString('utf8');
    } catch (error) {
      if (error instanceof RequestError) return none(error.reason);
      throw error;
    }
    const body = parse(text);
    if (body?.status === 'error') return none(`${body.errorType ?? 'error'}: ${body.error ?? 'no message'} (HTTP ${response.status})`);
    if (response.status < 200 || response.status > 299)
      return none(`${statusOf(response)}: ${text.slice(0, QUOTED_CHARACTERS).trim() || 'no message'}`);
    if (body?.status !== 'success' || body.data === undefined) return none('the response is not that of the Prometheus API');
    // Warnings mean that data is missing (a remote store or shard is down); infos only comment on the query.
    if (body.warnings && body.warnings.length > 0) return none(`warnings: ${body.warnings.join('; ')}`);
    return { ok: true, query, value: body.data };
  }

  async function vector(query: string, timeS?: number): Promise<Answer<Sample[]>> {
    return read(await ask('/api/v1/query', query, at(timeS)), readVector);
  }

  return {
    vector,
    one: async (query, timeS) => read(await vector(query, timeS), onlyOne),
    range: async (query, { fromS, toS, stepS }) =>
      read(await ask('/api/v1/query_range', query, { start: String(fromS), end: String(toS), step: String(stepS) }), readMatrix),
    clock: async () => {
      const beforeMs = now();
      const answer = await ask('/api/v1/query', 'time()', {});
      const afterMs = now();
      return read(answer, (data) => ({ theirsS: readScalar(data), beforeMs, afterMs }));
    },
  };
}

const at = (timeS: number | undefined): Record<string, string> => (timeS === undefined ? {} : { time: String(timeS) });

const unusable = (query: string, reason: string): string => `Prometheus returned no usable result for ${query}: ${reason}`;

/** A result of an unexpected type or value; its message is the reason. */
class Unusable extends Error {}

function read<A, B>(answer: Answer<A>, reader: (value: A) => B): Answer<B> {
  if (!answer.ok) return answer;
  try {
    return { ok: true, query: answer.query, value: reader(answer.value) };
  } catch (cause) {
    if (!(cause instanceof Unusable)) throw cause;
    return { ok: false, query: answer.query, message: unusable(answer.query, cause.message) };
  }
}

function onlyOne(samples: Sample[]): number {
  if (samples.length === 0) throw new Unusable('no such series');
  if (samples.length > 1) throw new Unusable(`${samples.length} series where exactly one is expected`);
  return (samples[0] as Sample).value;
}

function readVector({ resultType, result }: { resultType: string; result: unknown }): Sample[] {
  if (resultType !== 'vector' || !Array.isArray(result)) throw new Unusable(`a ${resultType} where a vector is expected`);
  return result.map((entry: { metric?: Record<string, string>; value?: [number, string] }) => {
    if (!entry.metric || !Array.isArray(entry.value)) throw new Unusable('a sample without labels or value (a native histogram?)');
    return { labels: entry.metric, value: finite(entry.value[1]) };
  });
}

function readMatrix({ resultType, result }: { resultType: string; result: unknown }): SeriesPoints[] {
  if (resultType !== 'matrix' || !Array.isArray(result)) throw new Unusable(`a ${resultType} where a matrix is expected`);
  return result.map((entry: { metric?: Record<string, string>; values?: [number, string][] }) => {
    if (!entry.metric || !Array.isArray(entry.values)) throw new Unusable('a series without labels or values (a native histogram?)');
    return { labels: entry.metric, points: entry.values.map(([timeS, value]) => ({ timeS, value: finite(value) })) };
  });
}

function readScalar({ resultType, result }: { resultType: string; result: unknown }): number {
  if (resultType !== 'scalar' || !Array.isArray(result)) throw new Unusable(`a ${resultType} where a scalar is expected`);
  return finite(result[1]);
}

/** Prometheus writes values as text: `1.5e+06`, but also `NaN` (0/0: no traffic) and `+Inf`. Only finite numbers are measurements. */
function finite(text: unknown): number {
  if (typeof text !== 'string' || text.trim() === '') throw new Unusable(`a value that is not text: ${JSON.stringify(text)}`);
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Unusable(`the value ${text}, which is not a measurement`);
  return value;
}

interface ApiBody {
  status?: string;
  data?: { resultType: string; result: unknown };
  errorType?: string;
  error?: string;
  warnings?: string[];
}

function parse(text: string): ApiBody | null {
  try {
    return JSON.parse(text) as ApiBody | null;
  } catch {
    // A proxy's page or a truncated response: the caller reports it.
    return null;
  }
}
