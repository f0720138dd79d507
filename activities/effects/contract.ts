// What workflows may ask of an effect: one shape for every change to the outside world. Types only: workflows import this file, never the
// code behind it.
import type { EvidenceRef, Fact, Finding } from '../../verdict/finding.ts';
import type { CountdownInput, SignedAction } from '../../workflows/messages.ts';
import type { Seal } from '../identity/contract.ts';
import type { DeploymentTarget, WriteResult } from '../kubernetes/contract.ts';

/** Grows with each outside system; its code stands in activities/effects/registry.ts. */
export type EffectKind = 'deployment-image';

/** step: restored when the step ends; countdown: at the end unless launched; always: at the end whatever the ending; kept: stands after the launch. */
export type UndoScope = 'step' | 'countdown' | 'always' | 'kept';

/** The registered way back of one effect. Small JSON: evidence is pointed to, never carried. */
export interface UndoEntry {
  /**
   * `<countdown workflow id>/<first run id>/<checkpoint>/<step>/<round>/<effect kind>/<target key>`: the operation id of the effect. The
   * first run's id outlives continue-as-new and reset.
   */
  id: string;
  kind: EffectKind;
  /** `key` is stable text: `shop/go-api`. */
  target: { cluster: string; key: string };
  /** Fence: a write with a lower one than the target has seen is refused. */
  generation: number;
  /** For people: `shop/go-api back to sha-4f9c2ab`. */
  name: string;
  /** While it stands, a candidate serves people. */
  live: boolean;
  scope: UndoScope;
  /** Lower first, equal ones in parallel. */
  order: number;
  /** Dead man's switch, by the worker's real clock. */
  dueInMs?: number;
  /** Time budgets of the rollback. */
  within: { restoreMs: number; proveMs: number };
  /** Checked by the kind's own schema. */
  before: unknown;
  /** Of the worker that captured `before`, over it and what it belongs to. Absent in records of versions that did not seal. */
  seal?: Seal;
}

/** The countdown that owns an effect. */
export interface CountdownRef {
  workflowId: string;
  firstRunId: string;
  release: string;
  notify: string[];
}

export interface CaptureInput {
  kind: EffectKind;
  target: DeploymentTarget;
  generation: number;
  countdown: CountdownRef;
  settings: { healthTarget: string; healthPath: string; wantedImage: string };
}

export interface Captured {
  before: unknown;
  seal: Seal;
  /** Image or state it goes back to, for people. */
  goesBackTo: string;
  evidence: EvidenceRef[];
}

/** What server and people have signed for an effect. The activity that has the credentials checks it, whoever asks. */
export interface Authority {
  /** What the countdown was started with, without state that was carried over. */
  input: CountdownInput;
  /** Of the worker that admitted the start, for this first run. */
  admission: Seal;
  /** Approvals that stand, and waivers. */
  decisions: SignedAction[];
  /** Runs of the chain before this one that were reset. */
  resets: string[];
}

export interface ApplyInput {
  entry: UndoEntry;
  /** deployment-image: `{ image: string }`. */
  wanted: unknown;
  countdown: CountdownRef;
  /** Null where there is none: then it is refused. */
  authority: Authority | null;
}

export interface Proof {
  /** Nothing of the effect stands any more. */
  restored: boolean;
  /** The effect had never landed, and what somebody else deployed since was left as it is. */
  leftAlone: boolean;
  findings: Finding[];
  facts: Fact[];
  evidence: EvidenceRef[];
}

/** All of them run on the task queue of the target's cluster. */
export interface EffectActivities {
  /** Records the target as it is. Changes nothing. Refuses a target that is not complete and available, and an open operation of another countdown. */
  captureEffect(input: CaptureInput): Promise<Captured>;
  /** Refuses a `before` without its seal. Journal, then the countdown's Update `registerUndo`, then the restorer. Idempotent by `entry.id`. */
  registerUndo(input: { entry: UndoEntry; countdown: CountdownRef }): Promise<void>;
  /** Refuses what is not signed for, then claims the Lease, then verify-then-act. */
  applyEffect(input: ApplyInput): Promise<WriteResult>;
  /** Verify-then-act. Refuses a `before` that neither journal nor seal nor Lease confirms. */
  restoreEffect(input: { entry: UndoEntry; countdown: CountdownRef }): Promise<WriteResult>;
  /** Watches the restored target until it serves again or the time is over, and judges it. Heartbeats. */
  proveRestored(input: { entry: UndoEntry; write: WriteResult; failedAt: string | null }): Promise<Proof>;
  /** Conditions, events and the last 200 log lines of pods that are not Ready. Read beside the rollback; bounded, and never delays it. */
  describeFailure(input: { entry: UndoEntry }): Promise<{ facts: Fact[]; evidence: EvidenceRef[] }>;
  /** Lease closed, then journal, then restorer; one that has ended is fine. Idempotent. */
  settleUndo(input: { entry: UndoEntry; outcome: 'restored' | 'kept'; countdown: CountdownRef }): Promise<void>;
}

export type { WriteResult } from '../kubernetes/contract.ts';
