// Summarizes a stream of k6 points by endpoint, for the live stream and for stored evidence.
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { lowerTailBound, nearestRank, upperTailBound } from '../statistics/index.ts';
import { LatencyHistogram } from './latency.ts';
import { LoadLineReader, type RequestPoint } from './lines.ts';
import { limitsOf, type LoadLimits } from './plan.ts';
import type { LoadPlan, RunEnd, RunStart } from './run-record.ts';
import { LatencySeries, type SeriesBucket } from './series.ts';

export interface EndpointSummary {
  endpoint: string;
  requests: number;
  failed: number;
  /** Requests without a response; their latency is at least the time they waited. */
  unanswered: number;
  /** Requests slower than the endpoint's p99 limit, counted exactly; null when no limits were given. */
  overLimit: number | null;
  /** Nearest rank; lower bounds where requests were unanswered, which count with the time they waited. Null without requests. */
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
  /** Size of the bursts of failed requests, and of slow or unanswered ones; 1 without bursts. */
  failedBurst: number;
  slowBurst: number;
  /** The true p99 is at least this with 95 % confidence; null with too few requests. */
  p99LowerMs: number | null;
  /** The true p99 is at most this with 95 % confidence; null below 299 effective requests, or where the rank is an unanswered request. */
  p99UpperMs: number | null;
  series: { widthSeconds: number; buckets: SeriesBucket[] };
}

export interface LoadSummary {
  /** By name. */
  endpoints: EndpointSummary[];
  requests: number;
  iterations: number;
  dropped: number;
  /** Seconds between the first and the last request's end. */
  seconds: number;
  linesRead: number;
  linesMalformed: number;
  /** The stream ended within a line or within its compression. */
  cutOff: boolean;
  /** Number of runs in the stream; more than one is not the record of one load test. */
  runs: number;
  start: RunStart | null;
  end: RunEnd | null;
}

/** URLs with ids can create a name per request; beyond this many, new names are judged as one. */
export const MAX_ENDPOINTS = 100;
export const OTHER_ENDPOINTS = '(other endpoints)';

/** Counts of one endpoint while the load runs. */
export interface LiveEndpoint {
  readonly endpoint: string;
  readonly requests: number;
  readonly failed: number;
  readonly overLimit: number;
  /** As in EndpointSummary. */
  failedBurst(): number;
  p99LowerMs(): number | null;
}

export interface LoadAccumulator {
  push(chunk: Uint8Array): void;
  /** Ends the stream; an open line counts as cut off. `cutOff`: the bytes ended early for another reason. */
  finish(cutOff?: boolean): LoadSummary;
  readonly requests: number;
  readonly iterations: number;
  readonly dropped: number;
  live(): Iterable<LiveEndpoint>;
}

/** Reads k6's NDJSON (not compressed) in chunks of any size. Constant memory: about 0.2 MB per endpoint, and the plot. */
export function createLoadAccumulator(limits: LoadLimits | null = null): LoadAccumulator {
  const endpoints = new Map<string, EndpointCounts>();
  const totals = { requests: 0, iterations: 0, dropped: 0, malformed: 0, runs: 0 };
  let start: RunStart | null = null;
  let end: RunEnd | null = null;
  let firstMs = Infinity;
  let lastMs = -Infinity;

  const reader = new LoadLineReader({
    request(point) {
      totals.requests += 1;
      // The series starts at the first point read; k6 writes points within 0.2 s, so an earlier one that comes later counts in second 0.
      if (firstMs === Infinity) firstMs = point.atMs;
      lastMs = Math.max(lastMs, point.atMs);
      countsOf(point.endpoint).add(point, (point.atMs - firstMs) / 1_000);
    },
    iterations: (count) => void (totals.iterations += count),
    dropped: (count) => void (totals.dropped += count),
    runStart(record) {
      totals.runs += 1;
      start ??= record;
    },
    runEnd: (record) => void (end = record),
    malformed: () => void (totals.malformed += 1),
  });

  function countsOf(name: string): EndpointCounts {
    const key = endpoints.has(name) || endpoints.size < MAX_ENDPOINTS ? name : OTHER_ENDPOINTS;
    let counts = endpoints.get(key);
    if (!counts) endpoints.set(key, (counts = new EndpointCounts(key, limits && limitsOf(key, limits).p99Ms)));
    return counts;
  }

  return {
    push: (chunk) => reader.push(chunk),
    finish(cutOff = false) {
      const openLine = reader.end();
      return {
        endpoints: [...endpoints.values()].map((counts) => counts.summary()).sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
        requests: totals.requests,
        iterations: totals.iterations,
        dropped: totals.dropped,
        seconds: totals.requests === 0 ? 0 : (lastMs - firstMs) / 1_000,
        linesRead: reader.linesRead,
        linesMalformed: totals.malformed,
        cutOff: cutOff || openLine,
        runs: totals.runs,
        start,
        end,
      };
    },
    get requests() {
      return totals.requests;
    },
    get iterations() {
      return totals.iterations;
    },
    get dropped() {
      return totals.dropped;
    },
    live: () => endpoints.values(),
  };
}

