// Messages that nobody meant: a payload that cannot be read must not stop a workflow for good.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import proto from '@temporalio/proto';
import { WORKFLOW_TASK_QUEUE, auditQuery, registerUndoUpdate } from '../../workflows/messages.ts';
import { temporalWorld, type World } from '../temporal-world.ts';
import { fakeWorld } from './fakes.ts';
import { refusal, runCountdown } from './run-countdown.ts';

const COMPLETED = proto.temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;

jest.setTimeout(180_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

/** Payloads no converter can read, and none at all. */
const UNREADABLE = [
  ['json/plain', '{"holder'],
  ['json/protobuf', '{}'],
  ['', ''],
] as const;
const payloadsOf = (encoding: string, data: string) => ({
  payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }],
});

it('the lock of a service stays held after Signals without a word, and is given back to the right one', () =>
  temporal.withWorkers(fakeWorld().activities, async () => {
    const handle = await temporal.client.workflow.start('serviceLock', {
      workflowId: `service-lock/${randomUUID()}`,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: ['countdown/r'],
    });
    await handle.signal('unlock');
    for (const sent of [null, 42, 'countdown/r', {}, { holder: 'countdown/other' }]) await handle.signal('unlock', sent);
    for (const [encoding, data] of UNREADABLE)
      await temporal.client.workflowService.signalWorkflowExecution({
        namespace: temporal.namespace,
        workflowExecution: { workflowId: handle.workflowId },
        signalName: 'unlock',
        input: payloadsOf(encoding, data),
      });
    expect((await handle.describe()).status.name).toBe('RUNNING');
    await handle.signal('unlock', { holder: 'countdown/r' });
    await handle.result();
  }));

it('a countdown refuses an undo that cannot be read, and goes on', () =>
  runCountdown(
    temporal,
    () => ({}),
    async ({ handle, until, advance }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      for (const sent of [undefined, null, 42, 'undo', [], {}, { id: {} }])
        expect(await refusal(handle.executeUpdate(registerUndoUpdate, { args: [sent as never] }))).toMatch(
          /^an undo needs id, kind, target/u,
        );
      for (const [encoding, data] of UNREADABLE) {
        const { outcome } = await temporal.client.workflowService.updateWorkflowExecution({
          namespace: temporal.namespace,
          workflowExecution: { workflowId: handle.workflowId },
          waitPolicy: { lifecycleStage: COMPLETED },
          request: { meta: { updateId: randomUUID() }, input: { name: 'registerUndo', args: payloadsOf(encoding, data) } },
        });
        expect(outcome?.failure?.message).toMatch(/^an undo needs id, kind, target/u);
      }
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      expect((await handle.query(auditQuery)).filter(({ action }) => action === 'undo.registered')).toEqual([]);
    },
  ));
