// The one place that assigns fields of a countdown. What decides (an action, a report of the guard, the end of a step) is pure and returns a
// `Change`; `applyChange` assigns it. Besides this file only the story in countdown.ts assigns.
import type { StepStatus } from '../verdict/countdown-status.ts';
import { replan, planOf } from '../release/plan.ts';
import { EMPTY_CHAIN, chainRecord, type AuditRecord } from '../verdict/audit-chain.ts';
import { digestOf } from '../verdict/digest.ts';
import { judge, type CountedApproval } from '../verdict/judge.ts';
import type { Evaluation } from '../verdict/verdict.ts';
import { current, emptyCheckpoint, findingsOf, specOf, type CheckpointState, type CountdownState, type Watch } from './countdown-state.ts';

export type AuditEntry = Pick<AuditRecord, 'actor' | 'action' | 'object' | 'detail'>;

type StepChange = Pick<StepStatus, 'name'> & Partial<StepStatus>;

/** New values of some fields of a countdown and of one of its checkpoints. Objects are assigned into, because steps that run hold references. */
export interface Change {
  state?: Partial<
    Pick<
      CountdownState,
      | 'actionResults'
      | 'admission'
      | 'backgroundTasks'
      | 'decidedEnding'
      | 'endedAtMs'
      | 'failedAt'
      | 'heldMs'
      | 'holds'
      | 'isStoringAudit'
      | 'launchedAt'
      | 'message'
      | 'readyAtMs'
      | 'recycleTo'
      | 'resets'
      | 'testedImageIds'
      | 'undelivered'
      | 'undo'
    >
  >;
  checkpoint?: Partial<CheckpointState>;
  /** Steps of the checkpoint, by name. */
  steps?: readonly StepChange[];
  /** Assigned without moving the version, like `watch`: the story does not act on these. */
  quiet?: Partial<Pick<CountdownState, 'auditStored' | 'inspectedVersion' | 'phase'>>;
  watch?: Partial<Watch>;
  /** Where the launch moves to, with every checkpoint that is still to come. */
  launchAtMs?: number;
  /** Recorded in this order, after the fields are assigned. */
  audit?: readonly AuditEntry[];
  /** Recorded as a refusal: of very many, only some. */
  refusal?: AuditEntry;
}

/** Assigns a change to the countdown and to a checkpoint (the current one), and moves the version, so that waits wake up. */
export function applyChange(state: CountdownState, change: Change, checkpoint?: CheckpointState): void {
  Object.assign(state, change.state, change.quiet);
  if (change.watch) Object.assign(state.watch, change.watch);
  // A state that was not admitted yet may have no checkpoint at all.
  if (change.checkpoint || change.steps) assignInto(checkpoint ?? current(state), change);
  if (change.launchAtMs !== undefined) moveLaunch(state, change.launchAtMs);
  if (change.state || change.checkpoint || change.steps) state.version += 1;
  for (const { actor, action, object, detail } of change.audit ?? []) record(state, Date.now(), actor, action, object, detail);
  if (!change.refusal) return;
  const { actor, action, object, detail } = change.refusal;
  recordRefusal(state, Date.now(), actor, action, object, detail);
}

function assignInto(checkpoint: CheckpointState, change: Change): void {
  Object.assign(checkpoint, change.checkpoint);
  for (const changed of change.steps ?? []) {
    const status = checkpoint.steps.find(({ name }) => name === changed.name);
    if (!status) throw new Error(`checkpoint ${checkpoint.name} has no step ${changed.name}`);
    Object.assign(status, changed);
  }
}

/** What a line says is cut here: 500 such lines stay below the 2 MiB a payload may have. */
const DETAIL_CHARACTERS = 1_000;
const NAME_CHARACTERS = 200;

/** A line in the audit chain; stored by `storeAuditSoon`. */
export function record(state: CountdownState, nowMs: number, actor: string, action: string, object: string, detail: string): void {
  const last = state.audit.at(-1);
  state.audit.push(
    chainRecord(last ?? EMPTY_CHAIN, {
      at: new Date(nowMs).toISOString(),
      actor: cut(actor, NAME_CHARACTERS),
      action,
      object: cut(object, NAME_CHARACTERS),
      detail: cut(detail, DETAIL_CHARACTERS),
    }),
  );
  state.version += 1;
}

const cut = (text: string, characters: number): string => (text.length <= characters ? text : `${text.slice(0, characters - 1)}…`);

/** Refusals recorded one by one; from then on one in so many, with their number: anything may send what is refused, and the chain is carried whole. */
const REFUSALS_RECORDED = 100;

/** A line in the audit for what was refused. */
export function recordRefusal(state: CountdownState, nowMs: number, actor: string, action: string, object: string, reason: string): void {
  state.refused += 1;
  const { refused: count } = state;
  if (count > REFUSALS_RECORDED && count % REFUSALS_RECORDED !== 0) return;
  record(state, nowMs, actor, action, object, count > REFUSALS_RECORDED ? `${reason} (${count} refused so far)` : reason);
}

type Judged = Required<Pick<CheckpointState, 'revision' | 'evidenceDigest' | 'evaluation'>>;

