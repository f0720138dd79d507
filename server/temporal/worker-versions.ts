// Which running countdowns have no worker: each stays on the worker version it started with, and without one of that version nothing of it goes on,
// neither a step nor a hold, a deadline or a rollback.
import type { Client } from '@temporalio/client';
import { statusQuery, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf } from './gateway-failure.ts';
import { readTaskQueue } from './task-queue.ts';

export interface RunningCountdown {
  workflowId: string;
  release: string;
  /** Worker version; null before its first step, and of a worker without versions. */
  buildId: string | null;
}

/** A page is drawn every 15 s; a worker that is started again is back on it one page later. */
const CACHE_TTL_MS = 15_000;
/** A worker that is there answers in well under a second, a busy one within this. */
const QUERY_TIMEOUT_MS = 3_000;

/**
 * Answers whether a worker runs for each of the countdowns, by version. A version that Temporal lists no poller for is asked by a query, since
 * Temporal lists the pollers of a part of the queue only.
 */
export function workerVersions(client: Client, now: () => number = Date.now): (running: readonly RunningCountdown[]) => Promise<boolean[]> {
  const known = new Map<string | null, { untilMs: number; served: Promise<boolean> }>();

  async function isServed({ workflowId, release, buildId }: RunningCountdown, polled: Promise<Set<string | null>>): Promise<boolean> {
    if ((await polled).has(buildId)) return true;
    try {
      await client.withDeadline(now() + QUERY_TIMEOUT_MS, () => client.workflow.getHandle(workflowId).query(statusQuery));
      return true;
    } catch (error) {
      const failure = failureOf(error, release, 'asking for its worker');
      if (!(failure instanceof CountdownFailure)) throw failure;
      if (failure.code === 'Unreachable') throw failure;
      // It ended meanwhile, or refused: somebody answered.
      return failure.code !== 'NoWorker';
    }
  }

  return async (running) => {
    let polled: Promise<Set<string | null>> | null = null;
    const askQueue = async (): Promise<Set<string | null>> => {
      const { workers } = await readTaskQueue(client, WORKFLOW_TASK_QUEUE, 'workflow', now());
      return new Set(workers.map(({ buildId }) => buildId));
    };
    return await Promise.all(
      running.map(async (countdown) => {
        const fresh = known.get(countdown.buildId);
        if (fresh && fresh.untilMs > now()) return await fresh.served;
        polled ??= askQueue();
        const served = isServed(countdown, polled);
        known.set(countdown.buildId, { untilMs: now() + CACHE_TTL_MS, served });
        // What could not be asked is asked again.
        served.catch(() => known.delete(countdown.buildId));
        return await served;
      }),
    );
  };
}
