// What people and tools say to a countdown. Shape is checked before an action is accepted (nothing enters history); policy is checked
// after, so that a refusal stands in history and in the audit.
import type { SignedAction } from '../verdict/signed.ts';
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { UndoEntry } from '../verdict/undo.ts';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import type { Action, ActionRequest } from '../verdict/action.ts';
import { effects, hold } from './action-effects.ts';
import { local } from './activity-options.ts';
import { announce, verdictOf } from './announce.ts';
import { applyChange, record, recordRefusal, type Change } from './change.ts';
import { actorOf, current, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { explainNow, explainRefusal } from './refusals.ts';
import { approveUnverified } from './signal-approval.ts';
import { readReasoned } from './signal-shape.ts';
import { countdownStatus } from './status.ts';
import {
  abortSignal,
  actionUpdate,
  approveSignal,
  auditQuery,
  holdSignal,
  openUpdate,
  planQuery,
  registerUndoUpdate,
  statusQuery,
  type ActionResult,
} from './messages.ts';
import { countdownRef, explainUnregistrable, register } from './undo-stack.ts';

const { verifyAction } = proxyLocalActivities<BookkeepingActivities>(local);

/** A signed action is a small document; anything longer is not one. */
const ACTION_CHARACTERS = 16_384;

/** `admitted` answers whether the state is believed: a state that no worker sealed must not take a decision. */
export function listen(state: CountdownState, admitted: () => boolean): void {
  const root = CancellationScope.current();
  setHandler(statusQuery, () => countdownStatus(state), { description: 'Status for page, CLI and report' });
  setHandler(planQuery, () => plan(state));
  setHandler(auditQuery, () => state.audit);
  setHandler(registerUndoUpdate, (entry) => registerUndo(state, entry), {
    validator: (entry) => refuseUnregistrable(state, entry),
    description: 'Registers the undo of an effect before the effect',
  });
  setHandler(
    holdSignal,
    (sent) => {
      const { actor, name: by, reason } = readReasoned(sent);
      applyChange(state, hold(state, { actor, by, reason }, Date.now()));
    },
    { description: 'Holds the countdown; accepted also while no worker is running' },
  );
  setHandler(abortSignal, (sent) => {
    const { actor, name, reason } = readReasoned(sent);
    const refusal = explainNow(state, 'abort');
    if (refusal !== null) return recordRefusal(state, Date.now(), actor, 'abort.refused', releaseName(state), refusal);
    applyChange(state, {
      state: { message: `aborted by ${name}: ${reason}` },
      audit: [{ actor, action: 'abort.accepted', object: releaseName(state), detail: reason }],
    });
    // The caller's own cancellation comes after this Signal, or never where it died in between.
    root.cancel();
  });
  setHandler(approveSignal, (sent) => applyChange(state, approveUnverified(state, sent, Date.now())));
  setHandler(openUpdate, async () => {
    await condition(() => state.phase !== 'opening' || state.decidedEnding !== null);
    if (state.decidedEnding === 'refused') throw ApplicationFailure.nonRetryable(state.message, 'Refused');
    // Open for its last messages only: whoever starts now means the next one.
    if (state.decidedEnding !== null)
      throw ApplicationFailure.nonRetryable(`${releaseName(state)} has ended as ${state.decidedEnding}: ${state.message}`, 'Ended');
    return { release: state.input.release.metadata.name, ...plan(state) };
  });
  const request = async (signed: SignedAction) => {
    await condition(() => admitted() || state.decidedEnding !== null);
    return handleAction(state, signed, root);
  };
  setHandler(actionUpdate, request, { validator: validateShape, description: 'A signed action of a person' });
}

/** An effect whose way back nobody could go does not begin; nor does one after the end has been decided, for what is due then is fixed. */
function refuseUnregistrable(state: CountdownState, entry: UndoEntry): void {
  const refusal =
    explainUnregistrable(entry, countdownRef(state.input.release)) ??
    (state.decidedEnding === null ? null : `the countdown is ending as ${state.decidedEnding}; ${entry.name} was not started`);
  if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'Refused');
}

function registerUndo(state: CountdownState, entry: UndoEntry): void {
  const undo = register(state.undo, entry);
  if (undo.length === state.undo.length) return;
  applyChange(state, { state: { undo }, audit: [{ actor: 'tminus', action: 'undo.registered', object: entry.name, detail: entry.id }] });
}

