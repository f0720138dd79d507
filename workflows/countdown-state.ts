// All that a countdown remembers, as plain JSON: it must survive a continue-as-new. Only change.ts and the story in countdown.ts assign its
// fields (one-place-assigns.test.ts); everything else reads them, or returns a `Change`.
import type { Phase } from '../verdict/can.ts';
import type { CountdownInput } from '../release/countdown-input.ts';
import type { ApprovalStatus, Ending, StepStatus } from '../verdict/countdown-status.ts';
import type { Seal, Signed } from '../verdict/signed.ts';
import type { ActionRequest } from '../verdict/action.ts';
import { planOf } from '../release/plan.ts';
import type { Checkpoint } from '../release/release.ts';
import type { Waiver } from '../verdict/judge.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { Finding } from '../verdict/finding.ts';
import type { Evaluation, Principal } from '../verdict/verdict.ts';
import type { ActionResult } from './messages.ts';
import type { Step } from '../release/steps/registry.ts';
import type { UndoEntry } from '../verdict/undo.ts';
import type { GuardCarry } from '../activities/steps-contract.ts';
import type { EarlierStep } from './step.ts';

export interface CheckpointState {
  name: string;
  offset: string;
  atMs: number;
  /** Rounds run so far of each step, by name, and what it left. */
  steps: StepStatus[];
  /** Names of steps that have to run (again) before the checkpoint can be judged whole. */
  pending: string[];
  approvals: ApprovalStatus[];
  waivers: Waiver[];
  /** Approvals and waivers that counted, as the server signed them: the activity that launches checks them for itself. */
  signed: { request: Pick<ActionRequest, 'action' | 'revision' | 'evidenceDigest'>; signed: Signed }[];
  /** What the countdown itself found: a missed checkpoint, a step that could not run. */
  own: Finding[];
  revision: number;
  evidenceDigest: string;
  approvalDeadlineMs?: number | undefined;
  /** Until when an inconclusive verdict stays a hold. */
  holdDeadlineMs?: number | undefined;
  /** Until when a no-go may still be waived, retried or recycled. */
  stopDeadlineMs?: number | undefined;
  /** Its time came, and its steps may run. */
  reached: boolean;
  passed: boolean;
  evaluation?: Evaluation;
}

export interface Hold {
  sinceMs: number;
  /** Identity of who holds; `by` is for reading. */
  actor: string;
  by: string;
  reason: string;
  /** People have been notified of it. */
  announced: boolean;
}

/** The watch over what is live. */
export interface Watch {
  /** Where the last activity of the present watch stopped; null: the next one begins a watch. */
  carry: GuardCarry | null;
  /** People have been notified that nothing is seen. */
  blindReported: boolean;
  /** By the countdown's clock: since when nothing is seen; null while something is. */
  blindSinceMs: number | null;
  /** By the countdown's clock: since when the result of the launch is unknown, though it may be live; null while it is known. */
  unseenSinceMs: number | null;
  /** Failures of the guard's activity in a row: the pause before the next grows with them. */
  failures: number;
}

export interface CountdownState {
  input: CountdownInput;
  /** Of the worker that admitted the start for this chain of runs; null before. */
  admission: Seal | null;
  /** Runs of the chain before this one that were reset in Temporal: a new run has no trace of it. */
  resets: string[];
  /** At which version the run was last inspected before a launch; null: never. */
  inspectedVersion: number | null;
  startedAtMs: number;
  launchAtMs: number;
  heldMs: number;
  phase: Phase;
  generation: number;
  cursor: number;
  checkpoints: CheckpointState[];
  /** People who stop the clock, oldest first; it runs when none is left. */
  holds: Hold[];
  recycleTo: string | null;
  /** Effects that stand, with their way back. */
  undo: UndoEntry[];
  watch: Watch;
  /** RFC 3339, by the cluster's worker: when the launch's write was acknowledged. */
  launchedAt: string | null;
  /** Digests of the images that load tests measured; null where none ran. */
  testedImageIds: string[] | null;
  /** RFC 3339, by the world's clock: when the failure that is undone was first known. */
  failedAt: string | null;
  /** How it ends. What follows from it (a rollback, the lock) is done once the phase is `ended`. */
  decidedEnding: Ending | null;
  /** The sentence of the ending, or of a refusal. */
  message: string;
  endedAtMs: number | null;
  audit: AuditRecord[];
  auditStored: number;
  /** Answers of actions that counted, by id: resending one gets the same answer, also after a continue-as-new. */
  actionResults: Record<string, ActionResult>;
  /** Messages to people and writes of the audit that are under way. */
  backgroundTasks: number;
  /** At most one write of the audit is under way. */
  isStoringAudit: boolean;
  /** Targets that did not get their last message, and why. */
  undelivered: { target: string; message: string }[];
  /** Since when nothing of ours stood before the next checkpoint: what comes later than this and its time was missed. */
  readyAtMs: number;
  /** Refusals so far: only the first of them are recorded one by one. */
  refused: number;
  /** Moved by every change, so that waits wake up. */
  version: number;
}

