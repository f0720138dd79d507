// The one interface every step has. A new step is a file in workflows/steps/ that exports a child workflow of this shape, and a line in
// the registry; the countdown's story does not change.
import { ApplicationFailure } from '@temporalio/workflow';
import type { CountdownRef, UndoEntry } from '../verdict/undo.ts';
import type { Authority } from '../activities/effects/contract.ts';
import type { DeploymentTarget } from '../activities/kubernetes/contract.ts';
import type { Release } from '../release/release.ts';
import type { Step } from '../release/steps/registry.ts';
import type { EvidenceRef, Fact, Finding } from '../verdict/finding.ts';

/** What a step's child workflow is started with. */
export interface StepInput<Spec extends Step = Step> {
  countdown: CountdownRef;
  /** Fencing generation of this countdown: every write carries it. */
  generation: number;
  checkpoint: string;
  /** From 1; higher when the step runs again. */
  round: number;
  release: Release;
  step: Spec;
  /** Digests of the k6 scripts, by the path the release names. */
  scripts: Record<string, string>;
  /** What the steps before it in the checkpoint left, in their order. */
  earlier: EarlierStep[];
  /** Undos that stand: an effect that is tried again goes on from what was recorded before its first try. */
  undo: UndoEntry[];
  /** Digests of the images that the load tests of this countdown measured; null where none ran. */
  testedImageIds: string[] | null;
  /** launch: what its write is allowed by; null for all other steps. */
  authority: Authority | null;
  /** launch: ms since 1970 until when it may begin; left out where somebody has waived that. */
  beginByMs?: number;
}

export interface EarlierStep {
  spec: Step;
  findings: Finding[];
  evidence: EvidenceRef[];
}

/** What a step leaves behind. Small: evidence is pointed to, never carried. */
export interface StepResult {
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
  /** RFC 3339, by the clocks of the outside world: when what failed was first known. A rollback is timed from here. */
  failedAt?: string;
  /** Its time was over before anything was done: it stays to be run, and the checkpoint finds out why for itself. */
  notBegun?: true;
  /** Why it could not be followed to its end, where it left something that has to be known. */
  couldNotRun?: string;
  /** Ids of undos that the step itself has restored and settled. */
  settled?: string[];
  /** loadTest: digests of the images under load. */
  imageIds?: string[];
  /** launch: RFC 3339, when its write was acknowledged. */
  launchedAt?: string;
}

/** The Deployment that goes live. */
export function productionOf({ spec: { service, cluster } }: Release): DeploymentTarget {
  return { cluster, namespace: service.namespace, deployment: service.deployment, container: service.container };
}

/** The Deployment that already runs the candidate and is load-tested. */
export function stagingOf({ spec: { staging } }: Release): DeploymentTarget {
  return { cluster: staging.cluster, namespace: staging.namespace, deployment: staging.deployment, container: staging.container };
}

/** The digest of a k6 script of the release. A script that was not submitted is `Misconfigured`, non-retryable. */
export function scriptDigestOf(scripts: StepInput['scripts'], script: string): string {
  const digest = scripts[script];
  if (digest !== undefined) return digest;
  throw ApplicationFailure.nonRetryable(`the k6 script ${script} was not submitted with the release`, 'Misconfigured');
}

/** Whether a drill changes the Deployment in staging itself, not only its pods. */
export const writesStaging = ({ spec: { checkpoints } }: Release): boolean =>
  checkpoints.some(({ steps }) => steps.some((step) => step.type === 'drill' && step.actions.some(({ type }) => type === 'environment')));
