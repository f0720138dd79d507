// A sample of a Deployment during a rollout. Pure: no Kubernetes client here.

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
  /** SHA-256 of the whole pod template: a change of another field is a different rollout. Absent in records of older versions. */
  template?: string;
  paused: boolean;
  wanted: number;
  replicas: number;
  updated: number;
  ready: number;
  available: number;
  conditions: RolloutCondition[];
  /** ReplicaSet of the current template and its conditions; empty when unknown (not read, or not created yet). */
  replicaSet: string;
  replicaSetConditions: RolloutCondition[];
}
