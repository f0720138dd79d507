// The story of a countdown: at each checkpoint wait until its time, run its steps, judge, wait for approvals, go on.
import type { Ending } from '../verdict/countdown-status.ts';
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
import { explainRefusedPlan } from '../release/plan-refusal.ts';
import type { Verdict } from '../verdict/verdict.ts';
import { duration, time } from '../verdict/wording/index.ts';
import { opening, patient } from './activity-options.ts';
import { admit, carry, closeUnadmitted, initialState, showRefused } from './admission.ts';
import { hold } from './action-effects.ts';
import { listen } from './actions.ts';
import { announce, enterPhase, settled, storeAuditSoon, verdictOf } from './announce.ts';
import { applyChange, evaluate, record, recycleState } from './change.ts';
import {
  actorOf,
  current,
  heldBy,
  heldUntilMs,
  nextStep,
  oldestHold,
  planned,
  specOf,
  type CheckpointState,
  type CountdownState,
} from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { keepOwnRecord } from './keep-record.ts';
import { rememberAsGood } from './last-good.ts';
import { inspect, mustInspect } from './inspect.ts';
import { closedWindow, expiredWaivers, late } from './launch-window.ts';
import type { CountdownInput } from '../release/countdown-input.ts';
import { retryLaunchWhileLive } from './retry-launch.ts';
import { rollBack } from './roll-back.ts';
import { goOnUnlessAborted, runStep } from './run-step.ts';
import { productionOf, stagingOf, writesStaging } from './step.ts';
import { explainingSteps } from './steps/registry.ts';
import { isLive } from './undo-stack.ts';
import { untilChange } from './wait.ts';
import { beginGuard, watchWhileLive } from './watch-live.ts';

const { acquireLock } = proxyActivities<BookkeepingActivities>(opening);
const { releaseLock } = proxyActivities<BookkeepingActivities>(patient);

/** A checkpoint that is reached this much too late was missed: no worker ran. Ten times the worst timer lag, far below any offset. */
const LATE_TOLERANCE_MS = 5 * 60_000;

/** How long a no-go stays open for waivers, retries and recycling before the countdown ends. */
const STOPPED_MS = 24 * 3_600_000;

/** Runs one release to its ending. */
export async function countdown(...given: [CountdownInput]): Promise<{ ending: Ending; message: string }> {
  const [input] = given;
  // Encrypted with a key that this worker does not have: the task fails, and is tried again until a worker has it.
  if (given.length > 0 && input === undefined) throw new Error('the input of this countdown cannot be read by this worker');
  const initial = initialState(input);
  if (typeof initial === 'string') return showRefused(initial);
  const { state } = initial;
  let isAdmitted = false;
  listen(state, () => isAdmitted);
  const refusal = await admit(initial, input);
  if (refusal !== null) return closeUnadmitted(state, refusal, input.carried === undefined);
  isAdmitted = true;
  const beside = new CancellationScope();
  runBeside(beside, state);
  try {
    await open(state);
    while (state.decidedEnding === null) {
      const checkpoint = current(state);
      await untilItsTime(state, checkpoint);
      await passCheckpoint(state, checkpoint);
      await continueAsNewIfLong(state);
    }
  } catch (error) {
    // A bug crashes loudly; what the outside refuses for good ends the countdown, and whatever it did is undone.
    if (isCancellation(error)) end(state, 'aborted', state.message || 'the countdown was aborted');
    else if (error instanceof TemporalFailure) end(state, fallback(state), failureMessage(error));
    else throw error;
  }
  beside.cancel();
  await CancellationScope.nonCancellable(() => close(state));
  return { ending: state.decidedEnding ?? 'aborted', message: state.message };
}

/** What goes on beside the story while something is live, whatever the story waits for. A bug in it crashes as loudly as one in the story. */
function runBeside(scope: CancellationScope, state: CountdownState): void {
  for (const work of [watchWhileLive, retryLaunchWhileLive])
    void scope
      .run(() => work(state))
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
}

/** Takes the service's lock; a countdown that cannot have it ends as refused, with the holder's name. */
async function open(state: CountdownState): Promise<void> {
  if (state.phase !== 'opening') return;
  const { release, releaseDigest, rehearsal, requestedBy, comment } = state.input;
  const refusal = explainRefusedPlan(release.spec.checkpoints);
  if (refusal !== null) return end(state, 'refused', refusal);
  const lock = await acquireLock({
    holder: workflowInfo().workflowId,
    target: productionOf(release),
    ...(writesStaging(release) ? { staging: stagingOf(release) } : {}),
  });
  if (!lock.acquired) {
    end(state, 'refused', lock.message);
    return;
  }
  state.generation = lock.generation;
  const mode = rehearsal ? ', rehearsal on virtual time' : '';
  const detail = `release ${releaseDigest}, fencing generation ${lock.generation}${mode}${comment ? `: ${comment}` : ''}`;
  record(state, Date.now(), actorOf(requestedBy), 'countdown.started', release.metadata.name, detail);
  enterPhase(state, 'counting');
  announce(state, current(state), 'go', `${requestedBy.displayName} started the countdown; launch at ${time(state.launchAtMs)}`);
}

