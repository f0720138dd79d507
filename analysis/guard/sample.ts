// One reading of the launched version, as stored line by line in `prometheus-samples` evidence: raw answers, nothing derived yet.

export interface PodValue {
  /** Empty when the series had no `pod` label. */
  pod: string;
  value: number;
}

/** The answers of Prometheus, all for the same evaluation time. */
export interface GuardAnswers {
  up: PodValue[];
  ageS: PodValue[];
  requests: PodValue[];
  /** Requests whose status the label `code` carries. */
  coded: PodValue[];
  errors: PodValue[];
  within: PodValue[];
  /** Requests being answered; empty when the service exports no such gauge. */
  inFlight: PodValue[];
}

/** A pod of the launched template, by Kubernetes. */
export interface GuardPod {
  name: string;
  ready: boolean;
  /** No node has taken it yet. */
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
  /** null when something could not be read; then `trouble` says what. */
  answers: GuardAnswers | null;
  /** Evaluation time of the answers in seconds since 1970, clock of Prometheus. */
  evaluatedAtS: number | null;
  trouble: { query: string; sentence: string } | null;
  /** p99 over the time watched, interpolated by Prometheus, in seconds; for people only, null when there is none. */
  p99S: number | null;
  /** The queries as they were sent. */
  queries: { [Question in keyof GuardAnswers]: string };
}

/** What the old version answered right before the launch: the reference of the traffic floor. */
export interface OldTraffic {
  query: string;
  /** Evaluation time: the launch's write, RFC 3339. */
  at: string;
  windowS: number;
  /** null when unknown; then `trouble` says why. */
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
  /** Chance over the longest watch of a breach although both limits are kept, 0-100. */
  falseAlarmPercent: number;
  noDataAfterMs: number;
  /** Blind for so long is a breach. */
  liveDeadlineMs: number;
  bakeMs: number;
  /** The longest watch: an undecided bake is extended until then. */
  maxBakeMs: number;
  /** With the bake it says how many windows the false-alarm chance is divided among. */
  intervalMs: number;
  /** null when there was no launch to compare with. */
  oldTraffic: OldTraffic | null;
}
