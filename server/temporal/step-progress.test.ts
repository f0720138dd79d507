import { expect, it } from '@jest/globals';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter, type LoadedDataConverter } from '@temporalio/common';
import { defaultDataConverter } from '@temporalio/common/lib/converter/data-converter.js';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { progressOf } from './step-progress.ts';
import type { TaskQueue } from './task-queue.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;
const NOW_MS = Date.parse('2026-11-24T09:00:00Z');
const at = (msAgo: number) => msNumberToTs(NOW_MS - msAgo);

/** A step of a load test with one pending activity, as Temporal describes it. */
async function read(pending: object, queue: TaskQueue = { waiting: 1, oldestMs: 0, workers: [] }) {
  const described = {
    raw: {
      pendingActivities: [
        { activityType: { name: 'runLoadTest' }, attempt: 1, activityOptions: { taskQueue: { name: 'tminus.load' } }, ...pending },
      ],
    },
  } as unknown as WorkflowExecutionDescription;
  const asked: string[] = [];
  const [row] = await progressOf({ checkpoint: 'load', step: 'load-test', round: 1, workflowId: 'w', activities: null }, described, {
    converter: defaultDataConverter as LoadedDataConverter,
    readQueue: async (name) => (asked.push(name), queue),
    now: () => NOW_MS,
  });
  return { row, asked };
}

const scheduled = { state: PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED };
const worker = { identity: '1@load', buildId: null };

it('says that a load test waits for the load worker, since when, and how much is in the queue', async () => {
  const { row, asked } = await read({ ...scheduled, scheduledTime: at(250_000) }, { waiting: 2, oldestMs: 0, workers: [worker] });
  expect(row).toMatchObject({
    state: 'queued',
    progress: { text: 'waiting for a load worker for 4 m: the worker is busy, 2 tasks in the queue', total: 0 },
  });
  expect(asked).toEqual(['tminus.load']);
});

it('says that no worker polls the queue, and what to do', async () => {
  const { row } = await read({ ...scheduled, scheduledTime: at(20_000) });
  expect(row?.progress?.text).toBe('waiting for a load worker for 20 s: no worker polls the queue tminus.load; start one');
});

it('names the cluster whose worker is waited for', async () => {
  const activityOptions = { taskQueue: { name: 'tminus.prod-east' } };
  const { row } = await read({ ...scheduled, scheduledTime: at(20_000), activityOptions });
  expect(row?.progress?.text).toContain('waiting for a worker of cluster prod-east');
});

it('takes the pause before a retry for no queue', async () => {
  const { row, asked } = await read({ ...scheduled, attempt: 2, scheduledTime: at(-5_000), lastFailure: { message: 'k6 was killed' } });
  expect(row).toMatchObject({ state: 'retrying', attempt: 2, progress: null, lastFailure: 'k6 was killed' });
  expect(asked).toEqual([]);
});

it('repeats what a running activity said last', async () => {
  const said = { text: 'load at 300 iterations/s', done: 23, total: 60, unit: 's' };
  const { row } = await read({
    state: PendingActivityState.PENDING_ACTIVITY_STATE_STARTED,
    lastHeartbeatTime: at(1_000),
    heartbeatDetails: { payloads: [defaultPayloadConverter.toPayload(said)] },
  });
  expect(row).toMatchObject({ state: 'running', progress: said, heartbeatAt: '2026-11-24T08:59:59.000Z' });
});
