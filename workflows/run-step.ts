// One round of one step, as a child workflow. What it found enters the checkpoint; that it could not run is a finding, too.
import { CancellationScope, CancelledFailure, condition, executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Step } from '../release/steps/registry.ts';
import { inconclusive, type Finding } from '../verdict/finding.ts';
import { authorityOf } from './admission.ts';
import { enterPhase } from './announce.ts';
import { applyChange, evaluate, newRound, record } from './change.ts';
import { earlierSteps, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { launchMustBeginBy } from './launch-window.ts';
import type { StepStatus } from '../verdict/countdown-status.ts';
import type { StepInput, StepResult } from './step.ts';
import { stepWorkflows } from './steps/registry.ts';
import { countdownRef, isLive } from './undo-stack.ts';
import { hasFailedLive } from './watch-live.ts';

/** A step that could not run, or ran and said nothing, is inconclusive, never a pass. */
export async function runStep(state: CountdownState, checkpoint: CheckpointState, spec: Exclude<Step, { type: 'guard' }>): Promise<void> {
  const { name } = spec;
  const status = checkpoint.steps.find((step) => step.name === name);
  if (!status) throw new Error(`checkpoint ${checkpoint.name} has no step ${name}`);
  enterPhase(state, 'running');
  const startedMs = Date.now();
  const { step, entry } = newRound(checkpoint, status, startedMs);
  const { round } = step;
  const workflowId = `${workflowInfo().workflowId}/${checkpoint.name}/${name}/${round}`;
  applyChange(state, checkpoint, { steps: [{ ...step, workflowId }], audit: [entry] }, startedMs);
  const input: StepInput = {
    countdown: countdownRef(state.input.release),
    generation: state.generation,
    checkpoint: checkpoint.name,
    round,
    release: state.input.release,
    step: spec,
    scripts: state.input.scripts,
    earlier: earlierSteps(state, checkpoint, name),
    undo: state.undo,
    testedImageIds: state.testedImageIds,
    authority: spec.type === 'launch' ? authorityOf(state) : null,
    // What was written has begun in time; a later round only watches it again.
    ...(spec.type === 'launch' && state.launchedAt === null ? launchMustBeginBy(state, checkpoint) : {}),
  };
  try {
    const result = await unlessLiveFails(state, () =>
      executeChild(stepWorkflows[spec.type], { args: [input], workflowId, staticSummary: `${checkpoint.offset} ${name}, round ${round}` }),
    );
    // Also of a step that did not begin: it may have taken back what it had registered.
    take(state, result);
    if (result.notBegun) return notBegun(state, checkpoint, status);
    Object.assign(status, found(name, result));
  } catch (error) {
    if (isCancellation(error) && !hasFailedLive(state)) throw error;
    Object.assign(status, { state: 'failed-to-run', findings: [couldNotRun(name, failureMessage(error))] });
  }
  noteUnseen(state, status);
  status.finishedAt = new Date(Date.now()).toISOString();
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
  goOnUnlessAborted();
}

/** A breach of what is live is not kept waiting by a step: the step is cancelled, and waited for only until nothing of it is under way. */
async function unlessLiveFails(state: CountdownState, run: () => Promise<StepResult>): Promise<StepResult> {
  const step = new CancellationScope();
  const watch = new CancellationScope();
  const result = step.run(run);
  void watch
    .run(() => condition(() => hasFailedLive(state)))
    .then(
      () => step.cancel(),
      () => undefined,
    );
  try {
    return await result;
  } finally {
    watch.cancel();
  }
}

/** What later steps and the guard need of it. */
function take(state: CountdownState, { settled = [], imageIds, launchedAt, failedAt }: StepResult): void {
  state.undo = state.undo.filter(({ id }) => !settled.includes(id));
  if (imageIds) state.testedImageIds = [...new Set([...(state.testedImageIds ?? []), ...imageIds])].sort();
  // The first write is the one that changed what serves: a launch that is watched again writes nothing.
  if (launchedAt) state.launchedAt ??= launchedAt;
  // A breach that the guard has found meanwhile is what a rollback is timed from.
  if (!hasFailedLive(state)) state.failedAt = failedAt ?? null;
}

/** What a step that ended by itself found. */
function found(name: string, { findings, facts, evidence, couldNotRun: why }: StepResult): Partial<StepStatus> {
  if (why !== undefined) return { state: 'failed-to-run', findings: [...findings, couldNotRun(name, why)], facts, evidence };
  return { state: 'done', findings: findings.length > 0 ? findings : [silent(name)], facts, evidence };
}

/** From the first launch that failed to run until one did: each of its tries must not begin `liveDeadline` anew. */
function noteUnseen({ undo, watch }: CountdownState, { type, findings }: StepStatus): void {
  if (type !== 'launch') return;
  if (isLive(undo) && findings.some(({ code }) => code === 'StepCouldNotRun')) watch.unseenSinceMs ??= Date.now();
  else watch.unseenSinceMs = null;
}

/** It stays to be run, and nothing was found: why it did not begin, the checkpoint finds for itself. */
function notBegun(state: CountdownState, { name: checkpoint }: CheckpointState, status: StepStatus): void {
  status.state = 'later';
  record(state, Date.now(), 'tminus', 'step.finished', `${checkpoint}/${status.name}`, 'not started: the launch window had closed');
  goOnUnlessAborted();
}

/**
 * Throws once the countdown was aborted. A step that ends well after the abort, and a condition that became true in the very task in which the abort
 * came, resolve as if nothing had happened; what follows must not.
 */
export function goOnUnlessAborted(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the countdown was aborted');
}

const couldNotRun = (step: string, why: string): Finding => inconclusive('StepCouldNotRun', step, `step ${step} could not run: ${why}`);

const silent = (step: string): Finding => inconclusive('StepFoundNothing', step, `step ${step} completed without findings`);
