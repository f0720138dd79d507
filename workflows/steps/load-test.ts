import { ApplicationFailure, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import { durationMs } from '../../release/duration.ts';
import type { LoadTestStep } from '../../release/steps/registry.ts';
import { long } from '../activity-options.ts';
import { LOAD_TASK_QUEUE } from '../messages.ts';
import { stagingOf, type StepInput, type StepResult } from '../step.ts';

/** A retry after a dead worker is a whole new run, and two of them must fit beside start-up, profiles and judging. */
const RUNS_THAT_MUST_FIT = 3;
const OVERHEAD_MS = 120_000;

/** Loads the candidate where it already runs, with an open model, and judges the points that came back. */
export async function loadTestStep({ release, step, scripts, round, checkpoint, countdown }: StepInput<LoadTestStep>): Promise<StepResult> {
  const scriptDigest = scripts[step.script];
  if (!scriptDigest)
    throw ApplicationFailure.nonRetryable(`the k6 script ${step.script} was not handed in with the release`, 'Misconfigured');
  const plannedMs = step.stages.reduce((sum, stage) => sum + durationMs(stage.duration), 0);
  const { runLoadTest } = proxyActivities<StepActivities>({
    ...long(plannedMs * RUNS_THAT_MUST_FIT + OVERHEAD_MS),
    taskQueue: LOAD_TASK_QUEUE,
  });
  return runLoadTest({
    step,
    staging: stagingOf(release),
    image: release.spec.service.image,
    scriptDigest,
    runId: `${countdown.workflowId}/${checkpoint}/${step.name}/${round}/${workflowInfo().runId}`,
  });
}
