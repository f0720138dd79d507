// One sample of the launched version, stored line by line as `prometheus-samples` evidence: raw answers, nothing derived.

export interface PodValue {
  /** Empty when the series had no `pod` label. */
  pod: string;
  value: number;
}

/** Scrapes and request counters of pods, all for the same evaluation time. */
export interface RequestAnswers {
  up: PodValue[];
  ageS: PodValue[];
  requests: PodValue[];
  /** Requests with a status in the label `code`. */
  coded: PodValue[];
  errors: PodValue[];
}

/** The answers of Prometheus, all for the same evaluation time. */
export interface GuardAnswers extends RequestAnswers {
  within: PodValue[];
  /** Requests in flight; empty when no such gauge is exported. */
  inFlight: PodValue[];
}

/** A pod of the launched template, by Kubernetes. */
export interface GuardPod {
  name: string;
  ready: boolean;
  /** No node has accepted it yet. */
  pending: boolean;
  terminating: boolean;
  /** Why its container waits: `CrashLoopBackOff`; empty when it does not. */
  why: string;
  /** Of its container, so far. */
  restarts: number;
}

/** The Deployment and its pods, by Kubernetes. */
export interface GuardDeployment {
  /** `spec.replicas`. */
  wanted: number;
  /** Image of the container in the pod template. Pods are matched by template, not by image: a webhook may rewrite a pod's registry. */
  templateImage: string;
  /** Name of the ReplicaSet of the template. */
  replicaSet: string;
  pods: GuardPod[];
  /** Names of pods of other templates that are not terminating. */
  others: string[];
}

export interface GuardSample {
  /** Milliseconds since 1970, clock of the worker, when the sample began. */
  atMs: number;
  /** null when the API server did not answer. */
  deployment: GuardDeployment | null;
  health: { ok: boolean; detail: string };
  /** null when something could not be read; then `trouble` has the reason. */
  answers: GuardAnswers | null;
  /** Evaluation time of the answers in seconds since 1970, clock of Prometheus. */
  evaluatedAtS: number | null;
  trouble: { query: string; message: string } | null;
  /** p99 over the watched time, interpolated by Prometheus, in seconds; for display only, null without data. */
  p99S: number | null;
  /** The queries as they were sent. */
  queries: { [Question in keyof GuardAnswers]: string };
}

/** Requests of the old version right before the launch: the reference of the traffic floor. */
export interface OldTraffic {
  query: string;
  /** Evaluation time: the launch's write, RFC 3339. */
  at: string;
  windowS: number;
  /** null when unknown; then `trouble` has the reason. */
  requests: number | null;
  trouble: string | null;
}

export interface GuardLimits {
  /** `deployment shop/go-api`. */
  subject: string;
  /** The launched image. */
  image: string;
  p99Ms: number;
  /** 0-100. */
  errorPercent: number;
  minRequests: number;
  /** Probability, over the longest watch, of a breach although both limits are kept, 0-100. */
  falseAlarmPercent: number;
  noDataAfterMs: number;
  /** Blind for this long is a breach. */
  liveDeadlineMs: number;
  bakeMs: number;
  /** The longest watch: an undecided bake is extended until then. */
  maxBakeMs: number;
  /** With the bake it defines the number of windows that share the false-alarm probability. */
  intervalMs: number;
  /** null when there was no launch to compare with. */
  oldTraffic: OldTraffic | null;
}
