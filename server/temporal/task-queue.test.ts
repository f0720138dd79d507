import { expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { readTaskQueue } from './task-queue.ts';

const NOW_MS = Date.parse('2026-11-24T09:00:00Z');
const at = (msAgo: number) => msNumberToTs(NOW_MS - msAgo);

function fake(answer: object) {
  const asked: object[] = [];
  const workflowService = { describeTaskQueue: async (request: object) => (asked.push(request), answer) };
  return { asked, client: { options: { namespace: 'shop' }, workflowService } as unknown as Client };
}

it('counts a worker only while it asks: Temporal lists it for five minutes more', async () => {
  const { client } = fake({
    pollers: [
      { identity: 'there', lastAccessTime: at(61_000), deploymentOptions: { buildId: 'a1' } },
      { identity: 'gone', lastAccessTime: at(95_000) },
    ],
  });
  expect((await readTaskQueue(client, 'tminus', 'workflow', NOW_MS)).workers).toEqual([{ identity: 'there', buildId: 'a1' }]);
});

it('reads how much waits, and how long the oldest of it', async () => {
  const { client, asked } = fake({ stats: { approximateBacklogCount: 3, approximateBacklogAge: msNumberToTs(90_500) } });
  expect(await readTaskQueue(client, 'tminus.load', 'activity', NOW_MS)).toEqual({ waiting: 3, oldestMs: 90_500, workers: [] });
  expect(asked).toMatchObject([{ namespace: 'shop', taskQueue: { name: 'tminus.load' }, taskQueueType: 2, reportStats: true }]);
});
