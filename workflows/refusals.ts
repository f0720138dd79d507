// Why an action cannot count: the phase first, then who, then what they saw. A refusal is a sentence and a line in the audit, never a crash.
import { explainCan, explainWho, samePerson } from '../verdict/can.ts';
import type { Finding } from '../verdict/finding.ts';
import { findingKey } from '../verdict/judge.ts';
import { explainUnwaivable } from '../verdict/waivable.ts';
import { eventTime, time } from '../verdict/wording/index.ts';
import { current, findingsOf, specOf, type CheckpointState, type CountdownState } from './countdown-state.ts';
import type { CountdownRef } from '../verdict/undo.ts';
import type { Action, ActionRequest } from '../verdict/action.ts';
import { isLive } from './undo-stack.ts';

type Identity = Pick<CountdownRef, 'workflowId' | 'firstRunId'>;

/** Why an action cannot count now, or null. The phase comes first, then who, then what they saw. */
export function explainRefusal(state: CountdownState, request: ActionRequest, { workflowId, firstRunId }: Identity): string | null {
  if (request.countdown !== workflowId) return `this action was signed for ${request.countdown}`;
  if (request.run !== firstRunId) return `this action was signed for another run of ${request.countdown}; review this run and retry`;
  const checkpoint = current(state);
  const spec = specOf(state.input, checkpoint.name);
  const bound = request.action === 'approve' || request.action === 'reject' || request.action === 'waive';
  if (bound && request.checkpoint !== checkpoint.name) return explainWrongCheckpoint(state, request.checkpoint);
  const tooLate = request.action === 'approve' && state.phase !== 'counting' ? explainTooLate(checkpoint) : null;
  if (tooLate !== null) return tooLate;
  const wrongPhase = explainNow(state, request.action);
  if (wrongPhase !== null) return `not possible now: ${wrongPhase}`;
  const rule = {
    groups: spec.approval?.groups ?? state.input.release.spec.approvers.groups,
    allowRequester: spec.approval?.allowRequester ?? false,
    allowUnverified: state.input.release.spec.allowUnverified,
  };
  const wrongPerson = explainWho(request.action, request.principal, rule, state.input.requestedBy);
  if (wrongPerson !== null) return wrongPerson;
  if (
    request.action === 'approve' &&
    checkpoint.approvals.some(
      (given) => samePerson(given.principal, request.principal) && given.decision === 'approve' && standsOn(checkpoint, given),
    )
  ) {
    return `${request.principal.displayName} has already approved ${checkpoint.name}; a person counts once`;
  }
  if (bound && !standsOn(checkpoint, request)) {
    return request.revision === checkpoint.revision
      ? `stale: the evidence of revision ${request.revision} has changed; review and retry`
      : `stale: based on revision ${request.revision}, current revision is ${checkpoint.revision}; review and retry`;
  }
  return explainUnseenHold(state, request) ?? explainWrongDetail(state, request);
}

/** Nobody goes back over a hold they have not seen. A resume lifts only those that its author saw, and there must be one. */
function explainUnseenHold({ holds }: CountdownState, { action, holdSince }: ActionRequest): string | null {
  const seenMs = Date.parse(holdSince ?? '');
  const unseen = holds.filter(({ sinceMs }) => !(sinceMs <= seenMs));
  const [first] = unseen;
  if (!first || !(action === 'recycle' || (action === 'resume' && unseen.length === holds.length))) return null;
  const since = eventTime(first.sinceMs);
  return `${first.by} has held the countdown since ${since}, after the status that this action is based on: ${first.reason}; review and retry`;
}

/** What is said of it is said of the evidence as it stands now. The same evidence found again is a revision of its own. */
export const standsOn = (
  { revision, evidenceDigest }: CheckpointState,
  said: Pick<ActionRequest, 'revision' | 'evidenceDigest'>,
): boolean => said.revision === revision && said.evidenceDigest === evidenceDigest;

export function explainWrongCheckpoint(state: CountdownState, name: string): string {
  const asked = state.checkpoints.find((checkpoint) => checkpoint.name === name);
  if (!asked) return `the plan has no checkpoint ${name}; it has ${state.checkpoints.map((checkpoint) => checkpoint.name).join(', ')}`;
  return asked.passed ? `too late: ${name} has already passed` : `too early: ${name} is due at ${time(asked.atMs)}`;
}

function explainWrongDetail(state: CountdownState, request: ActionRequest): string | null {
  const checkpoint = current(state);
  const needsComment: Action[] = ['reject', 'waive', 'abort', 'recycle'];
  if (needsComment.includes(request.action) && request.comment.trim() === '') return `${request.action} needs a reason`;
  if (request.action === 'waive') {
    if (!openFinding(checkpoint, request, Date.now()))
      return `${checkpoint.name} has no open finding ${request.finding ?? ''}; it has ${openFindings(state) || 'none'}`;
    const unwaivable = explainUnwaivable(checkpoint.steps, request.finding ?? '');
    if (unwaivable !== null) return unwaivable;
    if (!(Date.parse(request.expiresAt ?? '') > Date.now())) return 'a waiver needs an expiry in the future';
  }
  if (request.action === 'recycle') {
    const to = state.checkpoints.findIndex(({ name, offset }) => name === request.to || offset === request.to);
    if (to < 0 || to > state.cursor)
      return `the countdown can go back to ${state.checkpoints
        .slice(0, state.cursor + 1)
        .map(({ name, offset }) => `${offset} ${name}`)
        .join(', ')}`;
    if (isLive(state.undo)) return 'the launch has started; abort rolls it back';
  }
  if (request.action === 'retry' && !checkpoint.steps.some(({ name }) => name === request.step)) {
    return `${checkpoint.name} has no step ${request.step ?? ''}; it has ${checkpoint.steps.map(({ name }) => name).join(', ') || 'none'}`;
  }
  return null;
}

/** The finding a waiver is about: the first of that name that nobody has waived as it stands. */
export const openFinding = (checkpoint: CheckpointState, { finding }: ActionRequest, nowMs: number): Finding | undefined =>
  findingsOf(checkpoint).find(
    (candidate) =>
      findingKey(candidate) === finding &&
      candidate.outcome !== 'pass' &&
      !checkpoint.waivers.some((waiver) => waiver.finding === finding && waiver.said === candidate.message && waiver.expiresAtMs > nowMs),
  );

const openFindings = (state: CountdownState): string =>
  findingsOf(current(state))
    .filter(({ outcome }) => outcome !== 'pass')
    .map(findingKey)
    .join(', ');

/** Why an action is not possible now, or null. An ending that is decided is an end, though what belongs to it still goes on. */
export const explainNow = (state: CountdownState, action: Action): string | null =>
  explainCan(action, state.decidedEnding === null ? state.phase : 'ended');

/** Why it is too late to approve, or null: a deadline that has passed stands also where no worker was there to see it pass. */
export function explainTooLate({ name, approvalDeadlineMs }: CheckpointState): string | null {
  if (approvalDeadlineMs === undefined || Date.now() < approvalDeadlineMs) return null;
  return `too late: the deadline of ${name} was ${time(approvalDeadlineMs)}`;
}
