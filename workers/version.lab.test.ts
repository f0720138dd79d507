// With the real Temporal server: when it first saw a version is what it says it is.
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { NativeConnection, Worker } from '@temporalio/worker';
import { temporalWorld, type World } from '../test/temporal-world.ts';
import { WORKFLOW_TASK_QUEUE } from '../workflows/messages.ts';
import { DEPLOYMENT_NAME, settleCurrent } from './version.ts';

jest.setTimeout(120_000);

let temporal: World;
let native: NativeConnection;
beforeAll(async () => {
  temporal = await temporalWorld();
  native = await NativeConnection.connect({ address: temporal.address });
});
afterAll(async () => {
  await native.close();
  await temporal.close();
});

/** Starts a worker of a version, settles which one is current, and stops it. */
async function start(buildId: string, always = false): Promise<string> {
  const worker = await Worker.create({
    connection: native,
    namespace: temporal.namespace,
    taskQueue: WORKFLOW_TASK_QUEUE,
    workflowBundle: temporal.bundle,
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENT_NAME, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  });
  return worker.runUntil(settleCurrent(temporal.client, buildId, { always }));
}

it('gives new countdowns to a new version, and not back to an old one whose worker is started again', async () => {
  expect(await start('one')).toBe('one');
  expect(await start('two')).toBe('two');
  expect(await start('one')).toBe('two');
  expect(await start('one', true)).toBe('one');
});
