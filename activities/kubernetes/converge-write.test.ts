import { expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { writeDeployment } from './converge-write.ts';
import { FakeClusterApi, target } from '../testing/fake-cluster-api.ts';

it('a write whose claim took longer than writes may leave is not sent', async () => {
  const api = new FakeClusterApi();
  const written = writeDeployment({
    client: api.client,
    target,
    operation: { id: 'launch', countdown: 'countdown/one/run', generation: 1 },
    at: 'deployment-image.apply',
    decide: ({ metadata }) => ({
      body: { metadata: { resourceVersion: metadata.resourceVersion } },
      type: 'application/strategic-merge-patch+json',
    }),
    fence: { lastWriteMs: performance.now() + 20, claim: () => pause(60) },
    now: () => new Date(),
  });
  await expect(written).rejects.toMatchObject({ type: 'Unreachable', message: expect.stringContaining('the write was not sent') });
  expect(api.writes).toEqual([]);
});
