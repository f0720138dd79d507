// What people and tools say to a countdown. Shape is checked before an act is accepted (nothing enters history); policy is checked
// after, so that a refusal stands in history and in the audit.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { explainCan, explainWho, samePerson, type Action } from '../verdict/can.ts';
import { findingKey } from '../verdict/judge.ts';
import { explainingSteps } from './steps/registry.ts';
import { quick } from './activity-options.ts';
import { actorOf, current, evaluate, findingsOf, moveLaunch, record, specOf, type CountdownState } from './countdown-state.ts';
import { countdownStatus } from './status.ts';
import {
  abortSignal,
  actUpdate,
  approveSignal,
  auditQuery,
  holdSignal,
  openUpdate,
  planQuery,
  statusQuery,
  type Act,
  type ActResult,
  type SignedAct,
} from './messages.ts';
import { undoRegisteredSignal } from './step.ts';

const { verifyAct } = proxyActivities<BookkeepingActivities>(quick);

/** A signed act is a small document; anything longer is not one. */
const ACT_CHARACTERS = 16_384;

export function listen(state: CountdownState): void {
  const root = CancellationScope.current();
  setHandler(statusQuery, () => countdownStatus(state), { description: 'All that page, CLI and report show' });
  setHandler(planQuery, () => plan(state));
  setHandler(auditQuery, () => state.audit);
  setHandler(undoRegisteredSignal, (entry) => {
    if (state.undo.some(({ undoes }) => undoes === entry.undoes)) return;
    state.undo.push(entry);
    record(state, Date.now(), 'tminus', 'undo.registered', entry.name, entry.undoes);
  });
  setHandler(holdSignal, ({ reason, by }) => hold(state, actorOf(by), by.displayName, reason), {
    description: 'Stops the clock; lands also while no worker runs',
  });
  setHandler(abortSignal, ({ reason, by }) => {
    state.sentence = `aborted by ${by.displayName}: ${reason}`;
    record(state, Date.now(), actorOf(by), 'abort.accepted', state.input.release.metadata.name, reason);
  });
  setHandler(approveSignal, ({ checkpoint, by, comment }) => approveUnverified(state, checkpoint, by, comment));
  setHandler(openUpdate, async () => {
    await condition(() => state.phase !== 'opening');
    if (state.ending === 'refused') throw ApplicationFailure.nonRetryable(state.sentence, 'Refused');
    return { release: state.input.release.metadata.name, ...plan(state) };
  });
  setHandler(actUpdate, (signed) => handleAct(state, signed, root), { validator: validateShape, description: 'A signed act of a person' });
}

function validateShape(signed: SignedAct): void {
  const wellFormed = typeof signed?.payload === 'string' && typeof signed.keyId === 'string' && typeof signed.signature === 'string';
  if (!wellFormed) throw ApplicationFailure.nonRetryable('an act has payload, keyId and signature, all text', 'Malformed');
  if (signed.payload.length > ACT_CHARACTERS)
    throw ApplicationFailure.nonRetryable(`an act is at most ${ACT_CHARACTERS} characters`, 'Malformed');
}

async function handleAct(state: CountdownState, signed: SignedAct, root: CancellationScope): Promise<ActResult> {
  const act = await verified(state, signed);
  const known = state.acts[act.id];
  if (known) return known;
  const refusal = explainRefusal(state, act);
  if (refusal !== null) {
    record(state, Date.now(), actorOf(act.principal), `${act.action}.refused`, act.checkpoint, refusal);
    throw ApplicationFailure.nonRetryable(refusal, 'Refused');
  }
  record(state, Date.now(), actorOf(act.principal), `${act.action}.accepted`, act.checkpoint, act.comment);
  const sentence = effects[act.action](state, act);
  if (act.action === 'abort') root.cancel();
  const { revision } = current(state);
  return (state.acts[act.id] = { ok: true, sentence, phase: state.phase, revision });
}

async function verified(state: CountdownState, signed: SignedAct): Promise<Act> {
  try {
    return await verifyAct(signed);
  } catch (error) {
    if (isCancellation(error)) throw ApplicationFailure.nonRetryable('the countdown is ending; nothing was done', 'Refused');
    record(state, Date.now(), 'unknown', 'act.refused', state.input.release.metadata.name, 'its signature does not verify');
    throw ApplicationFailure.nonRetryable('the signature of this act does not verify against the keys this worker trusts', 'Refused');
  }
}