export function freshState(input: CountdownInput, nowMs: number): CountdownState {
  const plan = planOf(input.release, nowMs);
  return {
    input,
    admission: null,
    resets: [],
    inspectedVersion: null,
    startedAtMs: nowMs,
    launchAtMs: plan.launchAtMs,
    heldMs: 0,
    phase: 'opening',
    generation: 0,
    cursor: 0,
    checkpoints: plan.checkpoints.map(({ name, offset, atMs }) => emptyCheckpoint(specOf(input, name), offset, atMs)),
    holds: [],
    recycleTo: null,
    undo: [],
    watch: { carry: null, blindReported: false, blindSinceMs: null, unseenSinceMs: null, failures: 0 },
    launchedAt: null,
    testedImageIds: null,
    failedAt: null,
    decidedEnding: null,
    message: '',
    endedAtMs: null,
    audit: [],
    auditStored: 0,
    actionResults: {},
    backgroundTasks: 0,
    isStoringAudit: false,
    undelivered: [],
    readyAtMs: 0,
    refused: 0,
    version: 0,
  };
}

/** A checkpoint of which nothing has run. */
export function emptyCheckpoint({ name, steps }: Checkpoint, offset: string, atMs: number): CheckpointState {
  return {
    name,
    offset,
    atMs,
    steps: steps.map((step) => ({ name: step.name, type: step.type, round: 0, state: 'later', findings: [], facts: [], evidence: [] })),
    pending: steps.map((step) => step.name),
    approvals: [],
    waivers: [],
    signed: [],
    own: [],
    revision: 1,
    evidenceDigest: '',
    reached: false,
    passed: false,
  };
}

export function specOf(input: CountdownInput, name: string): Checkpoint {
  const spec = input.release.spec.checkpoints.find((checkpoint) => checkpoint.name === name);
  if (!spec) throw new Error(`the plan has no checkpoint ${name}`);
  return spec;
}

export const current = (state: CountdownState): CheckpointState => {
  const checkpoint = state.checkpoints[Math.min(state.cursor, state.checkpoints.length - 1)];
  if (!checkpoint) throw new Error('a plan has at least one checkpoint');
  return checkpoint;
};

export const findingsOf = (checkpoint: CheckpointState): Finding[] => [
  ...checkpoint.own,
  ...checkpoint.steps.flatMap(({ findings }) => findings),
];

export const actorOf = ({ issuer, subject }: Principal): string => `${issuer}/${subject}`;

/** What ran before a step in its checkpoint, in the order of the plan. */
export function earlierSteps({ input }: CountdownState, { name, steps }: CheckpointState, before: string): EarlierStep[] {
  const { steps: specs } = specOf(input, name);
  const at = steps.findIndex((step) => step.name === before);
  return steps.slice(0, at).flatMap(({ state, findings, evidence }, index) => {
    const spec = specs[index];
    return spec && state === 'done' ? [{ spec, findings, evidence }] : [];
  });
}

/** The step of this checkpoint that runs next, or null when none is left. */
export const nextStep = ({ input }: CountdownState, { name, pending }: CheckpointState): Step | null =>
  specOf(input, name).steps.find((step) => pending.includes(step.name)) ?? null;

/** Until when a person's hold may last, by the checkpoint it is at. */
export const heldUntilMs = ({ input }: CountdownState, { name }: CheckpointState, { sinceMs }: Hold): number =>
  sinceMs + specOf(input, name).holdTimeoutMs;

/** The hold whose deadline comes first, or null where nobody holds. */
export const oldestHold = ({ holds }: CountdownState): Hold | null => holds[0] ?? null;

/** A hold as people read it. */
export const heldBy = ({ by, reason }: Pick<Hold, 'by' | 'reason'>): string => `held by ${by}: ${reason}`;

/** A step of the plan by its type, with its state; null where the plan has none. */
export function planned<Type extends Step['type']>(
  state: CountdownState,
  type: Type,
): { checkpoint: CheckpointState; spec: Extract<Step, { type: Type }>; status: StepStatus } | null {
  for (const checkpoint of state.checkpoints) {
    const spec = specOf(state.input, checkpoint.name).steps.find((step): step is Extract<Step, { type: Type }> => step.type === type);
    const status = checkpoint.steps.find(({ name }) => name === spec?.name);
    if (spec && status) return { checkpoint, spec, status };
  }
  return null;
}
