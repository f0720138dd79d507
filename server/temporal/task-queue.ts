// State of a task queue in Temporal: backlog, its age, and polling workers. Needs no worker.
import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/**
 * Temporal lists a poller for 5 min after its last poll. A poll lasts at most 60 s and is repeated at once, so a worker without a poll for
 * longer than this (30 s of margin) is gone.
 */
const MAX_POLL_INTERVAL_MS = 90_000;

export interface TaskQueue {
  /** Tasks not yet started by a worker; approximate, because Temporal counts in batches. */
  waiting: number;
  /** Age of the oldest of them. */
  oldestMs: number;
  workers: QueueWorker[];
}

/** A worker that polls a queue. */
export interface QueueWorker {
  identity: string;
  /** Build id; null for an unversioned worker. */
  buildId: string | null;
}

/** Throws what the client throws. @param kind workflow tasks or activity tasks */
export async function readTaskQueue(client: Client, name: string, kind: 'workflow' | 'activity', nowMs = Date.now()): Promise<TaskQueue> {
  const { pollers, stats } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: kind === 'workflow' ? TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW : TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  });
  return {
    waiting: Number(stats?.approximateBacklogCount ?? 0),
    oldestMs: optionalTsToMs(stats?.approximateBacklogAge) ?? 0,
    workers: (pollers ?? [])
      .filter(({ lastAccessTime }) => nowMs - (optionalTsToMs(lastAccessTime) ?? 0) <= MAX_POLL_INTERVAL_MS)
      .map(({ identity, deploymentOptions }) => ({ identity: identity ?? '', buildId: deploymentOptions?.buildId || null })),
  };
}
