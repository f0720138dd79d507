// The story of a countdown: at each checkpoint wait until its time, run its steps, judge, wait for approvals, go on.
import {
  CancellationScope,
  TemporalFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { durationMs } from '../release/duration.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { patient, quick } from './activity-options.ts';
import { listen } from './acts.ts';
import { announce, enterPhase, settled, storeAuditSoon } from './announce.ts';
import {
  actorOf,
  current,
  evaluate,
  freshState,
  heldUntilMs,
  nextStep,
  record,
  recycleState,
  specOf,
  type CheckpointState,
  type CountdownState,
} from './countdown-state.ts';
import { sentenceOf } from './failure-sentence.ts';
import { rememberAsGood } from './last-good.ts';
import { guardLaunchWindow, guardWaivers, late } from './launch-window.ts';
import type { CountdownInput, Ending } from './messages.ts';
import { runStep } from './run-step.ts';
import { productionOf } from './step.ts';
import { explainingSteps } from './steps/registry.ts';
import { undoAll } from './undo.ts';
import { untilChange } from './wait.ts';

const { acquireLock } = proxyActivities<BookkeepingActivities>(quick);
const { releaseLock } = proxyActivities<BookkeepingActivities>(patient);

/** A checkpoint that is reached this much too late was missed: no worker ran. Ten times the worst timer lag, far below any offset. */
const LATE_TOLERANCE_MS = 5 * 60_000;

/** How long a no-go stays open for waivers, retries and recycling before the countdown ends. */
const STOPPED_MS = 24 * 3_600_000;

export async function countdown(input: CountdownInput): Promise<{ ending: Ending; sentence: string }> {
  const state = (input.carried as CountdownState | undefined) ?? freshState(input, Date.now());
  listen(state);
  try {
    await open(state);
    while (state.ending === null) {
      const checkpoint = current(state);
      await untilItsTime(state, checkpoint);
      await passCheckpoint(state, checkpoint);
      await continueAsNewIfLong(state);
    }
  } catch (error) {
    // A bug crashes loudly; what the outside refuses for good ends the countdown, and whatever it did is undone.
    if (isCancellation(error)) end(state, 'aborted', state.sentence || 'the countdown was aborted');
    else if (error instanceof TemporalFailure) end(state, fallback(state), sentenceOf(error));
    else throw error;
  }
  await CancellationScope.nonCancellable(() => close(state));
  return { ending: state.ending ?? 'aborted', sentence: state.sentence };
}

/** Takes the service's lock; a countdown that cannot have it ends as refused, with the holder's name. */
async function open(state: CountdownState): Promise<void> {
  if (state.phase !== 'opening') return;
  const { release, releaseDigest, rehearsal, requestedBy, comment } = state.input;
  const lock = await acquireLock({ holder: workflowInfo().workflowId, target: productionOf(release) });
  if (!lock.acquired) {
    end(state, 'refused', lock.sentence);
    return;
  }
  state.generation = lock.generation;
  const said = `release ${releaseDigest}, fencing generation ${lock.generation}${rehearsal ? ', rehearsal on virtual time' : ''}${comment ? `: ${comment}` : ''}`;
  record(state, Date.now(), actorOf(requestedBy), 'countdown.started', release.metadata.name, said);
  enterPhase(state, 'counting');
  announce(state, current(state), 'go', `${requestedBy.displayName} started the countdown; launch at ${iso(state.launchAtMs)}`);
}

/** How a countdown ends that cannot go on: nothing it did stays. */
const fallback = (state: CountdownState): Ending =>
  state.phase === 'opening' ? 'refused' : state.undo.length > 0 ? 'rolled-back' : 'no-go';

/** Waits for the checkpoint's time, which holds, resumes and recycling may move. */
async function untilItsTime(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  while (state.ending === null && state.recycleTo === null) {
    const { version } = state;
    if (state.hold) {
      await whileHeld(state, checkpoint);
      continue;
    }
    const remainingMs = checkpoint.atMs - Date.now();
    if (remainingMs <= 0) break;
    enterPhase(state, 'counting');
    await condition(() => state.version !== version, remainingMs, { summary: `${checkpoint.offset} ${checkpoint.name}` });
  }
  const lateMs = Date.now() - Math.max(checkpoint.atMs, state.readyAtMs);
  if (checkpoint.reached || lateMs <= LATE_TOLERANCE_MS) return;
  const message = `${checkpoint.offset} ${checkpoint.name} was reached ${Math.round(lateMs / 60_000)} minutes late, because no worker ran`;
  checkpoint.own = [late(checkpoint, 'CheckpointMissed', message, lateMs, LATE_TOLERANCE_MS)];
}

/** Runs the checkpoint's steps and waits for people until it is go, or until the countdown ends or goes back. */
async function passCheckpoint(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  if (state.ending !== null) return;
  if (state.recycleTo === null && !checkpoint.reached) {
    checkpoint.reached = true;
    record(state, Date.now(), 'tminus', 'checkpoint.reached', checkpoint.name, checkpoint.offset);
  }
  while (state.ending === null && state.recycleTo === null) {
    if (workflowInfo().continueAsNewSuggested) return;
    guardLaunchWindow(state, checkpoint);
    guardWaivers(state, checkpoint);
    const { verdict } = evaluate(state, checkpoint, Date.now());
    const step = nextStep(state, checkpoint);
    // Neither a person's hold nor an explanation keeps a version live that has failed.
    if (verdict === 'no-go' && state.undo.length > 0) end(state, 'rolled-back', saidFor(checkpoint, verdict));
    else if (state.hold) await whileHeld(state, checkpoint);
    else if (step && (verdict === 'go' || explainingSteps.has(step.type))) await runStep(state, checkpoint, step);
    else if (verdict === 'go') return leaveCheckpoint(state, checkpoint);
    else await untilSomethingChanges(state, checkpoint);
  }
  if (state.recycleTo !== null && state.ending === null) {
    record(state, Date.now(), 'tminus', 'checkpoint.recycled', state.recycleTo, `from ${checkpoint.name}`);
    recycleState(state, Date.now());
    enterPhase(state, 'counting');
  }
}

function leaveCheckpoint(state: CountdownState, checkpoint: CheckpointState): void {
  checkpoint.passed = true;
  record(
    state,
    Date.now(),
    'tminus',
    'checkpoint.go',
    checkpoint.name,
    `revision ${checkpoint.revision}, evidence ${checkpoint.evidenceDigest}`,
  );
  announce(state, checkpoint, 'go', `${checkpoint.name} is go`);
  state.cursor += 1;
  state.readyAtMs = Date.now();
  if (state.cursor < state.checkpoints.length) return;
  const { service } = state.input.release.spec;
  const launched = state.undo.length > 0;
  state.undo = [];
  end(state, 'launched', launched ? `${service.name} runs ${service.image}, and the guard has passed` : 'every checkpoint is go');
}

/** The sentences of the reasons that made the verdict. */
const saidFor = ({ evaluation }: CheckpointState, verdict: Verdict): string =>
  (evaluation?.reasons ?? [])
    .filter(({ effect }) => effect === verdict)
    .map(({ message }) => message)
    .join('; ');

/** The verdict is not go: waits for people, for a deadline, or ends. Nothing is awaited before the wait itself: what came in would be slept through. */
async function untilSomethingChanges(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const { verdict, reasons } = checkpoint.evaluation ?? evaluate(state, checkpoint, Date.now());
  const said = saidFor(checkpoint, verdict);
  const spec = specOf(state.input, checkpoint.name);
  const now = Date.now();
  let untilMs: number;
  let lasts: number;
  if (verdict === 'no-go') {
    lasts = STOPPED_MS;
    untilMs = checkpoint.stopDeadlineMs ??= now + lasts;
    if (now >= untilMs) return end(state, 'no-go', said);
    stand(state, checkpoint, 'stopped', said);
  } else if (reasons.some(({ effect, code }) => effect === 'hold' && code !== 'WaitingForApproval')) {
    lasts = durationMs(spec.holdDeadline);
    untilMs = checkpoint.holdDeadlineMs ??= now + lasts;
    stand(state, checkpoint, 'holding', said);
  } else {
    lasts = durationMs(spec.approval?.deadline ?? spec.holdDeadline);
    untilMs = checkpoint.approvalDeadlineMs ??= Math.max(now, checkpoint.atMs) + lasts;
    stand(state, checkpoint, 'waiting', said);
  }
  await untilChange(state, checkpoint, { sinceMs: untilMs - lasts, untilMs, summary: `${checkpoint.name}: ${state.phase}`, said });
}

function stand(state: CountdownState, checkpoint: CheckpointState, phase: 'stopped' | 'holding' | 'waiting', said: string): void {
  if (state.phase === phase) return;
  enterPhase(state, phase);
  record(state, Date.now(), 'tminus', `checkpoint.${phase}`, checkpoint.name, said);
  announce(state, checkpoint, phase === 'stopped' ? 'no-go' : 'hold', said);
  storeAuditSoon(state);
}

/** A person stopped the clock. A resume, recycle or abort moves on, the hold's own deadline, or whatever else changes what is to be done. */
async function whileHeld(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const { hold } = state;
  if (!hold) return;
  const untilMs = heldUntilMs(state, checkpoint, hold);
  const summary = `held by ${hold.by}`;
  const said = `${summary}: ${hold.reason}`;
  enterPhase(state, 'holding');
  if (!hold.announced) {
    hold.announced = true;
    announce(state, checkpoint, 'hold', said);
    storeAuditSoon(state);
  }
  const changed = await untilChange(state, checkpoint, { sinceMs: hold.sinceMs, untilMs, summary, said });
  if (!changed && state.hold !== null)
    end(state, state.undo.length > 0 ? 'rolled-back' : 'no-go', `held by ${hold.by} (${hold.reason}) and not resumed before the deadline`);
}

/** Undoes what must be undone, tells everyone, gives the lock back. Runs whatever happened before, and cannot be cancelled. */
async function close(state: CountdownState): Promise<void> {
  const refused = state.ending === 'refused';
  if (state.undo.length > 0) await undoAll(state);
  state.endedAtMs = Date.now();
  const checkpoint = current(state);
  record(state, Date.now(), 'tminus', `countdown.${state.ending}`, state.input.release.metadata.name, state.sentence);
  if (state.ending === 'launched') await rememberAsGood(state);
  if (!refused) announce(state, checkpoint, state.ending === 'launched' ? 'go' : 'no-go', state.sentence);
  enterPhase(state, 'ended');
  await giveLockBack(state);
  // First those who are told, so that whoever could not be is in the audit, too.
  await settled(state, '24h');
  storeAuditSoon(state);
  await settled(state, '24h');
  await condition(allHandlersFinished);
}

/** A lock that cannot be given back is recognised by the next countdown, whose holder has ended. */
async function giveLockBack(state: CountdownState): Promise<void> {
  try {
    await releaseLock({ holder: workflowInfo().workflowId, target: productionOf(state.input.release) });
  } catch (error) {
    record(state, Date.now(), 'tminus', 'lock.not-released', state.input.release.metadata.name, sentenceOf(error));
  }
}

async function continueAsNewIfLong(state: CountdownState): Promise<void> {
  if (state.ending !== null || !workflowInfo().continueAsNewSuggested) return;
  storeAuditSoon(state);
  // A webhook that hangs must not keep the clock: whoever was not told by then is told to have been missed.
  if (!(await settled(state, '1m')))
    record(state, Date.now(), 'tminus', 'notify.failed', 'a message', 'the countdown went on in a new run before it was sent');
  await condition(allHandlersFinished);
  await continueAsNew<typeof countdown>({ ...state.input, carried: { ...state, telling: 0, storing: false, readyAtMs: Date.now() } });
}

/** The first ending stands: what comes after it is about how, not whether. */
function end(state: CountdownState, ending: Ending, sentence: string): void {
  if (state.ending !== null) return;
  state.ending = ending;
  state.sentence = sentence;
}

const iso = (ms = Date.now()): string => new Date(ms).toISOString();
