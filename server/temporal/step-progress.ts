// Latest heartbeats of the activities of running steps, read from Temporal without a worker.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { LoadedDataConverter } from '@temporalio/common';
import { decodeArrayFromPayloads, decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { optionalTsToDate, optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { z } from 'zod';
import type { EffectActivities } from '../../activities/effects/contract.ts';
import type { ActivityProgress } from '../../activities/running-activity.ts';
import type { StepActivities } from '../../activities/steps-contract.ts';
import { clusterTaskQueue, LOAD_TASK_QUEUE } from '../../workflows/messages.ts';
import { duration } from '../../verdict/wording/index.ts';
import type { StepProgress } from './countdowns.ts';
import type { TaskQueue } from './task-queue.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** Activities of a rollback, to tell them from bookkeeping activities of the countdown. */
const ROLLBACK: readonly string[] = ['restoreEffect', 'proveRestored'] satisfies (keyof EffectActivities)[];
/** The guard also runs in the workflow of the countdown. */
const GUARD: readonly string[] = ['runGuard'] satisfies (keyof StepActivities)[];

interface Work {
  checkpoint: string;
  step: string;
  round: number;
  workflowId: string;
  /** null: every activity of this workflow belongs to the step. */
  activities: readonly string[] | null;
}

/** Running steps with the workflow of their activities. A rollback runs in the workflow of the countdown. */
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

export interface ProgressReader {
  converter: LoadedDataConverter;
  readQueue(name: string): Promise<TaskQueue>;
  now(): number;
}

/** One row per pending activity of the step. */
export async function progressOf(
  { checkpoint, step, round, activities }: Work,
  { raw }: WorkflowExecutionDescription,
  reader: ProgressReader,
): Promise<StepProgress[]> {
  const own = (raw.pendingActivities ?? []).filter(({ activityType }) => activities?.includes(activityType?.name ?? '') ?? true);
  return await Promise.all(
    own.map(async (pending) => ({
      checkpoint,
      step,
      round,
      activity: pending.activityType?.name ?? '',
      attempt: pending.attempt ?? 1,
      ...(await stateOf(pending, reader)),
      heartbeatAt: optionalTsToDate(pending.lastHeartbeatTime)?.toISOString() ?? null,
      // With a payload codec the message is encoded too.
      lastFailure: (await decodeOptionalFailureToOptionalError(reader.converter, pending.lastFailure))?.message ?? null,
    })),
  );
}

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** Last heartbeat; for a queued activity, what it waits for. */
async function stateOf(pending: Pending, { converter, readQueue, now }: ProgressReader): Promise<Pick<StepProgress, 'state' | 'progress'>> {
  const progress = progressIn(await decodeArrayFromPayloads(converter, pending.heartbeatDetails?.payloads));
  if (pending.state !== PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED) return { state: 'running', progress };
  const sinceMs = optionalTsToMs(pending.scheduledTime) ?? now();
  // The next attempt is scheduled for later: retry backoff.
  if (sinceMs > now()) return { state: 'retrying', progress };
  const name = pending.activityOptions?.taskQueue?.name ?? '';
  const text = waitingText(name, await readQueue(name), now() - sinceMs);
  return { state: 'queued', progress: { text, done: 0, total: 0, unit: '' } };
}

/** `waiting for a load worker for 4 m: the worker is busy, 2 tasks in the queue`. */
function waitingText(queue: string, { waiting, workers }: Pick<TaskQueue, 'waiting' | 'workers'>, waitMs: number): string {
  const kind =
    queue === LOAD_TASK_QUEUE
      ? 'a load worker'
      : queue.startsWith(clusterTaskQueue(''))
        ? `a worker of cluster ${queue.slice(clusterTaskQueue('').length)}`
        : 'a worker';
  const since = duration(waitMs < MINUTE_MS ? 1_000 * Math.round(waitMs / 1_000) : MINUTE_MS * Math.floor(waitMs / MINUTE_MS));
  if (workers.length === 0) return `waiting for ${kind} for ${since}: no worker polls the queue ${queue}; start one`;
  const tasks = waiting > 1 ? `, ${waiting} tasks in the queue` : '';
  return `waiting for ${kind} for ${since}: ${workers.length === 1 ? 'the worker is' : `all ${workers.length} workers are`} busy${tasks}`;
}

const MINUTE_MS = 60_000;

const activityProgress = z.object({
  text: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
}) satisfies z.ZodType<ActivityProgress>;

/** Heartbeat details may hold a cursor besides the progress; the first detail that parses as progress is used. */
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
