// The story of a countdown: at each checkpoint wait until its time, run its steps, judge, wait for approvals, go on.
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { durationMs } from '../release/duration.ts';
import type { Step } from '../release/steps/registry.ts';
import {
  record,
  current,
  earlierSteps,
  evaluate,
  freshState,
  nextStep,
  recycleState,
  specOf,
  type CheckpointState,
  type CountdownState,
} from './countdown-state.ts';
import { patient, quick } from './activity-options.ts';
import { listen } from './acts.ts';
import { announce, enterPhase, flushAudit } from './announce.ts';
import type { CountdownInput, Ending } from './messages.ts';
import { productionOf, type StepInput, type StepResult } from './step.ts';
import { sentenceOf } from './failure-sentence.ts';
import { rememberAsGood } from './last-good.ts';
import { guardLaunchWindow, late } from './launch-window.ts';
import { explainingSteps, stepWorkflows } from './steps/registry.ts';
import { undoAll } from './undo.ts';

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
    if (!isCancellation(error)) throw error;
    end(state, 'aborted', state.sentence || 'the countdown was aborted');
  }
  await CancellationScope.nonCancellable(() => close(state));
  return { ending: state.ending ?? 'aborted', sentence: state.sentence };
}

/** Takes the service's lock; a countdown that cannot have it ends as refused, with the holder's name. */
async function open(state: CountdownState): Promise<void> {
  if (state.phase !== 'opening') return;
  const lock = await acquireLock({ holder: workflowInfo().workflowId, target: productionOf(state.input.release) });
  if (!lock.acquired) {
    end(state, 'refused', lock.sentence);
    return;
  }
  state.generation = lock.generation;
  record(
    state,
    Date.now(),
    actorOfRequester(state),
    'countdown.started',
    state.input.release.metadata.name,
    `release ${state.input.releaseDigest}, fencing generation ${lock.generation}${state.input.rehearsal ? ', rehearsal on virtual time' : ''}${state.input.comment ? `: ${state.input.comment}` : ''}`,
  );
  await enterPhase(state, 'counting');
}

/** Waits for the checkpoint's time, which holds, resumes and recycling may move. */
async function untilItsTime(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  let waited = false;
  while (state.ending === null && state.recycleTo === null) {
    if (state.hold) {
      await whileHeld(state, checkpoint);
      waited = false;
      continue;
    }
    const remainingMs = checkpoint.atMs - Date.now();
    if (remainingMs <= 0) break;
    await enterPhase(state, 'counting');
    waited = true;
    const { version } = state;
    await condition(() => state.version !== version, remainingMs, { summary: `${checkpoint.offset} ${checkpoint.name}` });
  }
  const lateMs = Date.now() - checkpoint.atMs;
  if (waited && lateMs > LATE_TOLERANCE_MS) {
    checkpoint.own = [
      late(
        checkpoint,
        'CheckpointMissed',
        `${checkpoint.offset} ${checkpoint.name} was reached ${Math.round(lateMs / 60_000)} minutes late, because no worker ran`,
        lateMs,
        LATE_TOLERANCE_MS,
      ),
    ];
  }
}

