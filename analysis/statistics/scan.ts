// Probability that some stretch of a long watch has this many events: a test repeated at every window must use it instead of that of one
// stretch.
import { poissonDensity, poissonTail } from './poisson.ts';

export interface Stretch {
  /** Events in the stretch; may be a fraction. */
  events: number;
  /** Expected events. */
  expected: number;
  /** Windows of the stretch, and of the whole watch. */
  windows: number;
  watchWindows: number;
}

/**
 * Probability, over the whole watch, of a stretch with at least this many events; 1 where no more happened than expected.
 * Source: Alm's approximation (S. E. Alm, On the distribution of the scan statistic of a Poisson process, 1983).
 */
export function scanTail({ events, expected, windows, watchWindows }: Stretch): number {
  if (events <= expected) return 1;
  const starts = Math.max(0, watchWindows - windows) * (expected / windows) * (1 - expected / events);
  return Math.min(1, poissonTail(events, expected) + starts * poissonDensity(Math.max(0, events - 1), expected));
}
