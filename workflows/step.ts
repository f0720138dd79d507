// The one interface every step has. A new step is a file in workflows/steps/ that exports a child workflow of this shape, and a line in
// the registry; the countdown's story does not change.
import { defineSignal, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import type { DeploymentSnapshot, DeploymentTarget } from '../activities/kubernetes/contract.ts';
import type { Release } from '../release/release.ts';
import type { Step } from '../release/steps/registry.ts';
import type { EvidenceRef, Fact, Finding } from '../verdict/finding.ts';

/** What a step's child workflow is started with. */
export interface StepInput<Spec extends Step = Step> {
  countdown: string;
  /** Fencing generation of this countdown: every write carries it. */
  generation: number;
  checkpoint: string;
  /** From 1; higher when the step runs again. */
  round: number;
  release: Release;
  step: Spec;
  /** Digests of the k6 scripts, by the path the release names. */
  scripts: Record<string, string>;
  /** What earlier rounds of the same step already did, in ms (the guard's bake time). */
  doneMs: number;
  /** What the steps before it in the checkpoint left, in their order. */
  earlier: EarlierStep[];
  /** Undos that stand: an effect that is tried again goes on from what was recorded before its first try. */
  undo: UndoEntry[];
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
  /** Time of useful work that a next round need not repeat, for steps that go on after a hold. */
  doneMs?: number;
  /** RFC 3339, by the clocks of the outside world: when what failed was first known. A rollback is timed from here. */
  failedAt?: string;
  /** launch: its window had closed before anything was written. */
  tooLate?: true;
}

/** How to take an effect back. Registered with the countdown before the effect happens; the registry knows who can run it. */
export interface UndoEntry {
  kind: 'launch';
  /** Operation id of the effect that this takes back. */
  undoes: string;
  /** What people read: `shop/go-api back to sha-4f9c2ab`. */
  name: string;
  snapshot: DeploymentSnapshot;
  healthTarget: string;
  healthPath: string;
  rollbackWithin: string;
  healthWithin: string;
}

/** Who undoes, and since when it is due. */
export interface UndoContext {
  countdown: string;
  generation: number;
  /** RFC 3339; null where nothing failed, as with an abort. */
  failedAt: string | null;
}

/** One target's report after its undo ran. */
export interface UndoReport {
  name: string;
  undone: boolean;
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

export const undoRegisteredSignal = defineSignal<[UndoEntry]>('undoRegistered');
/** Hands an undo to the countdown and returns only when the server has it: from then on it runs even if this step dies. */
export async function registerUndo(entry: UndoEntry): Promise<void> {
  const parent = workflowInfo().parent;
  if (!parent) throw new Error('a step runs only as a child of a countdown');
  await getExternalWorkflowHandle(parent.workflowId).signal(undoRegisteredSignal, entry);
}

/** `<countdown>/<generation>/<step>/<target>`: the same effect keeps its id over retries, and never shares it with another. */
export function operationId(input: Pick<StepInput, 'countdown' | 'generation'>, effect: string, target: DeploymentTarget): string {
  return `${input.countdown}/${input.generation}/${effect}/${target.cluster}.${target.namespace}.${target.deployment}`;
}

/** The Deployment that goes live. */
export function productionOf({ spec: { service, cluster } }: Release): DeploymentTarget {
  return { cluster, namespace: service.namespace, deployment: service.deployment, container: service.container };
}

/** The Deployment that already runs the candidate and is load-tested. */
export function stagingOf({ spec: { staging } }: Release): DeploymentTarget {
  return { cluster: staging.cluster, namespace: staging.namespace, deployment: staging.deployment, container: staging.container };
}
