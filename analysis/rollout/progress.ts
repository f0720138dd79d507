// The progress of a rollout, from samples of its Deployment. Pure: no Kubernetes client here.
import { duration } from '../../verdict/wording/index.ts';
import { MAX_REPLICA_FAILURE_MS, standingReplicaFailure } from './replica-failure.ts';
import type { RolloutCondition, RolloutState } from './rollout-state.ts';

export type RolloutReading =
  | { state: 'going'; text: string }
  | { state: 'complete' | 'superseded'; detail: string; at: string }
  | { state: 'progress-deadline-exceeded' | 'replica-failure'; detail: string; at: string };

export interface AskedRollout {
  observedGeneration: number;
  image: string;
}

/**
 * Reads samples, oldest first; the last one decides. A status counts only once the controller has observed the requested and the current
 * generation. `complete` comes before failures: after a rollback the condition of the failed rollout remains for a moment.
 */
export function readRollout(states: readonly RolloutState[], asked: AskedRollout): RolloutReading {
  const state = states.at(-1);
  if (state === undefined) return { state: 'going', text: 'no sample yet' };
  const { generation, observedGeneration, image, wanted, replicas, updated, available, at } = state;
  if (generation >= asked.observedGeneration && image !== asked.image) {
    return { state: 'superseded', at, detail: `generation ${generation} has ${image ?? 'no such container'}, not ${asked.image}` };
  }
  if (state.template !== states[0]?.template) {
    return { state: 'superseded', at, detail: 'the pod template was changed during the rollout' };
  }
  if (observedGeneration < asked.observedGeneration || observedGeneration < generation) {
    return { state: 'going', text: `the controller has not observed generation ${Math.max(generation, asked.observedGeneration)} yet` };
  }
  if (updated >= wanted && replicas === updated && available >= wanted) {
    return { state: 'complete', at, detail: `${updated} of ${wanted} pods updated and available, none of another version` };
  }
  if (state.paused) return { state: 'going', text: 'the Deployment is paused' };
  return missedDeadline(state) ?? readReplicaFailure(states) ?? { state: 'going', text: `${readyOfNew(state)} of ${wanted} pods ready` };
}

/**
 * Duration of a rollout, from its write to the deciding condition, both RFC 3339; null when the time of the write is unknown. Not the
 * duration of the watch, which may have restarted. At least 0: the API server has another clock, and conditions have whole seconds.
 */
export function rolloutSeconds(writtenAt: string | undefined, conditionAt: string): number | null {
  const ms = Date.parse(conditionAt) - Date.parse(writtenAt ?? '');
  return Number.isNaN(ms) ? null : Math.max(0, ms) / 1_000;
}

/** Ready pods of the new version. Old pods are ready too, so only ready pods beyond the number of old ones count. */
export function readyOfNew({ updated, replicas, ready }: RolloutState): number {
  return Math.max(0, Math.min(updated, ready - (replicas - updated)));
}

function missedDeadline({ at, conditions, replicaSet }: RolloutState): RolloutReading | null {
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded' || !isAbout(progressing, replicaSet))
    return null;
  return { state: 'progress-deadline-exceeded', at: progressing.lastTransitionTime ?? at, detail: describe(progressing) };
}

function readReplicaFailure(states: readonly RolloutState[]): RolloutReading | null {
  const standing = standingReplicaFailure(states);
  if (standing === null) return null;
  const { condition, stoodMs, countsAt } = standing;
  if (stoodMs < MAX_REPLICA_FAILURE_MS) {
    const limit = `for ${duration(1_000 * Math.round(stoodMs / 1_000))}, limit ${duration(MAX_REPLICA_FAILURE_MS)}`;
    return { state: 'going', text: `the ReplicaSet has not created a new pod ${limit}: ${describe(condition)}` };
  }
  const detail = `${describe(condition)} (no new pod for ${duration(MAX_REPLICA_FAILURE_MS)})`;
  return { state: 'replica-failure', at: countsAt, detail };
}

/**
 * Kubernetes keeps ProgressDeadlineExceeded until there is progress, so it outlives a rollback's write. Its message contains the ReplicaSet
 * (`ReplicaSet "go-api-7d4b" has timed out progressing.`); another ReplicaSet is another rollout.
 */
function isAbout({ message = '' }: RolloutCondition, replicaSet: string): boolean {
  const named = /ReplicaSet "([^"]+)"/.exec(message)?.[1];
  return named === undefined || replicaSet === '' || named === replicaSet;
}

const describe = ({ type, reason, message }: RolloutCondition): string => `${reason ?? type}: ${message ?? 'no message'}`;
