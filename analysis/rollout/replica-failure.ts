// When a ReplicaSet that cannot create a pod has failed, and for how long that may still pass.
import type { RolloutCondition, RolloutState } from './progress.ts';

/**
 * How long ReplicaFailure is borne without a new pod. The controller tries again within milliseconds at first, so a quota that is raised or one
 * call of an injector that timed out is over within 2 s; a second call that times out needs 10 s (a webhook's default timeoutSeconds), and 5 s
 * are left for the retry, the status update and a sample. Longer would leave a Deployment with maxUnavailable pods fewer than it asks for.
 */
export const REPLICA_FAILURE_BORNE_MS = 15_000;

export interface StandingFailure {
  condition: RolloutCondition;
  /** Samples of one clock, that of the worker: the condition's own time has whole seconds of another clock. */
  stoodMs: number;
  /** RFC 3339: when it stops being borne. */
  countsAt: string;
}

/**
 * The ReplicaFailure that stands on the current ReplicaSet in the last sample, counted from the first sample since which it stood and no pod
 * was added; null when none stands. A Deployment's own ReplicaFailure may be that of an old ReplicaSet, so only the ReplicaSet's counts.
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
    countsAt: new Date(sinceMs + REPLICA_FAILURE_BORNE_MS).toISOString(),
  };
}

const failureOf = ({ replicaSetConditions }: RolloutState): RolloutCondition | undefined =>
  replicaSetConditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
