// What the samples of a Deployment say about one rollout. Structural inputs: this room knows no cluster.
import { REPLICA_FAILURE_BORNE_MS, standingReplicaFailure } from './replica-failure.ts';
import { duration } from '../../verdict/wording/index.ts';

export interface RolloutCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** One sample of a Deployment, stored line by line in `rollout-events` evidence. */
export interface RolloutState {
  /** RFC 3339, clock of the worker. */
  at: string;
  generation: number;
  observedGeneration: number;
  /** Image of the container in the template; null when there is no such container. */
  image: string | null;
  /** SHA-256 of the whole pod template: a change of any other field is somebody else's rollout. Absent in records of older versions. */
  template?: string;
  paused: boolean;
  wanted: number;
  replicas: number;
  updated: number;
  ready: number;
  available: number;
  conditions: RolloutCondition[];
  /** ReplicaSet of the current template and its own conditions; empty when it is not known (not read, or not created yet). */
  replicaSet: string;
  replicaSetConditions: RolloutCondition[];
}

export type RolloutReading =
  | { state: 'going'; text: string }
  | { state: 'complete' | 'superseded'; detail: string; at: string }
  | { state: 'progress-deadline-exceeded' | 'replica-failure'; detail: string; at: string };

export interface AskedRollout {
  observedGeneration: number;
  image: string;
}

/**
 * Reads a series of samples, oldest first; the last one decides, the earlier ones say how long a condition has stood. A status is believed only
 * when the controller has observed the generation asked for and the present one; before that, "available" is about the old version (F10).
 * `complete` comes before the failures: after a rollback to pods that still run, the condition of the failed rollout stands for a moment beside
 * a finished one.
 */
export function readRollout(states: readonly RolloutState[], asked: AskedRollout): RolloutReading {
  const state = states.at(-1);
  if (state === undefined) return { state: 'going', text: 'no sample yet' };
  const { generation, observedGeneration, image, wanted, replicas, updated, available, at } = state;
  if (generation >= asked.observedGeneration && image !== asked.image) {
    return { state: 'superseded', at, detail: `generation ${generation} asks for ${image ?? 'no such container'}, not ${asked.image}` };
  }
  if (state.template !== states[0]?.template) {
    return { state: 'superseded', at, detail: 'the pod template was changed while it rolled out' };
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
 * How long a rollout took: from its write to the condition that decided, both RFC 3339; null when the write's time is not known. Not how long
 * it was watched: a watch that begins again after a worker died sees the end at once. Never below 0: the API server notes conditions in whole
 * seconds, and its clock is another.
 */
export function rolloutSeconds(writtenAt: string | undefined, conditionAt: string): number | null {
  const ms = Date.parse(conditionAt) - Date.parse(writtenAt ?? '');
  return Number.isNaN(ms) ? null : Math.max(0, ms) / 1_000;
}

/** New pods that are ready. Old pods are ready too, so readiness counts only beyond what the old ones can explain. */
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
  if (stoodMs < REPLICA_FAILURE_BORNE_MS) {
    const borne = `for ${duration(1_000 * Math.floor(stoodMs / 1_000))} without a new pod, limit ${duration(REPLICA_FAILURE_BORNE_MS)}`;
    return { state: 'going', text: `the ReplicaSet has not created its pods ${borne}: ${describe(condition)}` };
  }
  const detail = `${describe(condition)} (no new pod for ${duration(REPLICA_FAILURE_BORNE_MS)})`;
  return { state: 'replica-failure', at: countsAt, detail };
}

/**
 * Kubernetes keeps "deadline exceeded" until there is progress, so it outlives a rollback's write; its message names the ReplicaSet it is
 * about (`ReplicaSet "go-api-7d4b" has timed out progressing.`). One that names another ReplicaSet is not about this rollout.
 */
function isAbout({ message = '' }: RolloutCondition, replicaSet: string): boolean {
  const named = /ReplicaSet "([^"]+)"/.exec(message)?.[1];
  return named === undefined || replicaSet === '' || named === replicaSet;
}

const describe = ({ type, reason, message }: RolloutCondition): string => `${reason ?? type}: ${message ?? 'no message'}`;
