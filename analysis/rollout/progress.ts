// What the state of a Deployment says of one rollout. Structural inputs: this room knows no cluster.

export interface RolloutCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

/** One look at a Deployment, as stored line by line in `rollout-events` evidence. */
export interface RolloutState {
  /** RFC 3339, clock of the worker. */
  at: string;
  generation: number;
  observedGeneration: number;
  /** Image of the container in the template; null when there is no such container. */
  image: string | null;
  paused: boolean;
  wanted: number;
  replicas: number;
  updated: number;
  ready: number;
  available: number;
  conditions: RolloutCondition[];
  /** ReplicaSet of the current template and its own conditions; empty when it is not known (not read, or not made yet). */
  replicaSet: string;
  replicaSetConditions: RolloutCondition[];
}

export type RolloutReading =
  | { state: 'going'; text: string }
  | { state: 'complete' | 'superseded'; detail: string; at: string }
  | { state: 'progress-deadline-exceeded' | 'replica-failure'; detail: string; at: string };

/**
 * Reads one look. A status is believed only when the controller has observed the generation asked for and the present one; before that,
 * "available" tells of the old version (F10). `complete` comes before the failures: after a rollback to pods that still run,
 * the condition of the failed rollout stands for a moment beside a finished one.
 */
export function readRollout(state: RolloutState, asked: { observedGeneration: number; image: string }): RolloutReading {
  const { generation, observedGeneration, image, wanted, replicas, updated, available, at } = state;
  if (generation >= asked.observedGeneration && image !== asked.image) {
    return { state: 'superseded', at, detail: `generation ${generation} asks for ${image ?? 'no such container'}, not ${asked.image}` };
  }
  if (observedGeneration < asked.observedGeneration || observedGeneration < generation) {
    return { state: 'going', text: `waiting for the controller to see generation ${Math.max(generation, asked.observedGeneration)}` };
  }
  if (updated >= wanted && replicas === updated && available >= wanted) {
    return { state: 'complete', at, detail: `${updated} of ${wanted} pods updated and available, none of another version` };
  }
  if (state.paused) return { state: 'going', text: 'the Deployment is paused' };
  return readFailure(state) ?? { state: 'going', text: `${readyOfNew(state)} of ${wanted} pods ready` };
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

function readFailure({ at, conditions, replicaSet, replicaSetConditions }: RolloutState): RolloutReading | null {
  const progressing = conditions.find(({ type }) => type === 'Progressing');
  if (progressing?.status === 'False' && progressing.reason === 'ProgressDeadlineExceeded' && isAbout(progressing, replicaSet)) {
    return { state: 'progress-deadline-exceeded', at: progressing.lastTransitionTime ?? at, detail: sentence(progressing) };
  }
  // The Deployment's own ReplicaFailure may be that of an old ReplicaSet; the one that counts stands on the current ReplicaSet.
  const failure = replicaSetConditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure) return { state: 'replica-failure', at: failure.lastTransitionTime ?? at, detail: sentence(failure) };
  return null;
}

/**
 * Kubernetes keeps "deadline exceeded" until there is progress, so it outlives a rollback's write; its message names the ReplicaSet it is
 * about (`ReplicaSet "go-api-7d4b" has timed out progressing.`). One that names another ReplicaSet says nothing about this rollout.
 */
function isAbout({ message = '' }: RolloutCondition, replicaSet: string): boolean {
  const named = /ReplicaSet "([^"]+)"/.exec(message)?.[1];
  return named === undefined || replicaSet === '' || named === replicaSet;
}

const sentence = ({ type, reason, message }: RolloutCondition): string => `${reason ?? type}: ${message ?? 'no message'}`;
