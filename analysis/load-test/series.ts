// Requests of one endpoint over time, for the plot and for the burst size, which decides. Bounded: too many buckets are merged into wider
// ones; bursts are then measured in steps of 2 s, which errs on the safe side.
import { serialBurstSize } from '../statistics/index.ts';

export interface SeriesBucket {
  /** Seconds since the first point of the run. */
  second: number;
  requests: number;
  failed: number;
  /** Slower than the limit, or never answered. */
  slow: number;
  meanMs: number;
  /** 99th percentile of the bucket by nearest rank; of merged buckets the highest. For display only. */
  p99Ms: number;
  maxMs: number;
}

/** A plot is about 1,000 points wide. */
const MAX_BUCKETS = 1_200;
/** k6 writes points within 0.2 s of the end of a request, so 5 s later a bucket is complete; later values do not change its p99. */
const OPEN_SECONDS = 5;
/** Values kept per second of an open bucket: one k6 process cannot send 20,000 requests/s to one endpoint. */
const MAX_OPEN_VALUES = 20_000;

interface Bucket {
  requests: number;
  failed: number;
  slow: number;
  sumMs: number;
  p99Ms: number;
  maxMs: number;
  /** Null once closed. */
  values: number[] | null;
}

export class LatencySeries {
  #buckets: (Bucket | undefined)[] = [];
  #widthSeconds: number;
  #closedBefore = 0;

  /** @param widthSeconds width of a bucket, until there are too many of them. */
  constructor(widthSeconds = 1) {
    this.#widthSeconds = widthSeconds;
  }

  record(second: number, ms: number, failed: boolean, slow = false): void {
    while (second / this.#widthSeconds >= MAX_BUCKETS) this.#widen();
    const index = Math.max(0, Math.floor(second / this.#widthSeconds));
    const bucket = (this.#buckets[index] ??= {
      requests: 0,
      failed: 0,
      slow: 0,
      sumMs: 0,
      p99Ms: 0,
      maxMs: 0,
      values: index < this.#closedBefore ? null : [],
    });
    bucket.requests += 1;
    if (failed) bucket.failed += 1;
    if (slow) bucket.slow += 1;
    bucket.sumMs += ms;
    bucket.maxMs = Math.max(bucket.maxMs, ms);
    if (bucket.values && bucket.values.length < MAX_OPEN_VALUES * this.#widthSeconds) bucket.values.push(ms);
    const openFrom = index - Math.ceil(OPEN_SECONDS / this.#widthSeconds);
    for (; this.#closedBefore < openFrom; this.#closedBefore += 1) close(this.#buckets[this.#closedBefore]);
  }

  /** The buckets with requests, in order. */
  read(): { widthSeconds: number; buckets: SeriesBucket[] } {
    const buckets: SeriesBucket[] = [];
    this.#buckets.forEach((bucket, index) => {
      if (!bucket) return;
      const { requests, failed, slow, maxMs } = bucket;
      buckets.push({
        second: index * this.#widthSeconds,
        requests,
        failed,
        slow,
        meanMs: bucket.sumMs / requests,
        p99Ms: p99(bucket),
        maxMs,
      });
    });
    return { widthSeconds: this.#widthSeconds, buckets };
  }

  /** Size of the bursts in which requests failed, or were slow, by seconds, including seconds without a request. */
  burstSize(kind: 'failed' | 'slow'): number {
    return serialBurstSize(Array.from(this.#buckets, (bucket) => ({ requests: bucket?.requests ?? 0, bad: bucket?.[kind] ?? 0 })));
  }

  #widen(): void {
    const wider: (Bucket | undefined)[] = [];
    this.#buckets.forEach((bucket, index) => {
      if (!bucket) return;
      close(bucket);
      const into = wider[index >> 1];
      wider[index >> 1] = into ? merged(into, bucket) : bucket;
    });
    this.#buckets = wider;
    this.#widthSeconds *= 2;
    this.#closedBefore = wider.length;
  }
}

function close(bucket: Bucket | undefined): void {
  if (!bucket?.values) return;
  bucket.p99Ms = p99(bucket);
  bucket.values = null;
}

function p99(bucket: Bucket): number {
  if (!bucket.values || bucket.values.length === 0) return bucket.p99Ms;
  const sorted = Float64Array.from(bucket.values).sort();
  return sorted[Math.ceil(sorted.length * 0.99) - 1] as number;
}

function merged(a: Bucket, b: Bucket): Bucket {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    slow: a.slow + b.slow,
    sumMs: a.sumMs + b.sumMs,
    p99Ms: Math.max(a.p99Ms, b.p99Ms),
    maxMs: Math.max(a.maxMs, b.maxMs),
    values: null,
  };
}
