// When a ReplicaSet that cannot create pods has failed, and how long that is tolerated.
import type { RolloutCondition, RolloutState } from './rollout-state.ts';

/**
 * How long ReplicaFailure is tolerated without a new pod. Quota changes and a first webhook timeout are over within 2 s; a second timeout
 * takes 10 s (the default timeoutSeconds), plus 5 s for the retry, the status update and a sample.
 */
export const MAX_REPLICA_FAILURE_MS = 15_000;

export interface StandingFailure {
  condition: RolloutCondition;
  /** By the worker's clock: the condition's own time has whole seconds of another clock. */
  stoodMs: number;
  /** RFC 3339: when it stops being tolerated. */
  countsAt: string;
}

/**
 * The ReplicaFailure of the current ReplicaSet in the last sample, since the first sample with it and without a new pod; null without one.
 * A Deployment's own ReplicaFailure may be that of an old ReplicaSet, so only the ReplicaSet's counts.
 */
export function standingReplicaFailure(states: readonly RolloutState[]): StandingFailure | null {
  const last = states.at(-1);
  const condition = last && failureOf(last);
  if (!last || !condition) return null;
  let since = last;
  for (const state of states.toReversed()) {
    if (!failureOf(state) || state.replicaSet !== last.replicaSet || state.updated < last.updated) break;
    since = state;
  }
  const sinceMs = Date.parse(since.at);
  return {
    condition,
    stoodMs: Date.parse(last.at) - sinceMs,
    countsAt: new Date(sinceMs + MAX_REPLICA_FAILURE_MS).toISOString(),
  };
}

const failureOf = ({ replicaSetConditions }: RolloutState): RolloutCondition | undefined =>
  replicaSetConditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
