// What workflows may ask of a cluster. Types only: workflows import this file, never the code behind it.
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

/** The Deployment as it was found, recorded before anything is changed; what a rollback restores. */
export interface DeploymentSnapshot {
  target: DeploymentTarget;
  /** Pod template and annotations as readers may see them, stored as `deployment-snapshot` evidence. */
  evidence: EvidenceRef;
  /** Digest of the whole document in the restricted store; absent where an older version recorded it, whose evidence is whole. */
  whole?: string | undefined;
  image: string;
  replicas: number;
  /** `deployment.kubernetes.io/revision`, for people; rollback goes by the template, not by it. */
  revision: string;
  /** `pod-template-hash` of the ReplicaSet that was serving. */
  templateHash: string;
  /** `sha256:<hex>` of the canonical JSON of the pod template: a template from another source counts only when it has this digest. */
  templateDigest: string;
  /** `metadata.uid` of the Deployment: one that was deleted and created again is another object. */
  uid: string;
  /** Highest fencing generation seen on the Deployment; 0 when none. */
  fencingGeneration: number;
  /** Operation that was annotated then; null when none. Where it still is, no later write of ours has landed. */
  operation: string | null;
}

/** Identity of one write: the same operation lands at most once, whoever repeats it. */
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
  /** The write is refused when the template is no longer the one of this snapshot. */
  expected: DeploymentSnapshot;
}

export interface RestoreTemplateInput {
  snapshot: DeploymentSnapshot;
  operation: Operation;
  /** Only a template written by this operation is rolled back; someone else's change stops it. */
  undoes: string;
  /** Image that the operation was to write: where another one runs and nothing of the operation is annotated, it never landed. */
  wantedImage: string;
}

export interface WriteResult {
  /** Of a restore: the image of somebody else that runs and was left alone, because what was to be restored had never landed. */
  leftAlone?: string;
  /** Of a restore written by this very call: why it was written without a claim on its Lease. */
  withoutLease?: string;
  /** False when the operation had already landed and nothing was written. */
  wrote: boolean;
  /** `metadata.generation` that carries the operation; the rollout of exactly this one is watched. */
  observedGeneration: number;
  /** RFC 3339: when the write was acknowledged (of the first landing, read back from the annotation). */
  at: string;
}

export interface WatchRolloutInput {
  target: DeploymentTarget;
  observedGeneration: number;
  /** Template image that must be running when complete. */
  image: string;
  timeoutMs: number;
  /** RFC 3339: when the write that is watched was acknowledged. A watch that is tried again begins later, the rollout does not. Kept with what was seen. */
  writtenAt?: string;
  /** For a rollback: how long after the failure it was written, ms; null where nothing failed. Kept with what was seen. */
  startedAfterMs?: number | null;
}

export interface VerifyVersionInput {
  target: DeploymentTarget;
  image: string;
  /** Name of the health endpoint's target in the environment file. */
  healthTarget: string;
  healthPath: string;
  timeoutMs: number;
  /**
   * Digests that were under load (`imageIds` of the load tests); null or absent when no load test ran. Stored with the proof, so that it is judged
   * again from there.
   */
  testedImageIds?: string[] | null;
}

/** Proof that exactly one version serves: all pods are ready and of one template that asks for the image, and healthz answers `status: ok`. */
export interface VersionProof extends VersionFacts {
  /** RFC 3339, clock of the worker: when the check ended. The rollback of a version that does not serve is timed from here. */
  at: string;
}

/** What a step asks of a cluster to see whether an effect serves. Effects themselves: activities/effects/contract.ts. */
export interface KubernetesActivities {
  /** Follows one rollout by generation and conditions; heartbeats `RolloutProgress`. Does not judge. */
  watchRollout(input: WatchRolloutInput): Promise<RolloutFacts>;
  verifyVersion(input: VerifyVersionInput): Promise<VersionProof>;
}

/** Heartbeat of every long activity: what `tminus status` shows while it runs. */
export interface ActivityProgress {
  text: string;
  done: number;
  total: number;
  unit: string;
}