/** Runs the checkpoint's steps and waits for people until it is go, or until the countdown ends or goes back. */
async function passCheckpoint(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  if (state.ending !== null) return;
  checkpoint.reached = true;
  record(state, Date.now(), 'tminus', 'checkpoint.reached', checkpoint.name, checkpoint.offset);
  while (state.ending === null && state.recycleTo === null) {
    if (state.hold) await whileHeld(state, checkpoint);
    if (state.recycleTo !== null) break;
    guardLaunchWindow(state, checkpoint);
    const { verdict } = evaluate(state, checkpoint, Date.now());
    const step = nextStep(state, checkpoint);
    if (step && (verdict === 'go' || explainingSteps.has(step.type))) await runStep(state, checkpoint, step);
    else if (verdict === 'go') return leaveCheckpoint(state, checkpoint);
    else await untilSomethingChanges(state, checkpoint);
  }
  if (state.recycleTo !== null && state.ending === null) {
    record(state, Date.now(), 'tminus', 'checkpoint.recycled', state.recycleTo, `from ${checkpoint.name}`);
    recycleState(state, Date.now());
    await enterPhase(state, 'counting');
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
  if (state.cursor < state.checkpoints.length) return;
  const { service } = state.input.release.spec;
  const launched = state.undo.length > 0;
  state.undo = [];
  end(state, 'launched', launched ? `${service.name} runs ${service.image}, and the guard has passed` : 'every checkpoint is go');
}

/** One round of one step, as a child workflow. A step that could not run is inconclusive, never a pass. */
async function runStep(state: CountdownState, checkpoint: CheckpointState, spec: Step): Promise<void> {
  const { name } = spec;
  const status = checkpoint.steps.find((step) => step.name === name);
  if (!status) throw new Error(`checkpoint ${checkpoint.name} has no step ${name}`);
  await enterPhase(state, 'running');
  const round = status.round + 1;
  const workflowId = `${workflowInfo().workflowId}/${checkpoint.name}/${name}/${round}`;
  Object.assign(status, { round, state: 'running', startedAt: iso(), workflowId, findings: [], facts: [], evidence: [] });
  record(state, Date.now(), 'tminus', 'step.started', `${checkpoint.name}/${name}`, `round ${round}`);
  const input: StepInput = {
    countdown: workflowInfo().workflowId,
    generation: state.generation,
    checkpoint: checkpoint.name,
    round,
    release: state.input.release,
    step: spec,
    scripts: state.input.scripts,
    doneMs: checkpoint.doneMs[name] ?? 0,
    earlier: earlierSteps(state, checkpoint, name),
    undo: state.undo,
  };
  try {
    const result: StepResult = await executeChild(stepWorkflows[spec.type], {
      args: [input],
      workflowId,
      staticSummary: `${checkpoint.offset} ${name}, round ${round}`,
    });
    Object.assign(status, { state: 'done', findings: result.findings, facts: result.facts, evidence: result.evidence });
    if (result.doneMs !== undefined) checkpoint.doneMs[name] = result.doneMs;
    state.failedAt = result.failedAt ?? null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    const sentence = sentenceOf(error);
    Object.assign(status, {
      state: 'failed-to-run',
      findings: [
        {
          code: 'StepCouldNotRun',
          subject: name,
          outcome: 'inconclusive',
          measured: null,
          limit: null,
          unit: '',
          message: `step ${name} could not run: ${sentence}`,
          evidence: [],
        },
      ],
    });
  }
  status.finishedAt = iso();
  checkpoint.pending = checkpoint.pending.filter((pending) => pending !== name);
  const { verdict, reasons } = evaluate(state, checkpoint, Date.now());
  record(
    state,
    Date.now(),
    'tminus',
    'step.finished',
    `${checkpoint.name}/${name}`,
    reasons.map(({ message }) => message).join('; ') || verdict,
  );
}

/** The verdict is not go: waits for people, for a deadline, or ends. A no-go with something to undo is not left to people. */
async function untilSomethingChanges(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const { verdict, reasons } = checkpoint.evaluation ?? evaluate(state, checkpoint, Date.now());
  const said = reasons
    .filter(({ effect }) => effect === verdict)
    .map(({ message }) => message)
    .join('; ');
  if (verdict === 'no-go' && state.undo.length > 0) return end(state, 'rolled-back', said);
  const spec = specOf(state.input, checkpoint.name);
  const now = Date.now();
  let untilMs: number;
  if (verdict === 'no-go') {
    checkpoint.stopDeadlineMs ??= now + STOPPED_MS;
    untilMs = checkpoint.stopDeadlineMs;
    if (now >= untilMs) return end(state, 'no-go', said);
    await stand(state, checkpoint, 'stopped', said);
  } else if (reasons.some(({ effect, code }) => effect === 'hold' && code !== 'WaitingForApproval')) {
    checkpoint.holdDeadlineMs ??= now + durationMs(spec.holdDeadline);
    untilMs = checkpoint.holdDeadlineMs;
    await stand(state, checkpoint, 'holding', said);
  } else {
    checkpoint.approvalDeadlineMs ??= Math.max(now, checkpoint.atMs) + durationMs(spec.approval?.deadline ?? spec.holdDeadline);
    untilMs = checkpoint.approvalDeadlineMs;
    // Going by a plan with an approval deadline that policy turns into a hold, people have until the hold's own deadline.
    if (now >= untilMs) untilMs = checkpoint.holdDeadlineMs ??= now + durationMs(spec.holdDeadline);
    await stand(state, checkpoint, 'waiting', said);
  }
  const { version } = state;
  await condition(() => state.version !== version, Math.max(1, untilMs - Date.now()), { summary: `${checkpoint.name}: ${state.phase}` });
}

async function stand(
  state: CountdownState,
  checkpoint: CheckpointState,
  phase: 'stopped' | 'holding' | 'waiting',
  said: string,
): Promise<void> {
  if (state.phase === phase) return;
  await enterPhase(state, phase);
  record(state, Date.now(), 'tminus', `checkpoint.${phase}`, checkpoint.name, said);
  announce(state, checkpoint, phase === 'stopped' ? 'no-go' : 'hold', said);
  await flushAudit(state);
}

/** A person stopped the clock. Only a resume, recycle or abort, or the hold's own deadline, moves on. */
async function whileHeld(state: CountdownState, checkpoint: CheckpointState): Promise<void> {
  const { hold } = state;
  if (!hold) return;
  const deadlineMs = hold.sinceMs + durationMs(specOf(state.input, checkpoint.name).holdDeadline);
  await enterPhase(state, 'holding');
  announce(state, checkpoint, 'hold', `held by ${hold.by}: ${hold.reason}`);
  const released = await condition(() => state.hold === null || state.recycleTo !== null, Math.max(1, deadlineMs - Date.now()), {
    summary: `held by ${hold.by}`,
  });
  if (!released)
    end(state, state.undo.length > 0 ? 'rolled-back' : 'no-go', `held by ${hold.by} (${hold.reason}) and not resumed before the deadline`);
}

/** Undoes what must be undone, tells everyone, gives the lock back. Runs whatever happened before, and cannot be cancelled. */
async function close(state: CountdownState): Promise<void> {
  if (state.undo.length > 0) await undoAll(state);
  state.endedAtMs = Date.now();
  const checkpoint = current(state);
  record(state, Date.now(), 'tminus', `countdown.${state.ending}`, state.input.release.metadata.name, state.sentence);
  if (state.ending === 'launched') await rememberAsGood(state);
  if (state.ending !== 'refused') {
    announce(state, checkpoint, state.ending === 'launched' ? 'go' : 'no-go', state.sentence);
    await releaseLock({ holder: workflowInfo().workflowId, target: productionOf(state.input.release) });
  }
  await enterPhase(state, 'ended');
  await flushAudit(state);
  await condition(() => allHandlersFinished() && state.telling === 0);
}

async function continueAsNewIfLong(state: CountdownState): Promise<void> {
  if (state.ending !== null || !workflowInfo().continueAsNewSuggested) return;
  await flushAudit(state);
  await condition(allHandlersFinished);
  await continueAsNew<typeof countdown>({ ...state.input, carried: { ...state, input: { ...state.input } } });
}

function end(state: CountdownState, ending: Ending, sentence: string): void {
  state.ending = ending;
  state.sentence = sentence;
}

const iso = (): string => new Date(Date.now()).toISOString();
const actorOfRequester = ({ input: { requestedBy } }: CountdownState): string => `${requestedBy.issuer}/${requestedBy.subject}`;
