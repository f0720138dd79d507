// Latencies of one endpoint in constant memory.
import { build, type Histogram } from 'hdr-histogram-js';

/** One hour: longer than any request timeout; what is longer still counts as this. */
const LONGEST_US = 3_600_000_000;

/**
 * Why a histogram with 3 significant digits in microseconds: it takes 95 kB per endpoint however many requests come (an exact sort needs
 * 8 MB per million), records 8.5 million values a second, and merges. A value is known to within 0.1 % (300 ms to 0.26 ms), so every
 * question has two answers: `atMost` is the highest value that would fall in the same cell, and decides whether a limit is kept;
 * `atLeast` is the lowest, and decides whether it is broken. Between the two nothing is decided.
 */
export class LatencyHistogram {
  readonly #cells: Histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: LONGEST_US, numberOfSignificantValueDigits: 3 });

  record(ms: number): void {
    this.#cells.recordValue(Math.min(LONGEST_US, Math.round(ms * 1_000)));
  }

  copy(): LatencyHistogram {
    const other = new LatencyHistogram();
    other.#cells.add(this.#cells);
    return other;
  }

  get count(): number {
    return this.#cells.totalCount;
  }

  /** Highest value, in ms, that the sample of this rank (1 = smallest) can have. */
  atMostMs(rank: number): number {
    return this.#at(rank) / 1_000;
  }

  /** Lowest value, in ms, that the sample of this rank can have. */
  atLeastMs(rank: number): number {
    return (this.#cells as Histogram & { lowestEquivalentValue(value: number): number }).lowestEquivalentValue(this.#at(rank)) / 1_000;
  }

  #at(rank: number): number {
    if (rank < 1 || rank > this.count) throw new RangeError(`rank ${rank} lies outside 1 to ${this.count}`);
    // The library rounds percentile x count up to a rank; half a rank less lands on exactly the one asked for.
    return this.#cells.getValueAtPercentile((100 * (rank - 0.5)) / this.count);
  }
}
