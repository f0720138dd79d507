import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { acquireLock, releaseLock, type LockDependencies } from '../../activities/bookkeeping/service-lock.ts';
import { WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { fakeWorld } from './fakes.ts';
import { temporalWorld, type World } from '../temporal-world.ts';

jest.setTimeout(60_000);

let temporal: World;
let lock: LockDependencies;
beforeAll(async () => {
  temporal = await temporalWorld();
  lock = { client: temporal.client, workflowTaskQueue: WORKFLOW_TASK_QUEUE, fencingGeneration: async () => 6 };
});
afterAll(() => temporal.close());

const aTarget = () => ({ cluster: 'test', namespace: 'shop', deployment: `go-api-${randomUUID()}`, container: 'go-api' });
/** A workflow that runs until it is told to stop stands in for a countdown. */
const liveHolder = async () => {
  const workflowId = `countdown/${randomUUID()}`;
  await temporal.client.workflow.start('serviceLock', { workflowId, taskQueue: WORKFLOW_TASK_QUEUE, args: ['itself'] });
  return workflowId;
};

describe('the lock of a service', () => {
  it('is given once: a second countdown is refused with the name of the first', async () => {
    const target = aTarget();
    const first = await liveHolder();
    expect(await acquireLock(lock, { holder: first, target })).toEqual({ acquired: true, generation: 7 });
    expect(await acquireLock(lock, { holder: await liveHolder(), target })).toEqual({
      acquired: false,
      message: expect.stringContaining(`already has a countdown: ${first.replace('countdown/', '')}`),
    });
  });

  it('gives a generation above the fence of the Deployment in staging too, where a drill writes it', async () => {
    const [target, staging] = [aTarget(), aTarget()];
    const fenced = { ...lock, fencingGeneration: async (of: typeof target) => (of === staging ? 9 : 6) };
    const holder = await liveHolder();
    expect(await acquireLock(fenced, { holder, target, staging })).toEqual({ acquired: true, generation: 10 });
    expect(await acquireLock(fenced, { holder, target, staging })).toEqual({ acquired: true, generation: 10 });
  });

  it('is given again to the one who has it, so that a retry after a lost answer goes on', async () => {
    const target = aTarget();
    const holder = await liveHolder();
    await acquireLock(lock, { holder, target });
    expect(await acquireLock(lock, { holder, target })).toMatchObject({ acquired: true });
  });

  it('is taken over from a countdown that ended without giving it back', async () => {
    const target = aTarget();
    const dead = await liveHolder();
    await acquireLock(lock, { holder: dead, target });
    await temporal.client.workflow.getHandle(dead).terminate('crashed for good');
    expect(await acquireLock(lock, { holder: await liveHolder(), target })).toMatchObject({ acquired: true });
  });

  it('is free after it was given back, and only its holder can give it back', () =>
    temporal.withWorkers(fakeWorld().activities, async () => {
      const target = aTarget();
      const [first, second] = [await liveHolder(), await liveHolder()];
      await acquireLock(lock, { holder: first, target });
      await releaseLock(lock, { holder: second, target });
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await acquireLock(lock, { holder: second, target })).toMatchObject({ acquired: false });
      await releaseLock(lock, { holder: first, target });
      const deadline = Date.now() + 10_000;
      while (!(await acquireLock(lock, { holder: second, target })).acquired) {
        if (Date.now() > deadline) throw new Error('the lock was never freed');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }));
});
