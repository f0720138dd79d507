// Running countdowns without a worker. A countdown is pinned to the worker version of its start; without a worker of that version its steps,
// holds, deadlines and rollback stand still.
import type { Client } from '@temporalio/client';
import { statusQuery, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf } from './gateway-failure.ts';
import { readTaskQueue } from './task-queue.ts';

export interface RunningCountdown {
  workflowId: string;
  release: string;
  /** Worker version; null before the first workflow task, and for unversioned workers. */
  buildId: string | null;
}

/** The page refreshes every 15 s, so a restarted worker is shown one refresh later. */
const CACHE_TTL_MS = 15_000;
/** A running worker answers well within 1 s, a busy one within this. */
const QUERY_TIMEOUT_MS = 3_000;

/**
 * For each countdown: whether a worker of its version runs. A version without a listed poller is checked by a query, because Temporal lists the
 * pollers of one queue partition only.
 */
export function workerVersions(client: Client, now: () => number = Date.now): (running: readonly RunningCountdown[]) => Promise<boolean[]> {
  const known = new Map<string | null, { untilMs: number; served: Promise<boolean> }>();

  async function isServed({ workflowId, release, buildId }: RunningCountdown, polled: Promise<Set<string | null>>): Promise<boolean> {
    if ((await polled).has(buildId)) return true;
    try {
      await client.withDeadline(now() + QUERY_TIMEOUT_MS, () => client.workflow.getHandle(workflowId).query(statusQuery));
      return true;
    } catch (error) {
      const failure = failureOf(error, release, 'checking its worker');
      if (!(failure instanceof CountdownFailure)) throw failure;
      if (failure.code === 'Unreachable') throw failure;
      // It has ended or refused: a worker answered.
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
        // Unknown results are not cached.
        served.catch(() => known.delete(countdown.buildId));
        return await served;
      }),
    );
  };
}
