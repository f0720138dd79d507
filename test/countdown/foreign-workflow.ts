// What somebody who can reach Temporal may run beside us: a workflow of their own that asks our activities for whatever they like.
import { proxyActivities } from '@temporalio/workflow';

export async function ask(activity: string, taskQueue: string, input: unknown): Promise<unknown> {
  const activities = proxyActivities<Record<string, (input: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: '10s',
    retry: { maximumAttempts: 1 },
  });
  return activities[activity]?.(input);
}
