// Prometheus, read strictly: an answer is exactly what was asked for, or it is told why not, with the query. Nothing is ever taken as zero.

/** A query over a few pods takes milliseconds; a Prometheus that needs longer than this is in trouble, and the next look asks again. */
const ANSWER_WITHIN_MS = 3_000;
/** A thousand series with long labels; a larger answer is to a question nobody here asks. */
const MAX_ANSWER_BYTES = 4 * 1024 ** 2;

export interface Sample {
  labels: Record<string, string>;
  /** Finite, always. */
  value: number;
}

/** An answer, or the sentence that says why there is none; `query` is what was asked, for people to ask it themselves. */
export type Answer<T> = { ok: true; query: string; value: T } | { ok: false; query: string; sentence: string };

export interface SeriesPoints {
  labels: Record<string, string>;
  /** Seconds since 1970, and a finite value. */
  points: { timeS: number; value: number }[];
}

export interface PrometheusClient {
  /** All samples of an instant query; none is an answer too, and the caller decides what it means. */
  vector(query: string, timeS?: number): Promise<Answer<Sample[]>>;
  /** The one sample of an instant query; none, two, NaN and infinity are no answer. */
  one(query: string, timeS?: number): Promise<Answer<number>>;
  /** Series over time; a gap stays a gap. */
  range(query: string, window: { fromS: number; toS: number; stepS: number }): Promise<Answer<SeriesPoints[]>>;
  /** Clock of Prometheus in seconds since 1970, with ours just before and after (ms): the skew lies within half the round trip. */
  clock(): Promise<Answer<{ theirsS: number; beforeMs: number; afterMs: number }>>;
}

export interface PrometheusOptions {
  url: string;
  signal?: AbortSignal;
  now?: () => number;
}

/** Talks to one Prometheus. Never throws, but on cancellation through `signal`. */
export function createPrometheusClient({ url, signal, now = Date.now }: PrometheusOptions): PrometheusClient {
  async function ask(path: string, query: string, more: Record<string, string>): Promise<Answer<{ resultType: string; result: unknown }>> {
    const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const none = (why: string): Answer<never> => ({ ok: false, query, sentence: `Prometheus gave no usable answer to ${query}: ${why}` });
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(`${url.replace(/\/$/, '')}${path}`), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ query, ...more }).toString(),
        redirect: 'error',
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      text = await wholeText(response);
    } catch (cause) {
      signal?.throwIfAborted();
      return none(timeout.aborted ? `nothing within ${ANSWER_WITHIN_MS / 1_000} s` : reasonOf(cause));
    }
    const body = parse(text);
    if (body?.status === 'error') return none(`${body.errorType ?? 'error'}: ${body.error ?? 'no message'} (HTTP ${response.status})`);
    if (!response.ok) return none(`HTTP ${response.status}: ${text.slice(0, 120).trim() || 'no message'}`);
    if (body?.status !== 'success' || body.data === undefined) return none('its answer is not that of the Prometheus API');
    // Warnings mean that a part of the data is missing (a remote store down, a shard away); infos only comment on the query.
    if (body.warnings && body.warnings.length > 0) return none(`it warns: ${body.warnings.join('; ')}`);
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

/** Why an answer is not one; becomes the sentence. */
class Unusable extends Error {}

function read<A, B>(answer: Answer<A>, reader: (value: A) => B): Answer<B> {
  if (!answer.ok) return answer;
  try {
    return { ok: true, query: answer.query, value: reader(answer.value) };
  } catch (cause) {
    if (!(cause instanceof Unusable)) throw cause;
    return { ok: false, query: answer.query, sentence: `Prometheus gave no usable answer to ${answer.query}: ${cause.message}` };
  }
}

function onlyOne(samples: Sample[]): number {
  if (samples.length === 0) throw new Unusable('it has no such series');
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
  if (typeof text !== 'string' || text.trim() === '') throw new Unusable(`a value that is no text: ${JSON.stringify(text)}`);
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
    // A proxy's page, a cut-off answer: told by the caller as "not that of the Prometheus API".
    return null;
  }
}

async function wholeText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`its answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(cause: unknown): string {
  const { message, cause: inner } = cause as { message?: string; cause?: { message?: string; code?: string } };
  return inner?.message || inner?.code || message || String(cause);
}
