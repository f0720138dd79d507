// The watch itself fails: whatever becomes of the guard's activity, a live version is watched again or rolled back.
import type { CountdownInput } from '../../release/countdown-input.ts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/client';
import type { GuardInput } from '../../activities/steps-contract.ts';
import { auditQuery } from '../../workflows/messages.ts';
import { temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { carried, fine, guarded, slow, type FakeWorld } from './fakes.ts';
import { runCountdown, toLaunch, type Run } from './run-countdown.ts';
import { scriptedGuard } from './scripted-guard.ts';

jest.setTimeout(180_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

const run = (
  overrides: (world: FakeWorld) => Partial<FakeActivities>,
  body: (run: Run) => Promise<void>,
  change?: (input: CountdownInput) => CountdownInput,
) => runCountdown(temporal, overrides, body, change);
const written = ({ writes }: FakeWorld) => writes.map((line) => line.split('sha-')[1]);
const BOTH = ['91d03ce', '4f9c2ab'];
const withDeadline = (liveDeadlineMs: number) => (input: CountdownInput) => {
  for (const step of input.release.spec.checkpoints.flatMap(({ steps }) => steps))
    if (step.type === 'guard') step.liveDeadlineMs = liveDeadlineMs;
  return input;
};

/** Works on until it is cancelled, as a long activity does. */
async function worksOn(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 500);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}

describe('the activity of the guard', () => {
  it('that fails at once, each time, with what retrying could mend is rolled back at liveDeadline', () =>
    run(
      () => ({
        runGuard: async () => {
          throw new TypeError('cannot read properties of undefined');
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('rolled back', ({ phase }) => phase === 'ended', 60_000);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(written(world)).toEqual(BOTH);
        await arrival;
      },
      withDeadline(30_000),
    ));

  it('that ends as cancelled though nobody cancelled it is asked again', () => {
    let asked = 0;
    return run(
      () => ({
        runGuard: async () => {
          asked += 1;
          if (asked === 1) throw new CancelledFailure('the worker shuts down');
          return guarded('passed', fine);
        },
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('launched', ({ phase }) => phase === 'ended', 40_000);
        expect([(await handle.result()) as unknown, asked]).toMatchObject([{ ending: 'launched' }, 2]);
        await arrival;
      },
    );
  });

  it.each<[string, () => Promise<never>]>([
    ['whose worker was killed', () => Context.current().cancelled],
    [
      'whose worker shut down',
      async () => {
        throw ApplicationFailure.create({ message: 'WORKER_SHUTDOWN', details: [{ carry: carried(7) }] });
      },
    ],
  ])('%s goes on from where it was, and holds nobody', (_what, ends) => {
    const asked: GuardInput[] = [];
    return run(
      () => ({
        runGuard: async (input) => {
          asked.push(input);
          if (asked.length > 1) return guarded('passed', fine);
          Context.current().heartbeat({ carry: carried(7) });
          return ends();
        },
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('launched', ({ phase }) => phase === 'ended', 40_000);
        expect(asked.map(({ carry, blindReported }) => [carry, blindReported])).toEqual([
          [null, false],
          [carried(7), false],
        ]);
        expect((await handle.query(auditQuery)).filter(({ action }) => action === 'guard.blind')).toEqual([]);
        await arrival;
      },
      withDeadline(30_000),
    );
  });

  it('that fails once and sees at once again neither holds nor counts what it watched as unseen', () => {
    let asked = 0;
    return run(
      () => ({
        runGuard: async () => {
          asked += 1;
          if (asked === 1) throw ApplicationFailure.retryable('Worker is shutting down', 'WorkerShutdown');
          return guarded('passed', fine);
        },
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('launched', ({ phase }) => phase === 'ended', 40_000);
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        await arrival;
      },
      withDeadline(30_000),
    );
  });
});

describe('a breach', () => {
  it('that is found while the launch is looked at again does not wait for that', () => {
    let looked = 0;
    const guard = scriptedGuard();
    return run(
      () => ({
        runGuard: guard.runGuard,
        watchRollout: async () => {
          looked += 1;
          if (looked === 1) throw ApplicationFailure.nonRetryable('this identity may not list pods (403)', 'Forbidden');
          return worksOn();
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('looked at again', () => looked === 2, 90_000);
        await guard.answer(guarded('breach', slow));
        await until('rolled back', ({ phase }) => phase === 'ended', 30_000);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back', message: slow.message });
        expect(written(world)).toEqual(BOTH);
        await arrival;
      },
    );
  });

  it('that is found while a step after the guard runs does not wait for that step', () => {
    let tests = 0;
    const guard = scriptedGuard();
    return run(
      ({ activities }) => ({
        runGuard: guard.runGuard,
        runLoadTest: (input) => {
          tests += 1;
          return tests === 1 ? activities.runLoadTest(input) : worksOn();
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await guard.answer(guarded('passed', fine));
        await until('tested again', () => tests === 2);
        await guard.answer(guarded('breach', slow));
        await until('rolled back', ({ phase }) => phase === 'ended', 30_000);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back', message: slow.message });
        expect(written(world)).toEqual(BOTH);
        await arrival;
      },
      (input) => {
        const [first, , launch] = input.release.spec.checkpoints;
        const test = first?.steps.find(({ type }) => type === 'loadTest');
        if (test && launch) launch.steps.push({ ...test, name: 'load-test-live' });
        return input;
      },
    );
  });
});

it('a rollout that no worker watches is given up after a minute, and rolled back after liveDeadline', () =>
  run(
    () => ({ watchRollout: () => worksOn() }),
    async ({ advance, until, act, handle, world, stopCluster }) => {
      await toLaunch({ advance, until, act });
      const arrival = advance(1);
      await until('launching', () => world.writes.length === 1);
      stopCluster();
      await until('rolling back', ({ phase }) => phase === 'undoing', 130_000);
      await handle.terminate('test over');
      await arrival.catch(() => undefined);
    },
    withDeadline(20_000),
  ));
