// How a watched rollout ended, from its samples and nothing else: `verify` reads the stored samples and must come to the same.
import { readRollout, readyOfNew, rolloutSeconds, type AskedRollout, type RolloutState } from './progress.ts';

export interface WatchedRollout extends AskedRollout {
  timeoutMs: number;
  /** RFC 3339: when the write was acknowledged. */
  writtenAt?: string;
}

/** What only the watch itself can measure; it stands in the record beside the samples. */
export interface WatchEnd {
  /** RFC 3339, clock of the worker. */
  endedAt: string;
  /** How long this watch took; the duration of a rollout whose write has no known time. */
  watchedSeconds: number;
  /** Why pods are not ready, from their objects; empty when they are not known. */
  podReasons: string;
}

export interface RolloutOutcomeFacts {
  outcome: 'complete' | 'progress-deadline-exceeded' | 'replica-failure' | 'timed-out' | 'superseded';
  /** Reason and message of the condition that decided, for people. */
  detail: string;
  podsReady: number;
  podsWanted: number;
  /** From the write to the condition that decided; the length of the watch where the time of the write is not known. */
  seconds: number;
  /** RFC 3339: condition that decided, or the end of the watch. Rollback time counts from here. */
  conditionAt: string;
}

/** A watch without a decision has timed out. The reasons of pods are added to every ending but a complete one. */
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
