// The step `preflight`, and its quick half right before the launch.
import { proxyActivities } from '@temporalio/workflow';
import type { StepActivities, StepReport } from '../../activities/steps-contract.ts';
import type { GuardStep, PreflightStep, Step } from '../../release/steps/registry.ts';
import { long } from '../activity-options.ts';
import { clusterTaskQueue } from '../messages.ts';
import { productionOf, stagingOf, type StepInput, type StepResult } from '../step.ts';

/** Three minutes: each of the checks has its own few seconds; beyond this a cluster is not ready for anything. */
const PREFLIGHT_MS = 180_000;
/** The quick half takes under 3 s on a healthy cluster. A launch waits for one that is slow, and not for one that is away. */
const QUICK_PREFLIGHT_MS = 60_000;

/** Asked right before the launch where the plan has no preflight step of its own: the default of the release file. */
const DEFAULT_STEP: PreflightStep = { type: 'preflight', name: 'preflight', maxClockSkewMs: 2_000 };

/** Asks everything that later steps will need, before any of them starts. Changes nothing. */
export function preflightStep(input: StepInput<PreflightStep>): Promise<StepResult> {
  return askPreflight(input, input.step, false);
}

/** The half that may have changed since T-72h, asked again right before the launch. */
export function quickPreflight(input: StepInput): Promise<StepReport> {
  return askPreflight(input, stepsOf(input).find(isPreflight) ?? DEFAULT_STEP, true);
}

function askPreflight(input: StepInput, step: PreflightStep, quick: boolean): Promise<StepReport> {
  const { release, countdown } = input;
  const { runPreflight } = proxyActivities<StepActivities>({
    ...long(quick ? QUICK_PREFLIGHT_MS : PREFLIGHT_MS),
    taskQueue: clusterTaskQueue(release.spec.cluster),
  });
  const steps = stepsOf(input);
  const { service } = release.spec;
  return runPreflight({
    step,
    quick,
    countdown: `${countdown.workflowId}/${countdown.firstRunId}`,
    production: productionOf(release),
    staging: steps.some(({ type }) => type === 'loadTest') ? stagingOf(release) : null,
    image: service.image,
    healthTarget: service.health.target,
    healthPath: service.health.path,
    guard: steps.find(isGuard) ?? null,
  });
}

const stepsOf = ({ release }: StepInput): Step[] => release.spec.checkpoints.flatMap((checkpoint) => checkpoint.steps);
const isGuard = (step: Step): step is GuardStep => step.type === 'guard';
const isPreflight = (step: Step): step is PreflightStep => step.type === 'preflight';
