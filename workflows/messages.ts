// Messages of a countdown and their answers: types for workflows, activities, server and CLI.
import type { Seal, Signed, SignedAction } from '../verdict/signed.ts';
import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Release } from '../release/release.ts';
import type { Phase } from '../verdict/can.ts';
import type { Evaluation, Principal, Reason } from '../verdict/verdict.ts';
import type { Fact, Finding, EvidenceRef } from '../verdict/finding.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { CountdownRef, UndoEntry } from '../verdict/undo.ts';

export { countdownId, restorerId } from '../release/countdown-id.ts';
export type { Phase };

/** Workflow type and task queue of countdowns. */
export const COUNTDOWN_TYPE = 'countdown';
export const WORKFLOW_TASK_QUEUE = 'tminus';
export const LOAD_TASK_QUEUE = 'tminus.load';
/** Queue of the workers that stand near a cluster. */
export const clusterTaskQueue = (cluster: string): string => `tminus.${cluster}`;

/** What lists read of a countdown without a worker. workers/namespace.ts registers them. */
export const attribute = {
  release: defineSearchAttributeKey('TminusRelease', 'KEYWORD'),
  service: defineSearchAttributeKey('TminusService', 'KEYWORD'),
  phase: defineSearchAttributeKey('TminusPhase', 'KEYWORD'),
  verdict: defineSearchAttributeKey('TminusVerdict', 'KEYWORD'),
  ending: defineSearchAttributeKey('TminusEnding', 'KEYWORD'),
  launchAt: defineSearchAttributeKey('TminusLaunchAt', 'DATETIME'),
  nextCheckpointAt: defineSearchAttributeKey('TminusNextCheckpointAt', 'DATETIME'),
};

/** Everything a countdown starts from. Defaults are already applied; files are already in the evidence store. */
export interface CountdownInput {
  release: Release;
  /** SHA-256 of the release file's bytes: the revision people approve is bound to it. */
  releaseDigest: string;
  /** k6 scripts by the path the release file names them, as digests in the evidence store. */
  scripts: Record<string, string>;
  requestedBy: Principal;
  /** True on virtual time: shown everywhere, so that nobody takes a rehearsal for the launch. */
  rehearsal: boolean;
  /** The requester's comment; part of the first audit record. */
  comment?: string;
  /** A `Start` over all the others, signed by the server: without it nothing is begun. */
  start: Signed;
  /** State carried over a continue-as-new, with the seal of a worker over it; absent on a fresh start. */
  carried?: { state: unknown; seal: Seal };
}

/** What the server signs of a start: for this countdown and this input, once, and not for long. */
export interface Start {
  /** An act has none, so neither can be read as the other. */
  kind: 'start';
  /** Counts once: the worker records which first run it admitted. */
  id: string;
  /** Workflow id. */
  countdown: string;
  /** `inputDigest` of the input. */
  input: string;
  /** RFC 3339: by the worker's real clock nothing is launched before it. Holds and recycling only move a launch to later. */
  notBefore: string;
  /** RFC 3339, server clock. */
  issuedAt: string;
  /** RFC 3339, server clock: after this it admits nothing, by the worker's real clock. */
  notAfter: string;
}

/** What a person is told after an act counted. */
export interface ActionResult {
  ok: true;
  sentence: string;
  phase: Phase;
  revision: number;
}

/** How it ended. `passed`: a plan without a launch went through. */
export type Ending = 'launched' | 'passed' | 'no-go' | 'rolled-back' | 'aborted' | 'refused' | 'undo-incomplete';

