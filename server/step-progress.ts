// What the activities of running steps last reported of themselves, read from Temporal without a worker.
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { LoadedDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { z } from 'zod';
import type { EffectActivities } from '../activities/effects/contract.ts';
import type { StepActivities } from '../activities/steps-contract.ts';
import type { ActivityProgress } from '../activities/kubernetes/contract.ts';
import { countdownId, type CountdownStatus } from '../workflows/messages.ts';
import type { StepProgress } from './countdowns.ts';

/** Activities of a rollback; beside them the countdown has its bookkeeping under way. */
const ROLLBACK: readonly string[] = ['restoreEffect', 'proveRestored'] satisfies (keyof EffectActivities)[];
/** The guard runs in the countdown itself, too. */
const GUARD: readonly string[] = ['runGuard'] satisfies (keyof StepActivities)[];

interface Work {
  checkpoint: string;
  step: string;
  round: number;
  workflowId: string;
  /** null: every activity of that workflow is the step's. */
  activities: readonly string[] | null;
}

/** The steps that run, each with the workflow whose activities do its work. A rollback runs in the countdown itself. */
export function atWork({ release, phase, current, checkpoints }: CountdownStatus): Work[] {
  if (phase === 'undoing')
    return [{ checkpoint: current, step: 'rollback', round: 1, workflowId: countdownId(release), activities: ROLLBACK }];
  return checkpoints.flatMap(({ name, steps }) =>
    steps.flatMap(({ name: step, type, round, state, workflowId }): Work[] => {
      if (state !== 'running') return [];
      if (type === 'guard') return [{ checkpoint: name, step, round, workflowId: countdownId(release), activities: GUARD }];
      return workflowId ? [{ checkpoint: name, step, round, workflowId, activities: null }] : [];
    }),
  );
}

/** One row per activity of the step that is pending now. */
export async function progressOf(
  { checkpoint, step, round, activities }: Work,
  { raw }: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
): Promise<StepProgress[]> {
  const own = (raw.pendingActivities ?? []).filter(({ activityType }) => activities?.includes(activityType?.name ?? '') ?? true);
  return await Promise.all(
    own.map(async (pending) => ({
      checkpoint,
      step,
      round,
      activity: pending.activityType?.name ?? '',
      attempt: pending.attempt ?? 1,
      progress: progressIn(await decodeArrayFromPayloads(converter, pending.heartbeatDetails?.payloads)),
      heartbeatAt: pending.lastHeartbeatTime?.seconds ? new Date(Number(pending.lastHeartbeatTime.seconds) * 1000).toISOString() : null,
      lastFailure: pending.lastFailure?.message ?? null,
    })),
  );
}

const activityProgress = z.object({
  text: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
}) satisfies z.ZodType<ActivityProgress>;

/** Heartbeat details are the activity's own: a cursor may stand beside the progress. The first that reads as progress is shown. */
function progressIn(details: readonly unknown[]): ActivityProgress | null {
  for (const detail of details) {
    const candidates = [detail, typeof detail === 'object' && detail !== null && 'progress' in detail ? detail.progress : null];
    for (const candidate of candidates) {
      const parsed = activityProgress.safeParse(candidate);
      if (parsed.success) return parsed.data;
    }
  }
  return null;
}
