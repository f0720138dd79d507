import { proxyActivities } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import { durationMs } from '../../release/duration.ts';
import type { GuardStep } from '../../release/steps/registry.ts';
import { long } from '../activity-options.ts';
import { clusterTaskQueue } from '../messages.ts';
import { productionOf, type StepInput, type StepResult } from '../step.ts';

const OVERHEAD_MS = 120_000;
/** A worker that restarts is back by then. Nobody watches a version that is live meanwhile, so longer than this is a hold and not a wait. */
const TAKEN_UP_WITHIN = '1m';
/** A third of it is the guard's heartbeat interval: a watch whose worker died is taken over within 7 s. */
const HEARTBEAT_TIMEOUT = '6s';

/** Watches the launched version. What it finds out decides: go on, hold because nothing can be seen, or roll back. */
export async function guardStep({ release, step }: StepInput<GuardStep>): Promise<StepResult> {
  const { runGuard } = proxyActivities<StepActivities>({
    ...long(durationMs(step.maxBake) + durationMs(step.liveDeadline) + OVERHEAD_MS),
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    taskQueue: clusterTaskQueue(release.spec.cluster),
    scheduleToStartTimeout: TAKEN_UP_WITHIN,
  });
  const { service } = release.spec;
  const { findings, facts, evidence, failedAt } = await runGuard({
    step,
    production: productionOf(release),
    image: service.image,
    healthTarget: service.health.target,
    healthPath: service.health.path,
    launchedAt: null,
    carry: null,
    blindTold: false,
  });
  return { findings, facts, evidence, ...(failedAt === undefined ? {} : { failedAt }) };
}
