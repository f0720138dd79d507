// What the guard saw at each look, as stored line by line in `prometheus-samples` evidence: raw answers, nothing worked out yet.

export interface PodValue {
  /** Empty when the series had no `pod` label. */
  pod: string;
  value: number;
}

/** The answers of Prometheus at one moment, all for the same evaluation time. */
export interface GuardAnswers {
  up: PodValue[];
  ageS: PodValue[];
  requests: PodValue[];
  /** Requests whose status the label `code` tells. Left out in records of older versions. */
  coded?: PodValue[];
  errors: PodValue[];
  within: PodValue[];
}

export interface GuardSample {
  /** Milliseconds since 1970, clock of the worker. */
  atMs: number;
  /** Pods of the launched version at that moment, by Kubernetes. */
  pods: string[];
  /** Restarts of each pod's container so far, by Kubernetes. */
  restarts: Record<string, number>;
  /** null when something could not be asked; then `trouble` says what. */
  answers: GuardAnswers | null;
  trouble: { query: string; sentence: string } | null;
  /** p99 over the time watched, interpolated by Prometheus, in seconds; for people only, null when it has none. */
  p99S: number | null;
  /** The queries as they were asked. */
  queries: { [Question in keyof GuardAnswers]: string };
}

export interface GuardLimits {
  /** `deployment shop/go-api`. */
  subject: string;
  p99Ms: number;
  /** 0-100. */
  errorPercent: number;
  minRequests: number;
  /** Chance over the whole bake time of a breach although both limits are kept, 0-100. */
  falseAlarmPercent: number;
  /** Looks of the whole bake time: the false-alarm chance is divided among them. */
  plannedLooks: number;
  noDataAfterMs: number;
  /** How long this watch was to last. */
  watchMs: number;
  intervalMs: number;
}
