// One round of one step, as a child workflow. What its end changes: step-change.ts.
import { CancellationScope, CancelledFailure, condition, executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Step } from '../release/steps/registry.ts';
import { authorityOf } from './admission.ts';
import { enterPhase } from './announce.ts';
import { applyChange, newRound } from './change.ts';
import { earlierSteps, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { launchMustBeginBy } from './launch-window.ts';
import { changeByEnd } from './step-change.ts';
import type { StepInput, StepResult } from './step.ts';
import { stepWorkflows } from './steps/registry.ts';
import { countdownRef } from './undo-stack.ts';
import { hasFailedLive } from './watch-live.ts';

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
  let ended: StepResult | string;
  try {
    ended = await unlessLiveFails(state, () =>
      executeChild(stepWorkflows[spec.type], { args: [input], workflowId, staticSummary: `${checkpoint.offset} ${name}, round ${round}` }),
    );
  } catch (error) {
    if (isCancellation(error) && !hasFailedLive(state)) throw error;
    ended = failureMessage(error);
  }
  const endedMs = Date.now();
  applyChange(state, checkpoint, changeByEnd(state, checkpoint, status, ended, endedMs), endedMs);
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

/**
 * Throws once the countdown was aborted. A step that ends well after the abort, and a condition that became true in the very task in which the abort
 * came, resolve as if nothing had happened; what follows must not.
 */
export function goOnUnlessAborted(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the countdown was aborted');
}
