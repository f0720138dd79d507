// The state of a countdown as CLI, page, report and chat show it.
import type { Phase } from './can.ts';
import type { EvidenceRef, Fact, Finding } from './finding.ts';
import type { Evaluation, Principal, Reason } from './verdict.ts';

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
  message: string;
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
