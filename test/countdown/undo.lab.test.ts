import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { ApiFailure, toApplicationFailure } from '../../activities/kubernetes/api-failure.ts';
import { deployments } from '../../activities/kubernetes/client.ts';
import { temporalGateway } from '../../server/temporal/gateway.ts';
import { temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { guarded, slow, type FakeWorld } from './fakes.ts';
import { runCountdown, toLaunch } from './run-countdown.ts';

jest.setTimeout(120_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

/** A whole countdown whose guard finds the launched version too slow; answers how it ended. */
async function rolledBack(
  overrides: (world: FakeWorld) => Partial<FakeActivities>,
  meanwhile: (release: string) => Promise<void> = async () => undefined,
): Promise<{ ending: string; message: string; image: string }> {
  let ended: { ending: string; message: string; image: string } | undefined;
  await runCountdown(
    temporal,
    (world) => ({ runGuard: async () => guarded('breach', slow), ...overrides(world) }),
    async ({ advance, until, act, handle, status, world }) => {
      await toLaunch({ advance, until, act });
      await advance(1);
      await meanwhile((await status()).release);
      ended = { ...((await handle.result()) as { ending: string; message: string }), image: world.image };
    },
  );
  if (ended === undefined) throw new Error('the countdown did not end');
  return ended;
}

/** Fails as the real activity does, that many times. */
function failing<Args extends unknown[], T>(times: number, status: number, act: (...args: Args) => Promise<T>): typeof act {
  let left = times;
  return async (...args) => {
    left -= 1;
    if (left >= 0)
      throw toApplicationFailure(
        new ApiFailure({ verb: 'patch', resource: deployments('shop', 'go-api'), cluster: 'test', status, detail: 'fake' }),
      );
    return act(...args);
  };
}

it.each([401, 403, 404])('rolls back although the API server answers %i for a while, to the write and to the watch', async (status) => {
  let before = '';
  const ended = await rolledBack(({ image, activities: { restoreEffect, proveRestored } }) => {
    before = image;
    const refusedOnce = failing(1, status, proveRestored);
    return {
      restoreEffect: failing(3, status, restoreEffect),
      proveRestored: refusedOnce,
    };
  });
  expect(ended).toMatchObject({ ending: 'rolled-back', image: before });
});

it('tells people while it lasts why the rollback has not come through', async () => {
  const gateway = temporalGateway({ client: temporal.client });
  let told: string | null = null;
  let refused = true;
  const ended = await rolledBack(
    ({ activities: { restoreEffect } }) => ({ restoreEffect: (input) => failing(refused ? 1 : 0, 403, restoreEffect)(input) }),
    async (release) => {
      while (told === null) {
        const [doing] = await gateway.progress(await gateway.status(release));
        if (doing?.step === 'rollback') told = doing.lastFailure;
        await new Promise((again) => setTimeout(again, 100));
      }
      refused = false;
    },
  );
  expect(told).toMatch(/forbidden \(403\); grant this identity the verb "patch"/);
  expect(ended).toMatchObject({ ending: 'rolled-back' });
});
