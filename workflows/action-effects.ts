// What each action changes once it counts, and what its author reads. Pure: actions.ts applies the change.
import type { Action, ActionRequest } from '../verdict/action.ts';
import { time } from '../verdict/wording/index.ts';
import { judged, type Change } from './change.ts';
import { actorOf, current, heldBy, specOf, type CountdownState, type Hold } from './countdown-state.ts';
import { explainNow, openFinding } from './refusals.ts';
import { explainingSteps } from './steps/registry.ts';

interface Effect {
  /** For the author of the action. */
  message: string;
  /** Of the countdown and its current checkpoint. */
  change: Change;
}

export const effects: Record<Action, (state: CountdownState, request: ActionRequest, nowMs: number) => Effect> = {
  approve: (state, request, nowMs) => decide(state, request, 'approve', nowMs),
  reject: (state, request, nowMs) => decide(state, request, 'reject', nowMs),
  hold: (state, { principal, comment }, nowMs) => ({
    message: 'the countdown is held',
    change: hold(state, { actor: actorOf(principal), by: principal.displayName, reason: comment }, nowMs),
  }),
  resume: (state, request, nowMs) => resume(state, request, nowMs),
  recycle: (state, { to }) => {
    const recycleTo = state.checkpoints.find(({ name, offset }) => name === to || offset === to)?.name ?? null;
    return { message: `going back to ${recycleTo}`, change: { state: { recycleTo } } };
  },
  retry: (state, { step = '' }) => ({ message: `step ${step} runs again`, change: runAgain(state, [step]) }),
  waive: (state, request, nowMs) => {
    const checkpoint = current(state);
    const { finding = '', expiresAt = '', comment: reason, principal: by } = request;
    const said = openFinding(checkpoint, request, nowMs)?.message ?? '';
    const waivers = [...checkpoint.waivers, { finding, said, reason, by, expiresAtMs: Date.parse(expiresAt) }];
    return {
      message: `${finding} is waived until ${time(expiresAt)}`,
      change: judged(state, checkpoint, { checkpoint: { waivers } }, nowMs),
    };
  },
  abort: (_state, { principal, comment }) => ({
    message: 'the countdown ends',
    change: { state: { message: `aborted by ${principal.displayName}: ${comment}` } },
  }),
};

function decide(state: CountdownState, request: ActionRequest, decision: 'approve' | 'reject', nowMs: number): Effect {
  const checkpoint = current(state);
  const { principal, comment, revision, evidenceDigest } = request;
  const given = { principal, decision, comment, at: iso(nowMs), revision, evidenceDigest, verified: principal.verified };
  const change = judged(state, checkpoint, { checkpoint: { approvals: [...checkpoint.approvals, given] } }, nowMs);
  const waiting = change.checkpoint.evaluation.reasons.find(({ code }) => code === 'WaitingForApproval');
  const message = decision === 'reject' ? `${checkpoint.name} is no-go` : (waiting?.message ?? `${checkpoint.name} has its approvals`);
  return { message, change };
}

/** People who hold at once. Each has to be lifted by somebody who has seen it, and all of them are carried by the countdown. */
const MAX_HOLDS = 50;

/** Stops the clock. Several may hold: it runs again when each of them has been lifted by somebody who saw it. */
export function hold(state: CountdownState, { actor, by, reason }: Pick<Hold, 'actor' | 'by' | 'reason'>, nowMs: number): Change {
  const refusal = explainNow(state, 'hold') ?? explainSuperfluous(state, actor, reason);
  const object = current(state).name;
  if (refusal !== null) return { refusal: { actor, action: 'hold.refused', object, detail: refusal } };
  return {
    state: { holds: [...state.holds, { sinceMs: nowMs, actor, by, reason, announced: false }] },
    audit: [{ actor, action: 'hold.accepted', object, detail: reason }],
  };
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
function resume(state: CountdownState, request: ActionRequest, nowMs: number): Effect {
  const seenMs = Date.parse(request.holdSince ?? '');
  const sinceMs = Math.min(...state.holds.map((each) => each.sinceMs), nowMs);
  const holds = state.holds.filter((each) => each.sinceMs > seenMs);
  if (holds.length > 0) return { message: `still held: ${holds.map(heldBy).join('; ')}`, change: { state: { holds } } };
  return startClock(state, request, nowMs - sinceMs, nowMs);
}

function startClock(state: CountdownState, request: ActionRequest, heldMs: number, nowMs: number): Effect {
  const checkpoint = current(state);
  const next = checkpoint.reached ? state.checkpoints[state.cursor + 1] : checkpoint;
  const missed = next !== undefined && next.atMs < nowMs;
  const isMoved = request.launchAt === 'shift' || (request.launchAt === undefined && missed);
  const launchAtMs = state.launchAtMs + (isMoved ? Math.max(heldMs, nowMs - checkpoint.atMs) : 0);
  const launch = time(launchAtMs);
  // A held clock does not run out on those who are asked; whom nobody asked in time is asked anew.
  const deadlineMs = (checkpoint.approvalDeadlineMs ?? -Infinity) + heldMs;
  const unsure = checkpoint.steps
    .filter(({ state: how, findings }) => how !== 'running' && findings.some(({ outcome }) => outcome === 'inconclusive'))
    .map(({ name }) => name);
  const again = unsure.length > 0 ? runAgain(state, unsure) : {};
  const object = state.input.release.metadata.name;
  return {
    message: isMoved ? `the countdown continues; the launch moves to ${launch}` : `the countdown continues; the launch stays at ${launch}`,
    change: {
      ...again,
      state: { holds: [], heldMs: state.heldMs + heldMs, readyAtMs: nowMs },
      checkpoint: {
        approvalDeadlineMs: nowMs < deadlineMs ? deadlineMs : undefined,
        holdDeadlineMs: undefined,
        own: [],
        ...again.checkpoint,
      },
      ...(isMoved ? { launchAtMs, audit: [{ actor: 'tminus', action: 'plan.changed', object, detail: `launch at ${launch}` }] } : {}),
    },
  };
}

/**
 * Marks steps of the current checkpoint to run again and forgets what they found, so that the checkpoint is judged on the new round only. Whatever
 * explained the old round goes with it.
 */
export function runAgain(state: CountdownState, names: readonly string[]): Change {
  const checkpoint = current(state);
  const { steps: specs } = specOf(state.input, checkpoint.name);
  const first = checkpoint.steps.findIndex(({ name }) => names.includes(name));
  const again = checkpoint.steps.filter((step, index) => {
    const explains = index > first && specs[index] && explainingSteps.has(specs[index].type) && step.state !== 'later';
    return names.includes(step.name) || explains;
  });
  return {
    checkpoint: {
      pending: [...new Set([...checkpoint.pending, ...again.map(({ name }) => name)])],
      holdDeadlineMs: undefined,
      stopDeadlineMs: undefined,
      approvalDeadlineMs: undefined,
    },
    steps: again.map(({ name }) => ({ name, state: 'later', findings: [], facts: [], evidence: [] })),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