function validateShape(signed: SignedAction): void {
  const wellFormed = typeof signed?.payload === 'string' && typeof signed.keyId === 'string' && typeof signed.signature === 'string';
  if (!wellFormed) throw ApplicationFailure.nonRetryable('a signed action has payload, keyId and signature as text', 'Malformed');
  if (signed.payload.length > ACTION_CHARACTERS)
    throw ApplicationFailure.nonRetryable(`a signed action has at most ${ACTION_CHARACTERS} characters`, 'Malformed');
}

async function handleAction(state: CountdownState, signed: SignedAction, root: CancellationScope): Promise<ActionResult> {
  // Its way to the end is no time for anybody to decide, and the signature need not be looked at to say so.
  if (state.decidedEnding !== null) throw over();
  const request = await verified(state, signed);
  const known = Object.hasOwn(state.actionResults, request.id) ? state.actionResults[request.id] : undefined;
  if (known) return known;
  const refusal = explainRefusal(state, request, countdownRef(state.input.release));
  if (refusal !== null) {
    recordRefusal(state, Date.now(), actorOf(request.principal), `${request.action}.refused`, request.checkpoint, refusal);
    throw ApplicationFailure.nonRetryable(refusal, 'Refused');
  }
  record(state, Date.now(), actorOf(request.principal), `${request.action}.accepted`, request.checkpoint, request.comment);
  const checkpoint = current(state);
  const { message, change } = effects[request.action](state, request, Date.now());
  applyChange(state, change);
  if (request.action === 'approve' || request.action === 'waive') applyChange(state, signedDecision(checkpoint, request, signed));
  announceAction(state, checkpoint, request, message);
  if (request.action === 'abort') root.cancel();
  const result: ActionResult = { ok: true, message, phase: state.phase, revision: checkpoint.revision };
  applyChange(state, { state: { actionResults: { ...state.actionResults, [request.id]: result } } });
  return result;
}

/** What a launch rests on: its activity verifies the signature and does not trust the countdown. */
const signedDecision = (
  { signed: earlier }: CheckpointState,
  { action, revision, evidenceDigest }: ActionRequest,
  signed: SignedAction,
): Change => ({ checkpoint: { signed: [...earlier, { request: { action, revision, evidenceDigest }, signed }] } });

/** Announces a decision of a person like any other change. Hold, reject and abort are announced by what follows from them. */
function announceAction(
  state: CountdownState,
  checkpoint: CheckpointState,
  { action, principal, comment }: ActionRequest,
  message: string,
): void {
  const verb = announcedAs[action];
  if (verb === null) return;
  const because = comment === '' ? '' : ` (${comment})`;
  announce(state, checkpoint, verdictOf(state), `${principal.displayName} ${verb} ${checkpoint.name}${because}: ${message}`);
}

const announcedAs: Record<Action, string | null> = {
  approve: 'approves',
  resume: 'resumes at',
  recycle: 'recycles',
  retry: 'runs a step again at',
  waive: 'waives a finding at',
  reject: null,
  hold: null,
  abort: null,
};

const over = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable('the countdown has ended; no further actions are accepted', 'Refused');

async function verified(state: CountdownState, signed: SignedAction): Promise<ActionRequest> {
  try {
    return await verifyAction(signed);
  } catch (error) {
    if (isCancellation(error)) throw over();
    const refusal = explainNotVerified(error);
    recordRefusal(state, Date.now(), 'unknown', 'action.refused', releaseName(state), refusal);
    throw ApplicationFailure.nonRetryable(refusal, 'Refused');
  }
}

function explainNotVerified(error: unknown): string {
  const type = typeOf(error);
  if (type === 'SignatureInvalid') return 'the signature of this action does not match any key that this worker trusts';
  if (type === 'Expired') return failureMessage(error);
  return `the signature of this action could not be verified: ${failureMessage(error)}; retry`;
}

/** Type of the failure that an activity threw: a local activity's comes bare, another's is wrapped in an ActivityFailure. */
function typeOf(error: unknown): string | null | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error;
  return thrown instanceof ApplicationFailure ? thrown.type : undefined;
}

const releaseName = ({ input }: CountdownState): string => input.release.metadata.name;

const plan = (state: CountdownState) => ({
  launchAt: new Date(state.launchAtMs).toISOString(),
  checkpoints: state.checkpoints.map(({ name, offset, atMs }) => ({ name, offset, at: new Date(atMs).toISOString() })),
});
