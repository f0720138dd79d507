// One round of one step, as a child workflow. What its end changes: step-change.ts.
import { CancellationScope, CancelledFailure, condition, executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Step } from '../release/steps/registry.ts';
import { authorityOf } from './admission.ts';
import { enterPhase } from './announce.ts';
import { applyChange, newRound } from './change.ts';
import { earlierSteps, oldestHold, type CheckpointState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { launchMustBeginBy } from './launch-window.ts';
import { changeByEnd } from './step-change.ts';
import type { StepInput, StepResult } from './step.ts';
import { stepWorkflows } from './steps/registry.ts';
import { countdownRef, takeBack } from './undo-stack.ts';
import { hasFailedLive } from './watch-live.ts';

export async function runStep(state: CountdownState, checkpoint: CheckpointState, spec: Exclude<Step, { type: 'guard' }>): Promise<void> {
  const { name } = spec;
  const status = checkpoint.steps.find((step) => step.name === name);
  if (!status) throw new Error(`checkpoint ${checkpoint.name} has no step ${name}`);
  enterPhase(state, 'running');
  const { step, entry } = newRound(checkpoint, status, Date.now());
  const { round } = step;
  const workflowId = `${workflowInfo().workflowId}/${checkpoint.name}/${name}/${round}`;
  applyChange(state, { steps: [{ ...step, workflowId }], audit: [entry] }, checkpoint);
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
    authority: spec.type === 'launch' || spec.type === 'drill' ? authorityOf(state) : null,
    // What was written has begun in time; a later round only watches it again.
    ...(spec.type === 'launch' && state.launchedAt === null ? launchMustBeginBy(state, checkpoint) : {}),
  };
  let ended: StepResult | string;
  try {
    ended = await unlessItMustGiveWay(
      () => mustGiveWay(state, spec),
      () =>
        executeChild(stepWorkflows[spec.type], {
          args: [input],
          workflowId,
          staticSummary: `${checkpoint.offset} ${name}, round ${round}`,
        }),
    );
  } catch (error) {
    if (isCancellation(error) && !mustGiveWay(state, spec)) throw error;
    ended = await afterFailure(state, input, failureMessage(error));
  }
  applyChange(state, changeByEnd(state, checkpoint, status, ended, Date.now()), checkpoint);
  goOnUnlessAborted();
}

/** A breach of what is live is not kept waiting by a step, and a drill makes way for people who hold as well. */
const mustGiveWay = (state: CountdownState, { type }: Step): boolean =>
  hasFailedLive(state) || (type === 'drill' && oldestHold(state) !== null);

/** The step is cancelled when it must give way, and waited for only until nothing of it is under way. */
async function unlessItMustGiveWay(must: () => boolean, run: () => Promise<StepResult>): Promise<StepResult> {
  const step = new CancellationScope();
  const watch = new CancellationScope();
  const result = step.run(run);
  void watch
    .run(() => condition(must))
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

/** A step that failed or was terminated leaves its changes: they are restored here. What could not be stays registered. */
async function afterFailure(
  { undo }: CountdownState,
  { countdown, checkpoint, step }: StepInput,
  reason: string,
): Promise<StepResult | string> {
  const own = `${countdown.workflowId}/${countdown.firstRunId}/${checkpoint}/${step.name}/`;
  const left = undo.filter(({ id, scope }) => scope === 'step' && id.startsWith(own));
  if (left.length === 0) return reason;
  const reports = await takeBack(left, countdown);
  return {
    findings: reports.filter(({ restored }) => !restored).flatMap(({ findings }) => findings),
    facts: reports.flatMap(({ facts }) => facts),
    evidence: reports.flatMap(({ evidence }) => evidence),
    couldNotRun: reason,
    settled: reports.filter(({ restored }) => restored).map(({ id }) => id),
  };
}

/**
 * Throws once the countdown was aborted. A step that ends well after the abort, and a condition that became true in the very task in which the abort
 * came, resolve as if nothing had happened; what follows must not.
 */
export function goOnUnlessAborted(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('the countdown was aborted');
}
