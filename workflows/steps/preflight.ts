import { proxyActivities } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import type { GuardStep, PreflightStep, Step } from '../../release/steps/registry.ts';
import { long } from '../activity-options.ts';
import { clusterTaskQueue } from '../messages.ts';
import { productionOf, stagingOf, type StepInput, type StepResult } from '../step.ts';

/** Three minutes: each of the checks has its own few seconds; beyond this a cluster is not ready for anything. */
const PREFLIGHT_MS = 180_000;

/** Asks everything that later steps will need, before any of them starts. Changes nothing. */
export async function preflightStep({ countdown, release, step }: StepInput<PreflightStep>): Promise<StepResult> {
  const { runPreflight } = proxyActivities<StepActivities>({ ...long(PREFLIGHT_MS), taskQueue: clusterTaskQueue(release.spec.cluster) });
  const steps = release.spec.checkpoints.flatMap((checkpoint) => checkpoint.steps);
  const { service } = release.spec;
  return runPreflight({
    step,
    quick: false,
    countdown,
    production: productionOf(release),
    staging: steps.some(({ type }) => type === 'loadTest') ? stagingOf(release) : null,
    image: service.image,
    healthTarget: service.health.target,
    healthPath: service.health.path,
    guard: steps.find(isGuard) ?? null,
  });
}

function isGuard(step: Step): step is GuardStep {
  return step.type === 'guard';
}
