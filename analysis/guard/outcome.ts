// When a watch reports, and what.
import type { GuardLimits } from './sample.ts';
import { isBlind, judgeEnd } from './judge.ts';
import type { GuardTally } from './tally.ts';

/** What a watch reports, and when. */
export type GuardOutcome = 'passed' | 'breach' | 'blind' | 'sees' | 'undecided';

/**
 * What the watch reports after its last sample; null while it goes on by itself. A breach comes first. Blindness is reported once for each
 * stretch and never ends a watch: either data come back, or blind for `liveDeadline` is a breach. An undecided bake is extended.
 */
export function outcomeOf(tally: GuardTally, limits: GuardLimits, blindTold: boolean): GuardOutcome | null {
  if (tally.breach.length > 0) return 'breach';
  if (tally.trouble !== null) return isBlind(tally, limits) && !blindTold ? 'blind' : null;
  if (blindTold) return 'sees';
  if (judgeEnd(tally, limits).outcome === 'pass') return 'passed';
  return isOver(tally, limits) ? 'undecided' : null;
}

/** True when the longest watch is over. */
export const isOver = ({ startedMs, atMs }: GuardTally, { maxBakeMs }: GuardLimits): boolean =>
  startedMs !== null && atMs !== null && atMs - startedMs >= maxBakeMs;
