// When a watch reports, and its outcome.
import type { GuardTally } from './guard-tally.ts';
import { isBlind, judgeEnd } from './judge.ts';
import type { GuardLimits } from './sample.ts';

export type GuardOutcome = 'passed' | 'breach' | 'blind' | 'recovered' | 'undecided';

/**
 * The outcome to report after the last sample; null while the watch goes on. A breach comes first. Blindness is reported once per stretch
 * and never ends a watch: data come back, or `liveDeadline` makes it a breach. An undecided bake is extended.
 */
export function outcomeOf(tally: GuardTally, limits: GuardLimits, isBlindReported: boolean): GuardOutcome | null {
  if (tally.breach.length > 0) return 'breach';
  if (tally.trouble !== null) return isBlind(tally, limits) && !isBlindReported ? 'blind' : null;
  if (isBlindReported) return 'recovered';
  if (judgeEnd(tally, limits).outcome === 'pass') return 'passed';
  return isOver(tally, limits) ? 'undecided' : null;
}

/** True after `maxBake`. */
export const isOver = ({ startedMs, atMs }: GuardTally, { maxBakeMs }: GuardLimits): boolean =>
  startedMs !== null && atMs !== null && atMs - startedMs >= maxBakeMs;
