import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import type { LoadTestStep } from '../../release/steps/registry.ts';
import { queued } from '../activity-options.ts';
import { LOAD_TASK_QUEUE } from '../messages.ts';
import { scriptDigestOf, stagingOf, type StepInput, type StepResult } from '../step.ts';

/** Beside the load itself: k6 may start for 60 s and stop for 30, profiles take another 30, and reading the largest evidence allowed 120. */
const OVERHEAD_MS = 300_000;

/** Loads the candidate where it already runs, with an open model, and judges the points that came back. */
export async function loadTestStep({ release, step, scripts, round, checkpoint, countdown }: StepInput<LoadTestStep>): Promise<StepResult> {
  const plannedMs = step.stages.reduce((sum, stage) => sum + stage.seconds * 1_000, 0);
  const { runLoadTest } = proxyActivities<StepActivities>({
    ...queued(plannedMs + OVERHEAD_MS),
    taskQueue: LOAD_TASK_QUEUE,
  });
  return runLoadTest({
    step,
    staging: stagingOf(release),
    image: release.spec.service.image,
    scriptDigest: scriptDigestOf(scripts, step.script),
    runId: `${countdown.workflowId}/${checkpoint}/${step.name}/${round}/${workflowInfo().runId}`,
  });
}