/** The change, with the checkpoint judged as it is after it. */
export function judged(
  state: CountdownState,
  checkpoint: CheckpointState,
  change: Change,
  nowMs: number,
): Change & { checkpoint: Judged & Partial<CheckpointState> } {
  const after = { ...checkpoint, ...change.checkpoint };
  const steps = after.steps.map((step) => ({ ...step, ...change.steps?.find(({ name }) => name === step.name) }));
  return { ...change, checkpoint: { ...change.checkpoint, ...judgedNow(state, { ...after, steps }, nowMs) } };
}

/** Judges a checkpoint as it is. While steps are pending, only what they found so far; approvals count once all have run. */
export function evaluate(state: CountdownState, checkpoint: CheckpointState, nowMs: number): Evaluation {
  const now = judgedNow(state, checkpoint, nowMs);
  if (now.evidenceDigest !== checkpoint.evidenceDigest) state.version += 1;
  Object.assign(checkpoint, now);
  return now.evaluation;
}

function judgedNow(state: CountdownState, checkpoint: CheckpointState, nowMs: number): Judged {
  const { approval } = specOf(state.input, checkpoint.name);
  const { approvalDeadlineMs, holdDeadlineMs } = checkpoint;
  const evidenceDigest = evidenceDigestOf(state, checkpoint);
  const isNew = checkpoint.evidenceDigest !== '' && evidenceDigest !== checkpoint.evidenceDigest;
  const revision = checkpoint.revision + (isNew ? 1 : 0);
  const evaluation = judge(
    findingsOf(checkpoint),
    checkpoint.approvals satisfies CountedApproval[],
    checkpoint.waivers,
    {
      approval:
        approval && checkpoint.pending.length === 0
          ? { ...approval, ...(approvalDeadlineMs === undefined ? {} : { deadlineAtMs: approvalDeadlineMs }) }
          : null,
      ...(holdDeadlineMs === undefined ? {} : { inconclusiveUntilMs: holdDeadlineMs }),
      revision,
      evidenceDigest,
    },
    nowMs,
  );
  return { revision, evidenceDigest, evaluation };
}

/**
 * Covers the findings and evidence of this and all earlier checkpoints and the candidate: an approval of the final poll speaks for the load test of
 * three days ago.
 */
function evidenceDigestOf({ input, checkpoints }: CountdownState, checkpoint: CheckpointState): string {
  const earlier = checkpoints.slice(
    0,
    checkpoints.findIndex(({ name }) => name === checkpoint.name),
  );
  return digestOf({
    release: input.releaseDigest,
    image: input.release.spec.service.image,
    checkpoints: [...earlier, checkpoint].map((each) => ({
      name: each.name,
      findings: findingsOf(each),
      evidence: each.steps.flatMap(({ evidence }) => evidence.map((ref) => ref.digest)),
      waivers: each.waivers.map(({ finding, said, reason, expiresAtMs }) => ({ finding, said, reason, expiresAtMs })),
    })),
  });
}

function moveLaunch(state: CountdownState, launchAtMs: number): void {
  const plan = replan(planOf(state.input.release, state.startedAtMs), launchAtMs);
  state.launchAtMs = launchAtMs;
  for (const planned of plan.checkpoints) {
    const checkpoint = state.checkpoints.find(({ name }) => name === planned.name);
    if (checkpoint && !checkpoint.passed) checkpoint.atMs = planned.atMs;
  }
  state.version += 1;
}

/** Goes back to an earlier checkpoint: it and all after it start afresh, their approvals and waivers void. Past rounds keep their numbers. */
export function recycleState(state: CountdownState, nowMs: number): void {
  const to = state.checkpoints.findIndex(({ name }) => name === state.recycleTo);
  const target = state.checkpoints[to];
  if (!target) throw new Error(`the plan has no checkpoint ${state.recycleTo}`);
  const lead = planOf(state.input.release, state.startedAtMs).checkpoints.find(({ name }) => name === target.name)?.offsetMs ?? 0;
  state.checkpoints = state.checkpoints.map((checkpoint, index) => {
    if (index < to) return checkpoint;
    const fresh = emptyCheckpoint(specOf(state.input, checkpoint.name), checkpoint.offset, checkpoint.atMs);
    for (const step of fresh.steps) step.round = checkpoint.steps.find(({ name }) => name === step.name)?.round ?? 0;
    return { ...fresh, revision: checkpoint.revision + 1 };
  });
  state.cursor = to;
  state.recycleTo = null;
  state.holds = [];
  state.testedImageIds = null;
  state.readyAtMs = nowMs;
  moveLaunch(state, Math.max(state.launchAtMs, nowMs + lead));
}

/** A new round of a step, which has found nothing yet, and its line in the audit. */
export function newRound(
  checkpoint: CheckpointState,
  status: StepStatus,
  nowMs: number,
): { step: StepChange & Pick<StepStatus, 'round'>; entry: AuditEntry } {
  const { name } = status;
  const round = status.round + 1;
  const startedAt = new Date(nowMs).toISOString();
  return {
    step: { name, round, state: 'running', startedAt, findings: [], facts: [], evidence: [] },
    entry: { actor: 'tminus', action: 'step.started', object: `${checkpoint.name}/${name}`, detail: `round ${round}` },
  };
}
