import { expect, it } from '@jest/globals';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { watcherSeenAt } from './watcher.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;
const at = (seconds: number) => msNumberToTs(seconds * 1_000);
const [STARTED, SCHEDULED] = [PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED];

const described = (pendingActivities: object[], pendingChildren: object[] = []) =>
  ({ raw: { pendingActivities, pendingChildren } }) as unknown as WorkflowExecutionDescription;
const withChild = (child: WorkflowExecutionDescription) =>
  ({ workflow: { getHandle: () => ({ describe: async () => child }) } }) as unknown as Client;
const NOBODY = withChild(described([]));

it('is when the guard reported last', async () => {
  const guard = { activityType: { name: 'runGuard' }, state: STARTED, lastStartedTime: at(100), lastHeartbeatTime: at(160) };
  expect(await watcherSeenAt(NOBODY, described([guard]))).toBe(160_000);
});

it("is when the launch's own watch reported, which runs in a step of the countdown", async () => {
  const step = described([{ activityType: { name: 'watchRollout' }, state: STARTED, lastStartedTime: at(90) }]);
  expect(await watcherSeenAt(withChild(step), described([], [{ workflowId: 'countdown/a/launch/launch/1', runId: 'r' }]))).toBe(90_000);
});

it('is nothing while no worker has taken the guard up, or only messages are sent', async () => {
  const waiting = { activityType: { name: 'runGuard' }, state: SCHEDULED };
  const message = { activityType: { name: 'notify' }, state: STARTED, lastStartedTime: at(100) };
  expect(await watcherSeenAt(NOBODY, described([waiting, message]))).toBeNull();
});