export interface StepStatus {
  name: string;
  type: string;
  /** Round of the checkpoint this run belongs to, from 1. */
  round: number;
  state: 'later' | 'running' | 'done' | 'failed-to-run';
  startedAt?: string;
  finishedAt?: string;
  /** Child workflow id, for progress and evidence. */
  workflowId?: string;
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

export interface ApprovalStatus {
  principal: Principal;
  decision: 'approve' | 'reject';
  comment: string;
  at: string;
  revision: number;
  evidenceDigest: string;
  verified: boolean;
}

export interface CheckpointStatus {
  name: string;
  /** `T-72h`. */
  offset: string;
  /** RFC 3339. */
  at: string;
  state: 'later' | 'running' | 'waiting' | 'go' | 'hold' | 'no-go';
  /** Bumped whenever findings, waivers or the plan change what an approval would mean. */
  revision: number;
  /** `sha256:` over the canonical findings and evidence digests of the checkpoint. */
  evidenceDigest: string;
  steps: StepStatus[];
  approvals: ApprovalStatus[];
  approval?: { groups: string[]; count: number; allowRequester: boolean; deadlineAt?: string; onDeadline: 'no-go' | 'hold' };
  waivers: { finding: string; reason: string; by: Principal; expiresAt: string }[];
  evaluation?: Evaluation;
}

/** Kubernetes-style condition. */
export interface Condition {
  type: 'LockHeld' | 'Holding' | 'CheckpointReached' | 'NotificationsDelivered' | 'Launched' | 'RolledBack' | 'Ended';
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
}

/** A person who stops the clock. */
export interface HoldStatus {
  /** RFC 3339. */
  since: string;
  by: string;
  reason: string;
}

/** Answer of the `status` query: all that CLI, page, report and chat show. */
export interface CountdownStatus {
  release: string;
  /** First execution run id: actions are bound to it. */
  run: string;
  service: { name: string; namespace: string; cluster: string; image: string };
  rehearsal: boolean;
  requestedBy: Principal;
  phase: Phase;
  verdict: 'go' | 'hold' | 'no-go';
  /** The sentence on top of the page. */
  sentence: string;
  reasons: Reason[];
  ending?: Ending;
  /** The countdown's own clock (virtual in a rehearsal), RFC 3339, as of the last workflow task. */
  now: string;
  startedAt: string;
  endedAt?: string;
  launchAt: string;
  heldMs: number;
  /** Oldest first. */
  holds: HoldStatus[];
  /** Since when the newest hold stands: a resume lifts all up to it. */
  holdSince?: string;
  /** Checkpoint being worked on or next. */
  current: string;
  checkpoints: CheckpointStatus[];
  conditions: Condition[];
  /** Head of the audit chain: seq and hash of the last record. */
  auditHead: { seq: number; hash: string };
  historyEvents: number;
}

/** A step's activity registers the way back of an effect before the effect happens. Update id: the undo's own. */
export const registerUndoUpdate = defineUpdate<void, [UndoEntry]>('registerUndo');

/** What the restorer is sent before an effect. The senders (activities/effects/undo-messages.ts) may import only types; a test holds the names together. */
export interface RestorerRegistration {
  entry: UndoEntry;
  countdown: CountdownRef;
  /** Dead man's switch, milliseconds since 1970 by a worker's clock; null where there is none. */
  dueAtMs: number | null;
}
export const restorerRegisterUpdate = defineUpdate<void, [RestorerRegistration]>('registerUndo');
export const restorerSettleUpdate = defineUpdate<void, [{ id: string }]>('settleUndo');

export const openUpdate = defineUpdate<{ release: string; launchAt: string; checkpoints: { name: string; at: string }[] }>('open');
export const actionUpdate = defineUpdate<ActionResult, [SignedAction]>('action');
export const holdSignal = defineSignal<[{ reason: string; by: Principal }]>('hold');
/** Who aborts and why; sent just before the cancellation that ends the countdown. */
export const abortSignal = defineSignal<[{ reason: string; by: Principal }]>('abort');
/** For tools that can only signal: counts as an unverified principal, and only where the release says `allowUnverified: true`. */
export const approveSignal = defineSignal<[{ checkpoint: string; by: string; comment: string }]>('approve');
export const statusQuery = defineQuery<CountdownStatus>('status');
export const planQuery = defineQuery<{ launchAt: string; checkpoints: { name: string; offset: string; at: string }[] }>('plan');
export const auditQuery = defineQuery<AuditRecord[]>('audit');
