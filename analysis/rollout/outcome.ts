// How a watched rollout ended, from its samples alone: `verify` repeats it from the stored samples.
import { readRollout, readyOfNew, rolloutSeconds, type AskedRollout } from './progress.ts';
import type { RolloutState } from './rollout-state.ts';

export interface WatchedRollout extends AskedRollout {
  timeoutMs: number;
  /** RFC 3339: when the write was acknowledged. */
  writtenAt?: string;
}

/** Values that only the watch can measure, stored beside the samples. */
export interface WatchEnd {
  /** RFC 3339, clock of the worker. */
  endedAt: string;
  /** Duration of this watch; used as the rollout's where the time of the write is unknown. */
  watchedSeconds: number;
  /** Why pods are not ready, from their objects; empty when unknown. */
  podReasons: string;
}

export interface RolloutOutcomeFacts {
  outcome: 'complete' | 'progress-deadline-exceeded' | 'replica-failure' | 'timed-out' | 'superseded';
  /** Reason and message of the deciding condition, for people. */
  detail: string;
  podsReady: number;
  podsWanted: number;
  /** From the write to the deciding condition; the duration of the watch where the time of the write is unknown. */
  seconds: number;
  /** RFC 3339: the deciding condition, or the end of the watch. Rollback time counts from here. */
  conditionAt: string;
}

/** A watch without a decision has timed out. Pod reasons are added to every ending but a complete one. */
export function rolloutOutcome(asked: WatchedRollout, states: readonly RolloutState[], end: WatchEnd): RolloutOutcomeFacts {
  const reading = readRollout(states, asked);
  const last = states.at(-1);
  const going = reading.state === 'going';
  const conditionAt = going ? end.endedAt : reading.at;
  const decided = going ? `after ${asked.timeoutMs / 1_000} s: ${reading.text}` : reading.detail;
  return {
    outcome: going ? 'timed-out' : reading.state,
    detail: reading.state === 'complete' ? decided : [decided, end.podReasons].filter(Boolean).join('; '),
    podsReady: last ? readyOfNew(last) : 0,
    podsWanted: last?.wanted ?? 0,
    seconds: rolloutSeconds(asked.writtenAt, conditionAt) ?? end.watchedSeconds,
    conditionAt,
  };
}
