// What each action does once it counts.
import type { Action, ActionRequest } from '../verdict/action.ts';
import { time } from '../verdict/wording/index.ts';
import { actorOf, current, evaluate, heldBy, moveLaunch, record, recordRefusal, specOf, type CountdownState } from './countdown-state.ts';
import { explainNow, openFinding } from './refusals.ts';
import { explainingSteps } from './steps/registry.ts';

/** Answers the sentence its author reads. */
export const effects: Record<Action, (state: CountdownState, request: ActionRequest) => string> = {
  approve: (state, request) => decide(state, request, 'approve'),
  reject: (state, request) => decide(state, request, 'reject'),
  hold: (state, request) => {
    hold(state, actorOf(request.principal), request.principal.displayName, request.comment);
    return 'the countdown is held';
  },
  resume: (state, request) => resume(state, request),
  recycle: (state, request) => {
    state.recycleTo = state.checkpoints.find(({ name, offset }) => name === request.to || offset === request.to)?.name ?? null;
    state.version += 1;
    return `going back to ${state.recycleTo}`;
  },
  retry: (state, request) => {
    runAgain(state, [request.step ?? '']);
    return `step ${request.step} runs again`;
  },
  waive: (state, request) => {
    const checkpoint = current(state);
    checkpoint.waivers.push({
      finding: request.finding ?? '',
      said: openFinding(checkpoint, request)?.message ?? '',
      reason: request.comment,
      by: request.principal,
      expiresAtMs: Date.parse(request.expiresAt ?? ''),
    });
    evaluate(state, checkpoint, Date.now());
    state.version += 1;
    return `${request.finding} is waived until ${time(request.expiresAt ?? '')}`;
  },
  abort: (state, request) => {
    state.message = `aborted by ${request.principal.displayName}: ${request.comment}`;
    return 'the countdown ends';
  },
};

function decide(state: CountdownState, request: ActionRequest, decision: 'approve' | 'reject'): string {
  const checkpoint = current(state);
  const { principal, comment, revision, evidenceDigest } = request;
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

/** People who hold at once. Each has to be lifted by somebody who has seen it, and all of them are carried by the countdown. */
const MAX_HOLDS = 50;

/** Stops the clock. Several may hold: it runs again when each of them has been lifted by somebody who saw it. */
export function hold(state: CountdownState, actor: string, name: string, reason: string): void {
  const refusal = explainNow(state, 'hold') ?? explainSuperfluous(state, actor, reason);
  if (refusal !== null) return recordRefusal(state, Date.now(), actor, 'hold.refused', current(state).name, refusal);
  state.holds.push({ sinceMs: Date.now(), actor, by: name, reason, announced: false });
  record(state, Date.now(), actor, 'hold.accepted', current(state).name, reason);
}

/** A hold that would change nothing: the same person for the same reason, or one of very many. The clock stands either way. */
function explainSuperfluous({ holds }: CountdownState, actor: string, reason: string): string | null {
  if (holds.some((each) => each.actor === actor && each.reason === reason))
    return 'the same person already holds the countdown for the same reason';
  return holds.length >= MAX_HOLDS ? `${holds.length} people already hold the countdown` : null;
}

/**
 * Lifts the holds its author saw. The clock starts when none is left: the launch time is kept while what comes next is ahead, else moved by the
 * length of the hold.
 */
function resume(state: CountdownState, request: ActionRequest): string {
  const now = Date.now();
  const seenMs = Date.parse(request.holdSince ?? '');
  const sinceMs = Math.min(...state.holds.map((each) => each.sinceMs), now);
  state.holds = state.holds.filter((each) => each.sinceMs > seenMs);
  state.version += 1;
  if (state.holds.length > 0) return `still held: ${state.holds.map(heldBy).join('; ')}`;
  return startClock(state, request, now - sinceMs);
}

function startClock(state: CountdownState, request: ActionRequest, heldMs: number): string {
  const now = Date.now();
  const checkpoint = current(state);
  const next = checkpoint.reached ? state.checkpoints[state.cursor + 1] : checkpoint;
  const missed = next !== undefined && next.atMs < now;
  const shift = request.launchAt === 'shift' || (request.launchAt === undefined && missed);
  state.heldMs += heldMs;
  if (shift) moveLaunch(state, state.launchAtMs + Math.max(heldMs, now - checkpoint.atMs));
  state.readyAtMs = now;
  const deadlineMs = checkpoint.approvalDeadlineMs;
  // A held clock does not run out on those who are asked; whom nobody asked in time is asked anew.
  if (deadlineMs !== undefined && now < deadlineMs + heldMs) checkpoint.approvalDeadlineMs = deadlineMs + heldMs;
  else delete checkpoint.approvalDeadlineMs;
  delete checkpoint.holdDeadlineMs;
  checkpoint.own = [];
  const unsure = checkpoint.steps
    .filter(({ state: how, findings }) => how !== 'running' && findings.some(({ outcome }) => outcome === 'inconclusive'))
    .map(({ name }) => name);
  if (unsure.length > 0) runAgain(state, unsure);
  state.version += 1;
  const launch = time(state.launchAtMs);
  if (shift) record(state, now, 'tminus', 'plan.changed', state.input.release.metadata.name, `launch at ${launch}`);
  return shift ? `the countdown continues; the launch moves to ${launch}` : `the countdown continues; the launch stays at ${launch}`;
}

/**
 * Marks steps to run again and forgets what they found, so that the checkpoint is judged on the new round only. Whatever explained the old
 * round goes with it.
 */
export function runAgain(state: CountdownState, names: readonly string[]): void {
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