/** Why an act cannot count now, or null. The phase comes first, then who, then what they saw. */
function explainRefusal(state: CountdownState, act: Act): string | null {
  if (act.countdown !== workflowInfo().workflowId) return `this act was signed for ${act.countdown}`;
  const checkpoint = current(state);
  const spec = specOf(state.input, checkpoint.name);
  const bound = act.action === 'approve' || act.action === 'reject' || act.action === 'waive';
  if (bound && act.checkpoint !== checkpoint.name) return explainWrongCheckpoint(state, act.checkpoint);
  const wrongPhase = explainCan(act.action, state.phase);
  if (wrongPhase !== null) {
    const deadlineMs = checkpoint.approvalDeadlineMs;
    const passed = act.action === 'approve' && state.phase === 'stopped' && deadlineMs !== undefined && Date.now() >= deadlineMs;
    return passed
      ? `too late: the deadline of ${checkpoint.name} passed at ${new Date(deadlineMs).toISOString()}`
      : `too early or too late: ${wrongPhase}`;
  }
  const rule = {
    groups: spec.approval?.groups ?? state.input.release.spec.approvers.groups,
    allowRequester: spec.approval?.allowRequester ?? false,
    allowUnverified: state.input.release.spec.allowUnverified,
  };
  const wrongPerson = explainWho(act.action, act.principal, rule, state.input.requestedBy);
  if (wrongPerson !== null) return wrongPerson;
  if (
    act.action === 'approve' &&
    checkpoint.approvals.some(
      (given) =>
        samePerson(given.principal, act.principal) && given.decision === 'approve' && given.evidenceDigest === checkpoint.evidenceDigest,
    )
  ) {
    return `${act.principal.displayName} has already approved ${checkpoint.name}; a person counts once`;
  }
  if (bound && (act.revision !== checkpoint.revision || act.evidenceDigest !== checkpoint.evidenceDigest)) {
    return `given on old evidence: revision ${act.revision} was read, revision ${checkpoint.revision} stands now; read it and decide again`;
  }
  return explainWrongDetail(state, act);
}

function explainWrongCheckpoint(state: CountdownState, name: string): string {
  const asked = state.checkpoints.find((checkpoint) => checkpoint.name === name);
  if (!asked) return `the plan has no checkpoint ${name}; it has ${state.checkpoints.map((checkpoint) => checkpoint.name).join(', ')}`;
  return asked.passed
    ? `too late: ${name} has already been passed`
    : `too early: ${name} is reached at ${new Date(asked.atMs).toISOString()}`;
}

function explainWrongDetail(state: CountdownState, act: Act): string | null {
  const checkpoint = current(state);
  const needsComment: Action[] = ['reject', 'waive', 'abort', 'recycle'];
  if (needsComment.includes(act.action) && act.comment.trim() === '') return `${act.action} needs a reason`;
  if (act.action === 'waive') {
    const finding = findingsOf(checkpoint).find((candidate) => findingKey(candidate) === act.finding && candidate.outcome !== 'pass');
    if (!finding) return `${checkpoint.name} has no open finding ${act.finding ?? ''}; it has ${openFindings(state) || 'none'}`;
    if (!act.expiresAt || !(Date.parse(act.expiresAt) > Date.now())) return 'a waiver needs an expiry in the future';
  }
  if (act.action === 'recycle') {
    const to = state.checkpoints.findIndex(({ name, offset }) => name === act.to || offset === act.to);
    if (to < 0 || to > state.cursor)
      return `the countdown can go back to ${state.checkpoints
        .slice(0, state.cursor + 1)
        .map(({ name, offset }) => `${offset} ${name}`)
        .join(', ')}`;
    if (state.undo.length > 0) return 'the launch has begun; abort rolls it back';
  }
  if (act.action === 'retry' && !checkpoint.steps.some(({ name }) => name === act.step)) {
    return `${checkpoint.name} has no step ${act.step ?? ''}; it has ${checkpoint.steps.map(({ name }) => name).join(', ') || 'none'}`;
  }
  return null;
}

const openFindings = (state: CountdownState): string =>
  findingsOf(current(state))
    .filter(({ outcome }) => outcome !== 'pass')
    .map(findingKey)
    .join(', ');

/** What each act does once it counts; answers the sentence its author reads. */
const effects: Record<Action, (state: CountdownState, act: Act) => string> = {
  approve: (state, act) => decide(state, act, 'approve'),
  reject: (state, act) => decide(state, act, 'reject'),
  hold: (state, act) => {
    hold(state, actorOf(act.principal), act.principal.displayName, act.comment);
    return 'the clock is stopped';
  },
  resume: (state, act) => resume(state, act),
  recycle: (state, act) => {
    state.recycleTo = state.checkpoints.find(({ name, offset }) => name === act.to || offset === act.to)?.name ?? null;
    state.version += 1;
    return `going back to ${state.recycleTo}`;
  },
  retry: (state, act) => {
    runAgain(state, [act.step ?? '']);
    return `${act.step} runs again`;
  },
  waive: (state, act) => {
    const checkpoint = current(state);
    checkpoint.waivers.push({
      finding: act.finding ?? '',
      reason: act.comment,
      by: act.principal,
      expiresAtMs: Date.parse(act.expiresAt ?? ''),
    });
    evaluate(state, checkpoint, Date.now());
    state.version += 1;
    return `${act.finding} is waived until ${act.expiresAt}`;
  },
  abort: (state, act) => {
    state.sentence = `aborted by ${act.principal.displayName}: ${act.comment}`;
    return 'the countdown ends';
  },
};

