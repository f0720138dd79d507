// How likely is it that somewhere in a long watch some stretch holds so many events? A test repeated at every window must ask this, not how likely
// it is for one stretch alone.
import { poissonDensity, poissonTail } from './poisson.ts';

export interface Stretch {
  /** Events that the stretch holds; may be a fraction. */
  events: number;
  /** Events that it should hold on average. */
  expected: number;
  /** Windows of the stretch, and of the whole watch. */
  windows: number;
  watchWindows: number;
}

/**
 * Chance, over the whole watch, that a stretch of this length holds at least so many events: Alm's approximation of the scan statistic of a Poisson
 * process (S. E. Alm, On the distribution of the scan statistic of a Poisson process, 1983). 1 where no more happened than was expected.
 */
export function scanTail({ events, expected, windows, watchWindows }: Stretch): number {
  if (events <= expected) return 1;
  const starts = Math.max(0, watchWindows - windows) * (expected / windows) * (1 - expected / events);
  return Math.min(1, poissonTail(events, expected) + starts * poissonDensity(Math.max(0, events - 1), expected));
}