/** How a countdown ends that cannot go on: nothing it did stays. */
const fallback = (state: CountdownState): Ending => (state.phase === 'opening' ? 'refused' : failed(state));

/** A countdown that fails is a rollback where a candidate serves people, whatever else stands. */
const failed = ({ undo }: CountdownState): Ending => (isLive(undo) ? 'rolled-back' : 'no-go');

/** Waits for the checkpoint's time, which holds, resumes and recycling may move. */
async function untilItsTime(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  while (state.decidedEnding === null && state.recycleTo === null) {
    const { version } = state;
    if (oldestHold(state)) {
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
  const message = `${checkpoint.offset} ${checkpoint.name} was reached ${duration(lateMs)} late, because no worker was running`;
  checkpoint.own = [late(checkpoint, 'CheckpointMissed', message, lateMs, LATE_TOLERANCE_MS)];
}

/** Runs the checkpoint's steps and waits for people until it is go, or until the countdown ends or goes back. */
async function passCheckpoint(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  if (state.decidedEnding !== null) return;
  if (state.recycleTo === null && !checkpoint.reached) {
    checkpoint.reached = true;
    record(state, Date.now(), 'tminus', 'checkpoint.reached', checkpoint.name, checkpoint.offset);
  }
  while (state.decidedEnding === null && state.recycleTo === null) {
    goOnUnlessAborted();
    if (mayContinueAsNew(state)) return;
    checkpoint.own.push(...closedWindow(state, checkpoint));
    checkpoint.own.push(...expiredWaivers(state, checkpoint));
    const { verdict } = evaluate(state, checkpoint, Date.now());
    const step = nextStep(state, checkpoint);
    // Neither a person's hold nor a diagnosis keeps a failed version live.
    if (verdict === 'no-go' && isLive(state.undo)) end(state, 'rolled-back', reasonsFor(checkpoint, verdict));
    else if (oldestHold(state)) await whileHeld(state, checkpoint);
    else if (step?.type === 'guard' && verdict === 'go') await whileGuarded(state);
    else if (step && verdict === 'go' && mustInspect(state, step)) applyChange(state, await inspect(state, checkpoint), checkpoint);
    else if (step && step.type !== 'guard' && (verdict === 'go' || explainingSteps.has(step.type))) await runStep(state, checkpoint, step);
    else if (verdict === 'go') return leaveCheckpoint(state, checkpoint);
    else await untilSomethingChanges(state, checkpoint);
  }
  if (state.recycleTo !== null && state.decidedEnding === null) {
    record(state, Date.now(), 'tminus', 'checkpoint.recycled', state.recycleTo, `from ${checkpoint.name}`);
    recycleState(state, Date.now());
    enterPhase(state, 'counting');
  }
}

/** The guard runs beside the story; here its step is waited for. */
async function whileGuarded(state: CountdownState): Promise<void> {
  const guard = planned(state, 'guard');
  if (!guard) throw new Error('the guard is the next step, so the plan has one');
  if (!isLive(state.undo)) return end(state, 'no-go', `nothing was launched for ${guard.spec.name} to watch`);
  enterPhase(state, 'running');
  beginGuard(state, guard);
  const { version } = state;
  await condition(() => state.version !== version);
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
  if (isLive(state.undo)) return end(state, 'launched', `${service.name} runs ${service.image}, and the guard has passed`);
  if (planned(state, 'launch')) return end(state, 'no-go', `${service.name} was not launched, although every checkpoint is go`);
  end(state, 'passed', 'every checkpoint is go; the plan has no launch step');
}

/** The sentences of the reasons that made the verdict. */
const reasonsFor = ({ evaluation }: CheckpointState, verdict: Verdict): string =>
  (evaluation?.reasons ?? [])
    .filter(({ effect }) => effect === verdict)
    .map(({ message }) => message)
    .join('; ');

/** The verdict is not go: waits for people, for a deadline, or ends. Nothing is awaited before the wait itself: what came in would be slept through. */
async function untilSomethingChanges(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const { verdict, reasons } = checkpoint.evaluation ?? evaluate(state, checkpoint, Date.now());
  const reason = reasonsFor(checkpoint, verdict);
  const spec = specOf(state.input, checkpoint.name);
  const now = Date.now();
  let untilMs: number;
  let lastsMs: number;
  if (verdict === 'no-go') {
    lastsMs = STOPPED_MS;
    untilMs = checkpoint.stopDeadlineMs ??= now + lastsMs;
    if (now >= untilMs) return end(state, 'no-go', reason);
    enterWait(state, checkpoint, 'stopped', reason);
  } else if (reasons.some(({ effect, code }) => effect === 'hold' && code !== 'WaitingForApproval')) {
    lastsMs = holdLastsMs(state, spec.holdTimeoutMs);
    untilMs = checkpoint.holdDeadlineMs ??= now + lastsMs;
    enterWait(state, checkpoint, 'holding', reason);
  } else {
    lastsMs = spec.approval?.timeoutMs ?? spec.holdTimeoutMs;
    untilMs = checkpoint.approvalDeadlineMs ??= Math.max(now, checkpoint.atMs) + lastsMs;
    enterWait(state, checkpoint, 'waiting', reason);
  }
  await untilChange(state, checkpoint, { sinceMs: untilMs - lastsMs, untilMs, summary: `${checkpoint.name}: ${state.phase}`, reason });
}

/** A launch whose result is unknown is unwatched: it stays live for `liveDeadline` and no longer. */
function holdLastsMs(state: CountdownState, otherwiseMs: number): number {
  const guard = planned(state, 'guard');
  const { unseenSinceMs } = state.watch;
  if (!guard || unseenSinceMs === null || !isLive(state.undo)) return otherwiseMs;
  return Math.max(0, unseenSinceMs + guard.spec.liveDeadlineMs - Date.now());
}

function enterWait(state: CountdownState, checkpoint: CheckpointState, phase: 'stopped' | 'holding' | 'waiting', reason: string): void {
  if (state.phase === phase) return;
  enterPhase(state, phase);
  record(state, Date.now(), 'tminus', `checkpoint.${phase}`, checkpoint.name, reason);
  announce(state, checkpoint, phase === 'stopped' ? 'no-go' : 'hold', reason);
  storeAuditSoon(state);
}

/** People stopped the clock. A resume, recycle or abort moves on, the oldest hold's deadline, or whatever else changes what is to be done. */
async function whileHeld(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const hold = oldestHold(state);
  if (!hold) return;
  const untilMs = heldUntilMs(state, checkpoint, hold);
  enterPhase(state, 'holding');
  for (const each of state.holds.filter(({ announced }) => !announced)) {
    each.announced = true;
    announce(state, checkpoint, 'hold', heldBy(each));
    storeAuditSoon(state);
  }
  const reason = state.holds.map(heldBy).join('; ');
  const changed = await untilChange(state, checkpoint, { sinceMs: hold.sinceMs, untilMs, summary: `held by ${hold.by}`, reason });
  if (!changed && oldestHold(state) === hold)
    end(state, failed(state), `held by ${hold.by} (${hold.reason}) and not resumed before the deadline`);
}

/** Undoes what must be undone, tells everyone, gives the lock back. Runs whatever happened before, and cannot be cancelled. */
async function close(state: CountdownState): Promise<void> {
  const refused = state.decidedEnding === 'refused';
  if (state.undo.length > 0) await rollBack(state);
  state.endedAtMs = Date.now();
  const checkpoint = current(state);
  record(state, Date.now(), 'tminus', `countdown.${state.decidedEnding}`, state.input.release.metadata.name, state.message);
  if (state.decidedEnding === 'launched') await rememberAsGood(state);
  if (!refused) announce(state, checkpoint, verdictOf(state), state.message);
  enterPhase(state, 'ended');
  await giveLockBack(state);
  // First those who are told, so that whoever could not be is in the audit, too.
  await settled(state, '24h');
  storeAuditSoon(state);
  const [isKept] = await Promise.all([keepOwnRecord(state), settled(state, '24h')]);
  if (!isKept) {
    storeAuditSoon(state);
    await settled(state, '24h');
  }
  await condition(allHandlersFinished);
}

/** A lock that cannot be given back is recognised by the next countdown, whose holder has ended. */
async function giveLockBack(state: CountdownState): Promise<void> {
  try {
    await releaseLock({ holder: workflowInfo().workflowId, target: productionOf(state.input.release) });
  } catch (error) {
    record(state, Date.now(), 'tminus', 'lock.not-released', state.input.release.metadata.name, failureMessage(error));
  }
}

/** Never while something is live: a rollback would wait for messages under way. The restorer stands by for a history that is terminated as too long. */
const mayContinueAsNew = (state: CountdownState): boolean => workflowInfo().continueAsNewSuggested && !isLive(state.undo);

async function continueAsNewIfLong(state: CountdownState): Promise<void> {
  if (state.decidedEnding !== null || !mayContinueAsNew(state)) return;
  storeAuditSoon(state);
  // A webhook that hangs must not keep the clock: whoever was not told by then is told to have been missed.
  if (!(await settled(state, '1m')))
    record(state, Date.now(), 'tminus', 'notify.failed', 'a message', 'the countdown went on in a new run before it was sent');
  const carried = await carriedOrHeld(state);
  // An abort is not carried over.
  goOnUnlessAborted();
  if (carried !== null) await continueAsNew<typeof countdown>(carried);
}

/** What the next run is started with; null where no worker sealed it. Then this run goes on, held until people have it tried again. */
async function carriedOrHeld(state: CountdownState): Promise<CountdownInput | null> {
  try {
    return await carry(state);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    const reason = `the history is long, and no worker sealed the state for a new run: ${failureMessage(error)}`;
    applyChange(state, hold(state, { actor: 'tminus', by: 'tminus', reason }, Date.now()));
    return null;
  }
}

/** The first ending stands: what comes after it is about how, not whether. */
function end(state: CountdownState, ending: Ending, message: string): void {
  if (state.decidedEnding !== null) return;
  state.decidedEnding = ending;
  state.message = message;
}
