import { proxyActivities } from '@temporalio/workflow';
import type { StepActivities } from '../../activities/steps-contract.ts';
import { durationMs } from '../../release/duration.ts';
import type { GuardStep } from '../../release/steps/registry.ts';
import { bakedMs } from '../../verdict/bake-time.ts';
import { long } from '../activity-options.ts';
import { clusterTaskQueue } from '../messages.ts';
import { productionOf, type StepInput, type StepResult } from '../step.ts';

/** A restarted watch starts its bake time again, and needs the time to notice that data is missing. */
const WATCHES_THAT_MUST_FIT = 2;
const OVERHEAD_MS = 120_000;
/** A worker that restarts is back by then. Nobody watches a version that is live meanwhile, so longer than this is a hold and not a wait. */
const TAKEN_UP_WITHIN = '1m';

/** Watches the launched version. What it finds out decides: go on, hold because nothing can be seen, or roll back. */
export async function guardStep({ release, step, doneMs }: StepInput<GuardStep>): Promise<StepResult> {
  const remainingMs = Math.max(durationMs(step.interval), durationMs(step.bake) - doneMs);
  const { runGuard } = proxyActivities<StepActivities>({
    ...long(remainingMs * WATCHES_THAT_MUST_FIT + OVERHEAD_MS),
    taskQueue: clusterTaskQueue(release.spec.cluster),
    scheduleToStartTimeout: TAKEN_UP_WITHIN,
  });
  const { watchedMs, ...report } = await runGuard({
    step,
    production: productionOf(release),
    image: release.spec.service.image,
    remainingMs,
  });
  const failedAt = report.findings.some(({ outcome }) => outcome === 'fail') ? report.evidence.at(-1)?.capturedAt : undefined;
  return { ...report, doneMs: bakedMs(doneMs, { watchedMs, findings: report.findings }), ...(failedAt === undefined ? {} : { failedAt }) };
}
