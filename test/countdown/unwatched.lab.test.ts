// Nobody watches a version that is live: this takes the minute that a worker may need to come back.
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { temporalWorld, type World } from '../temporal-world.ts';
import { runCountdown, toLaunch } from './run-countdown.ts';

jest.setTimeout(180_000);
/** The minute, and a busy machine. The guard of this plan could otherwise wait for 22. */
const HOLDS_WITHIN_MS = 120_000;

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

it('holds soon, and says why, when no worker takes up the guard', () => {
  let reached: () => void = () => undefined;
  const guarding = new Promise<void>((resolve) => (reached = resolve));
  return runCountdown(
    temporal,
    () => ({
      runGuard: () => {
        reached();
        return Context.current().cancelled;
      },
    }),
    async ({ advance, until, act, stopCluster }) => {
      await toLaunch({ advance, until, act });
      const arrival = advance(1);
      await guarding;
      stopCluster();
      const held = await until('holding', ({ phase }) => phase === 'holding', HOLDS_WITHIN_MS);
      expect(held.reasons).toMatchObject([{ code: 'GuardNoData', effect: 'hold' }]);
      expect(held.message).toMatch(
        /^the guard took no samples for 1 m(?: \d s)?: no worker started runGuard in time; start the workers of its task queue$/u,
      );
      await arrival;
    },
  );
});