function decide(state: CountdownState, act: Act, decision: 'approve' | 'reject'): string {
  const checkpoint = current(state);
  const { principal, comment, revision, evidenceDigest } = act;
  checkpoint.approvals.push({
    principal,
    decision,
    comment,
    at: new Date(Date.now()).toISOString(),
    revision,
    evidenceDigest,
    verified: principal.verified,
  });
  const { reasons } = evaluate(state, checkpoint, Date.now());
  state.version += 1;
  return decision === 'reject'
    ? `${checkpoint.name} is no-go`
    : (reasons.find(({ code }) => code === 'WaitingForApproval')?.message ?? `${checkpoint.name} has its approvals`);
}

function hold(state: CountdownState, actor: string, name: string, reason: string): void {
  const refusal = explainCan('hold', state.phase);
  if (refusal !== null || state.hold)
    return record(state, Date.now(), actor, 'hold.refused', current(state).name, refusal ?? 'it is already held');
  state.hold = { sinceMs: Date.now(), by: name, reason };
  record(state, Date.now(), actor, 'hold.accepted', current(state).name, reason);
}

/** Starts the clock again. The launch time is kept while what comes next is still ahead, else moved by the length of the hold. */
function resume(state: CountdownState, act: Act): string {
  const now = Date.now();
  const checkpoint = current(state);
  const heldMs = state.hold ? now - state.hold.sinceMs : 0;
  const next = checkpoint.reached ? state.checkpoints[state.cursor + 1] : checkpoint;
  const missed = next !== undefined && next.atMs < now;
  const shift = act.launchAt === 'shift' || (act.launchAt === undefined && missed);
  state.heldMs += heldMs;
  state.hold = null;
  if (shift) moveLaunch(state, state.launchAtMs + Math.max(heldMs, now - checkpoint.atMs));
  // A held clock does not run out on those who are asked.
  if (checkpoint.approvalDeadlineMs !== undefined) checkpoint.approvalDeadlineMs += heldMs;
  checkpoint.own = [];
  const unsure = checkpoint.steps
    .filter(({ findings }) => findings.some(({ outcome }) => outcome === 'inconclusive'))
    .map(({ name }) => name);
  if (unsure.length > 0) runAgain(state, unsure);
  state.version += 1;
  const launch = new Date(state.launchAtMs).toISOString();
  if (shift) record(state, now, 'tminus', 'plan.changed', state.input.release.metadata.name, `launch at ${launch}`);
  return shift ? `the clock runs; the launch moves to ${launch}` : `the clock runs; the launch stays at ${launch}`;
}

/**
 * Marks steps to run again and forgets what they found, so that the checkpoint is judged on the new round only. Whatever explained the old
 * round goes with it.
 */
function runAgain(state: CountdownState, names: readonly string[]): void {
  const checkpoint = current(state);
  const { steps: specs } = specOf(state.input, checkpoint.name);
  const first = checkpoint.steps.findIndex(({ name }) => names.includes(name));
  for (const [index, step] of checkpoint.steps.entries()) {
    const explains = index > first && specs[index] && explainingSteps.has(specs[index].type) && step.state !== 'later';
    if (!names.includes(step.name) && !explains) continue;
    if (!checkpoint.pending.includes(step.name)) checkpoint.pending.push(step.name);
    Object.assign(step, { state: 'later', findings: [], facts: [], evidence: [] });
  }
  delete checkpoint.holdDeadlineMs;
  delete checkpoint.stopDeadlineMs;
  delete checkpoint.approvalDeadlineMs;
  state.version += 1;
}

/** A tool that can only signal cannot prove who it speaks for; it counts only where the release allows that. */
function approveUnverified(state: CountdownState, name: string, by: string, comment: string): void {
  const checkpoint = current(state);
  const principal = {
    issuer: 'signal',
    subject: by,
    displayName: by,
    groups: specOf(state.input, checkpoint.name).approval?.groups ?? [],
    verified: false,
  };
  const refusal = !state.input.release.spec.allowUnverified
    ? 'an approval by signal is unverified, and the release does not say allowUnverified: true'
    : name !== checkpoint.name
      ? explainWrongCheckpoint(state, name)
      : (explainCan('approve', state.phase) ??
        (checkpoint.approvals.some((given) => samePerson(given.principal, principal)) ? `${by} has already approved` : null));
  record(state, Date.now(), actorOf(principal), refusal === null ? 'approve.accepted' : 'approve.refused', name, refusal ?? comment);
  if (refusal !== null) return;
  checkpoint.approvals.push({
    principal,
    decision: 'approve',
    comment,
    at: new Date(Date.now()).toISOString(),
    revision: checkpoint.revision,
    evidenceDigest: checkpoint.evidenceDigest,
    verified: false,
  });
  state.version += 1;
}

const plan = (state: CountdownState) => ({
  launchAt: new Date(state.launchAtMs).toISOString(),
  checkpoints: state.checkpoints.map(({ name, offset, atMs }) => ({ name, offset, at: new Date(atMs).toISOString() })),
});