/**
 * Reads stored evidence of kind `k6-points`, gzip or plain, in constant memory. Errors of the source (EvidenceDamaged) pass through;
 * truncated bytes set `cutOff` and never throw.
 */
export async function summarizeLoad(bytes: AsyncIterable<Uint8Array>, limits: LoadLimits | null = null): Promise<LoadSummary> {
  const accumulator = createLoadAccumulator(limits);
  const cutOff = await feedPoints(bytes, (chunk) => accumulator.push(chunk));
  return accumulator.finish(cutOff);
}

/** Decompresses chunk by chunk. True when the bytes are truncated within their compression; errors of the source pass through. */
export async function feedPoints(bytes: AsyncIterable<Uint8Array>, push: (chunk: Uint8Array) => void): Promise<boolean> {
  try {
    for await (const chunk of gunzipped(bytes)) push(chunk);
    return false;
  } catch (cause) {
    if (!isBrokenGzip(cause)) throw cause;
    return true;
  }
}

/**
 * The plan of a stored run, from its first line, which is all it reads. Null when the bytes are not a run, or its version recorded no plan.
 */
export async function readLoadPlan(bytes: AsyncIterable<Uint8Array>): Promise<LoadPlan | null> {
  let start: RunStart | null = null;
  const reader = new LoadLineReader({
    ...LoadLineReader.ignoringAll,
    runStart: (record) => void (start ??= record),
  });
  for await (const chunk of gunzipped(bytes)) {
    reader.push(chunk);
    if (start !== null || reader.linesRead > 1) break;
  }
  return (start as RunStart | null)?.plan ?? null;
}

/** Counts of one endpoint, request by request, in constant memory. */
export class EndpointCounts implements LiveEndpoint {
  readonly endpoint: string;
  requests = 0;
  failed = 0;
  unanswered = 0;
  overLimit = 0;
  readonly #limitMs: number | null;
  /** All requests, with the time they waited. */
  readonly #waited = new LatencyHistogram();
  /** Requests with a response; differs from `#waited` only after an unanswered request. */
  #answered: LatencyHistogram = this.#waited;
  readonly #series = new LatencySeries();

  constructor(endpoint: string, limitMs: number | null) {
    this.endpoint = endpoint;
    this.#limitMs = limitMs;
  }

  add({ durationMs, failed, unanswered }: RequestPoint, second: number): void {
    if (unanswered && this.#answered === this.#waited) this.#answered = this.#waited.copy();
    this.requests += 1;
    if (failed) this.failed += 1;
    if (unanswered) this.unanswered += 1;
    const isOver = this.#limitMs !== null && durationMs > this.#limitMs;
    if (isOver) this.overLimit += 1;
    this.#waited.record(durationMs);
    if (!unanswered && this.#answered !== this.#waited) this.#answered.record(durationMs);
    this.#series.record(second, durationMs, failed, isOver || unanswered);
  }

  failedBurst(): number {
    return this.#series.burstSize('failed');
  }

  p99LowerMs(): number | null {
    const rank = lowerTailBound(this.requests, { burst: this.#slowBurst() });
    return rank === null ? null : this.#waited.atLeastMs(rank);
  }

  p99UpperMs(): number | null {
    // An unanswered request has no upper bound: it ranks after all answered ones.
    const rank = upperTailBound(this.requests, { burst: this.#slowBurst() });
    return rank === null || rank > this.#answered.count ? null : this.#answered.atMostMs(rank);
  }

  #slowBurst(): number {
    return this.#series.burstSize('slow');
  }

  summary(): EndpointSummary {
    const quantile = (q: number): number => this.#waited.atMostMs(nearestRank(this.requests, q));
    return {
      endpoint: this.endpoint,
      requests: this.requests,
      failed: this.failed,
      unanswered: this.unanswered,
      overLimit: this.#limitMs === null ? null : this.overLimit,
      p50Ms: quantile(0.5),
      p95Ms: quantile(0.95),
      p99Ms: quantile(0.99),
      failedBurst: this.failedBurst(),
      slowBurst: this.#slowBurst(),
      p99LowerMs: this.p99LowerMs(),
      p99UpperMs: this.p99UpperMs(),
      series: this.#series.read(),
    };
  }
}

/** Decompresses gzip; other bytes are unchanged. */
export async function* gunzipped(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  const first = await source.next();
  if (first.done) return;
  const whole = (async function* () {
    yield first.value;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  })();
  const isGzip = first.value[0] === 0x1f && first.value[1] === 0x8b;
  try {
    if (!isGzip) {
      yield* whole;
      return;
    }
    const gunzip = createGunzip({ chunkSize: UNZIP_CHUNK_BYTES });
    // An error of either stream destroys both and is thrown by the iteration below, so the callback is empty.
    pipeline(Readable.from(whole, { objectMode: true }), gunzip, () => undefined);
    yield* gunzip as AsyncIterable<Uint8Array>;
  } finally {
    // A reader may stop early, and the source may have an open file.
    await source.return?.();
  }
}

/** Large chunks for speed, yet parsed in about 1 ms, so that timers (heartbeats) run between two of them. */
const UNZIP_CHUNK_BYTES = 256 * 1024;

function isBrokenGzip(cause: unknown): boolean {
  const code = (cause as { code?: unknown }).code;
  return code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR';
}
