// What Temporal reports of a task queue: how much waits in it, since when, and which workers ask for it. Needs no worker.
import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/**
 * Temporal lists a poller for 5 min after its last request. A request waits for at most 60 s, and a worker asks again at once: one that has not
 * asked for longer than this, with room for a slow link, is gone.
 */
const MAX_POLL_INTERVAL_MS = 90_000;

export interface TaskQueue {
  /** Tasks that no worker has started; approximate, because Temporal counts in batches. */
  waiting: number;
  /** How long the oldest of them waits. */
  oldestMs: number;
  workers: QueueWorker[];
}

/** A worker that asks for tasks of a queue. */
export interface QueueWorker {
  identity: string;
  /** Build id of a versioned worker; null of one without versions. */
  buildId: string | null;
}

/** Throws what the client throws. @param kind tasks of workflows, or of activities */
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
