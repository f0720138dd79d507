// What rate() makes of a counter after a fault. Prometheus divides the increase between the first and the last sample of the window by
// the time between them, extrapolated to the edges of the window (promql/functions.go, extrapolatedRate), so the result depends on the
// scrape phase. All times in milliseconds; the fault begins at 0 and the counter then grows by 1 per millisecond.

export interface Window {
  windowMs: number;
  scrapeMs: number;
}

/**
 * Result of rate() as a share of the surge, for an evaluation whose last sample is `ageMs` old (0 to the scrape interval) and was taken
 * `sampleMs` after the fault began. The counter was 0 before, as it is in pods that were just started: with more errors in its past, the
 * window is extrapolated to its whole length and the result is up to one scrape interval in a window higher. Null with fewer than two samples.
 */
export function rateShare({ windowMs, scrapeMs }: Window, sampleMs: number, ageMs: number): number | null {
  const intervals = Math.ceil((windowMs - ageMs) / scrapeMs) - 1;
  if (intervals < 1) return null;
  const sampledMs = intervals * scrapeMs;
  const firstMs = sampleMs - sampledMs;
  const increase = Math.max(0, sampleMs) - Math.max(0, firstMs);
  if (increase <= 0) return 0;
  const toWindowStartMs = windowMs - ageMs - sampledMs;
  // A counter cannot have been below 0: Prometheus does not extrapolate beyond the time at which it would have been.
  const toZeroMs = sampledMs * (Math.max(0, firstMs) / increase);
  const extrapolated = (sampledMs + Math.min(toWindowStartMs, toZeroMs) + ageMs) / sampledMs;
  return (increase * extrapolated) / windowMs;
}

/** Time between the first and the last sample of a window: the least and the most over all scrape phases. */
export function sampledMs({ windowMs, scrapeMs }: Window): { leastMs: number; mostMs: number } {
  const intervals = windowMs / scrapeMs;
  return { leastMs: (Math.floor(intervals) - 1) * scrapeMs, mostMs: (Math.ceil(intervals) - 1) * scrapeMs };
}
