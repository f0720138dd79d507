// Effect activities and their types: one shape for every change to the outside world. Types only: workflows import this file, never the
// implementation.
import type { CountdownRef, EffectKind, EffectTarget, UndoEntry } from '../../verdict/undo.ts';
import type { Seal, SignedAction } from '../../verdict/signed.ts';
import type { EvidenceRef, Fact, Finding } from '../../verdict/finding.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { WriteResult } from '../kubernetes/contract.ts';

export interface CaptureInput {
  kind: EffectKind;
  target: EffectTarget;
  generation: number;
  countdown: CountdownRef;
  /**
   * By the kind's schema, each with the Deployment: deployment-image `{ healthTarget, healthPath, wantedImage }`; service-switch `{ switch }`;
   * deployment-environment `{ variable, healthTarget, healthPath }`; service-fault `{ settings }`.
   */
  settings: unknown;
}

export interface Captured {
  before: unknown;
  seal: Seal;
  /** Image or state that a restore restores, for display. */
  goesBackTo: string;
  evidence: EvidenceRef[];
}

/** Signatures of server and people for an effect, verified by the activity that has the credentials. */
export interface Authority {
  /** Input of the start, without carried state. */
  input: CountdownInput;
  /** By the worker that admitted the start, for this first run. */
  admission: Seal;
  /** Valid approvals, and waivers. */
  decisions: SignedAction[];
  /** Earlier runs of the chain that were reset. */
  resets: string[];
}

export interface ApplyInput {
  entry: UndoEntry;
  /**
   * deployment-image: `{ image: string }`; service-switch: `{ value: boolean, ttlMs: number }`; deployment-environment: `{ value: string }`;
   * service-fault: `{ settings: Record<string, string>, ttlMs: number }`.
   */
  wanted: unknown;
  countdown: CountdownRef;
  /** Null is refused. */
  authority: Authority | null;
}

export interface Proof {
  restored: boolean;
  /** The effect had never landed, and a later change by someone else was left alone. */
  leftAlone: boolean;
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

/** Run on the task queue of the target's cluster. */
export interface EffectActivities {
  /** Records the target. Reads only. Refuses a target that is not complete and available, and an open operation of another countdown. */
  captureEffect(input: CaptureInput): Promise<Captured>;
  /** Refuses a `before` without its seal. Journal, then the countdown's Update `registerUndo`, then the restorer. Idempotent by `entry.id`. */
  registerUndo(input: { entry: UndoEntry; countdown: CountdownRef }): Promise<void>;
  /** Verifies the authority, claims the Lease, then verify-then-act. */
  applyEffect(input: ApplyInput): Promise<WriteResult>;
  /** Verify-then-act. Refuses a `before` that neither journal nor seal nor Lease confirms. */
  restoreEffect(input: { entry: UndoEntry; countdown: CountdownRef }): Promise<WriteResult>;
  /** Watches the restored target until it serves again or the timeout, and judges it. Heartbeats. */
  proveRestored(input: { entry: UndoEntry; write: WriteResult; failedAt: string | null }): Promise<Proof>;
  /** Conditions, events and the last 200 log lines of pods that are not Ready; bounded, in parallel with the rollback. */
  describeFailure(input: { entry: UndoEntry }): Promise<{ facts: Fact[]; evidence: EvidenceRef[] }>;
  /** Closes the Lease, settles the journal, then the restorer, which may have ended. Idempotent. */
  settleUndo(input: { entry: UndoEntry; outcome: 'restored' | 'kept'; countdown: CountdownRef }): Promise<void>;
}

export type { WriteResult } from '../kubernetes/contract.ts';
