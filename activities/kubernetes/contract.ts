// Kubernetes activities and their types. Types only: workflows import this file, never the implementation.
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { RolloutFacts, VersionFacts } from '../../verdict/rollout.ts';

/** Names a Deployment in a cluster of the environment file. */
export interface DeploymentTarget {
  cluster: string;
  namespace: string;
  deployment: string;
  /** The container whose image the release changes. */
  container: string;
}

/** The Deployment before any change: the state that a rollback restores. */
export interface DeploymentSnapshot {
  target: DeploymentTarget;
  /** Redacted pod template and annotations, stored as `deployment-snapshot` evidence. */
  evidence: EvidenceRef;
  /** Digest of the whole document in the restricted store; absent in snapshots of older versions, whose evidence is whole. */
  whole?: string | undefined;
  image: string;
  replicas: number;
  /** `deployment.kubernetes.io/revision`, for display: a rollback restores the template, not a revision. */
  revision: string;
  /** `pod-template-hash` of the ReplicaSet that was serving. */
  templateHash: string;
  /** `sha256:<hex>` of the pod template as canonical JSON: a template from another source must have this digest. */
  templateDigest: string;
  /** `metadata.uid`: a Deployment that was deleted and created again is another object. */
  uid: string;
  /** Highest fencing generation seen on the Deployment; 0 when none. */
  fencingGeneration: number;
  /** Operation annotated at that time; null when none. While it is unchanged, no later write of ours has landed. */
  operation: string | null;
}

/** Identity of one write: the same operation lands at most once. */
export interface Operation {
  /** The id of the undo, or of its restore (`<id>#restore`); annotation `tminus.dev/operation`. */
  id: string;
  /** `<workflow id>/<first run id>`, so that two engines with the same release are two countdowns; annotation `tminus.dev/countdown`. */
  countdown: string;
  /** Fencing generation, kept as annotation `tminus.dev/fencing-generation`; a higher one on the Deployment refuses the write. */
  generation: number;
}

export interface ApplyImageInput {
  target: DeploymentTarget;
  operation: Operation;
  image: string;
  /** The write is refused when the template differs from this snapshot. */
  expected: DeploymentSnapshot;
}

export interface RestoreTemplateInput {
  snapshot: DeploymentSnapshot;
  operation: Operation;
  /** Only a template written by this operation is rolled back; a change by someone else is refused. */
  undoes: string;
  /** Image of that operation: when another one runs and the operation is not annotated, it never landed. */
  wantedImage: string;
}

export interface WriteResult {
  /** Restore only: another image that runs and was not changed, because the operation had never landed. */
  leftAlone?: string;
  /** Restore only: why it was written without claiming its Lease. */
  withoutLease?: string;
  /** False when the operation had already landed and nothing was written. */
  wrote: boolean;
  /** `metadata.generation` of the write: its rollout is watched. 0 for a change of pods, which has none. */
  observedGeneration: number;
  /** RFC 3339: time of the write (of the first landing, as the other side recorded it). service-fault: when it was on in every pod. */
  at: string;
}

export interface WatchRolloutInput {
  target: DeploymentTarget;
  observedGeneration: number;
  /** Template image that must be running when complete. */
  image: string;
  timeoutMs: number;
  /** RFC 3339: time of the write. A retried watch starts later than its rollout. Stored with the samples. */
  writtenAt?: string;
  /** Rollback only: time from the failure to the write, ms; null when nothing failed. Stored with the samples. */
  startedAfterMs?: number | null;
}

export interface VerifyVersionInput {
  target: DeploymentTarget;
  image: string;
  /** Name of the health endpoint's target in the environment file. */
  healthTarget: string;
  healthPath: string;
  timeoutMs: number;
  /** Image digests under load (`imageIds` of the load tests); null or absent without a load test. Stored with the proof for `verify`. */
  testedImageIds?: string[] | null;
}

/** Proof that exactly one version serves: all pods are ready and of one template that asks for the image, and healthz answers `status: ok`. */
export interface VersionProof extends VersionFacts {
  /** RFC 3339, the worker's clock: end of the check. A rollback of a failing version is timed from here. */
  at: string;
}

/** Activities that check whether a version serves. Effects: activities/effects/contract.ts. */
export interface KubernetesActivities {
  /** Follows one rollout by generation and conditions; heartbeats `RolloutProgress`. Does not judge. */
  watchRollout(input: WatchRolloutInput): Promise<RolloutFacts>;
  verifyVersion(input: VerifyVersionInput): Promise<VersionProof>;
}
