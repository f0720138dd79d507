// Latencies of one endpoint in constant memory.
import { build, type Histogram } from 'hdr-histogram-js';

/** One hour, longer than any request timeout; longer latencies count as this. */
const MAX_US = 3_600_000_000;

/**
 * An HDR histogram with 3 significant digits: 95 kB however many requests (an exact sort needs 8 MB per million), 8.5 million values/s.
 * Values are exact to 0.1 %, so `atMost` (upper bound) decides whether a limit is kept, and `atLeast` (lower bound) whether it is broken.
 */
export class LatencyHistogram {
  readonly #cells: Histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: MAX_US, numberOfSignificantValueDigits: 3 });

  record(ms: number): void {
    this.#cells.recordValue(Math.min(MAX_US, Math.round(ms * 1_000)));
  }

  copy(): LatencyHistogram {
    const other = new LatencyHistogram();
    other.#cells.add(this.#cells);
    return other;
  }

  get count(): number {
    return this.#cells.totalCount;
  }

  /** Upper bound, in ms, of the value with this rank (1 = smallest). */
  atMostMs(rank: number): number {
    return this.#at(rank) / 1_000;
  }

  /** Lower bound, in ms, of the value with this rank. */
  atLeastMs(rank: number): number {
    return (this.#cells as Histogram & { lowestEquivalentValue(value: number): number }).lowestEquivalentValue(this.#at(rank)) / 1_000;
  }

  #at(rank: number): number {
    if (rank < 1 || rank > this.count) throw new RangeError(`rank ${rank} lies outside 1 to ${this.count}`);
    // The library rounds percentile x count up to a rank; half a rank less gives exactly the requested one.
    return this.#cells.getValueAtPercentile((100 * (rank - 0.5)) / this.count);
  }
}
