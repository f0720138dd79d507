// Who restores when the countdown cannot: terminated, or with its workers gone. The restorer looks with the real activity.
import { countdownId } from '../../release/countdown-id.ts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { watchCountdown } from '../../activities/bookkeeping/watch-countdown.ts';
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import { undoMessages } from '../../activities/effects/undo-messages.ts';
import { restorerId } from '../../release/countdown-id.ts';
import { runningActivity } from '../../activities/running-activity.ts';
import {
  COUNTDOWN_TYPE,
  WORKFLOW_TASK_QUEUE,
  openUpdate,
  restorerRegisterUpdate,
  restorerSettleUpdate,
  statusQuery,
} from '../../workflows/messages.ts';
import { randomUUID } from 'node:crypto';
import { temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { drillOf } from './registered-undo.ts';
import { fakeWorld, inputFor, type FakeWorld } from './fakes.ts';
import { refusal, runCountdown, toLaunch, type Run } from './run-countdown.ts';

jest.setTimeout(180_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

const realWatch: Pick<FakeActivities, 'watchCountdown'> = {
  watchCountdown: (input) => watchCountdown({ client: temporal.client, activity: runningActivity }, input),
};
const messages = () => undoMessages(temporal.client, WORKFLOW_TASK_QUEUE);
const run = (overrides: (world: FakeWorld) => Partial<FakeActivities>, body: (run: Run) => Promise<void>) =>
  runCountdown(temporal, (world) => ({ ...realWatch, ...overrides(world) }), body);
const well = () => ({});

/** Registers an undo with the restorer of a countdown, as the activity does. */
async function watched({ handle, status }: Pick<Run, 'handle' | 'status'>, change: { key: string; dueAtMs?: number } & Partial<UndoEntry>) {
  const now = await status();
  const { dueAtMs = null, ...entryChange } = change;
  const entry = drillOf(handle.workflowId, now, entryChange);
  const countdown: CountdownRef = { workflowId: handle.workflowId, firstRunId: now.run, release: now.release, notify: ['oncall'] };
  await messages().registerWithRestorer(entry, countdown, dueAtMs);
  return { entry, countdown, restorer: temporal.client.workflow.getHandle(restorerId(countdown)) };
}
const soon = async (what: string, seen: () => boolean) => {
  const deadline = Date.now() + 40_000;
  while (!seen()) {
    if (Date.now() > deadline) throw new Error(`never ${what}`);
    await new Promise((again) => setTimeout(again, 50));
  }
};

describe('the restorer', () => {
  it('restores what a terminated countdown left behind, and notifies people of each by its own name', () => {
    const told: { service: string; message: string }[] = [];
    return run(
      () => ({
        notify: async ({ service, message }) => {
          told.push({ service, message });
          return [];
        },
      }),
      async (running) => {
        const { restorer } = await watched(running, { key: 'shop/a' });
        await watched(running, { key: 'shop/b' });
        await running.handle.terminate('killed');
        expect(await restorer.result()).toMatchObject({
          restored: [expect.stringMatching(/shop\/a$/u), expect.stringMatching(/shop\/b$/u)],
          failed: [],
        });
        expect(running.world.settled.toSorted()).toEqual(['shop/a back restored', 'shop/b back restored']);
        expect(told.map(({ service, message }) => `${service}: ${message}`).toSorted()).toEqual([
          expect.stringMatching(/^shop\/a: shop\/a back: restored, because countdown r-.* ended as terminated and left it\./u),
          expect.stringMatching(/^shop\/b: shop\/b back: restored, because/u),
        ]);
      },
    );
  });

  it('settles as kept, and restores nothing, what a countdown left that ended as launched', () =>
    run(well, async (running) => {
      await running.until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      const { restorer } = await watched(running, { key: 'shop/a' });
      await toLaunch(running);
      await running.advance(1);
      expect(await running.handle.result()).toMatchObject({ ending: 'launched' });
      expect(await restorer.result()).toEqual({ restored: [], failed: [] });
      expect(running.world.settled).toContain('shop/a back kept');
      expect(running.world.writes).toHaveLength(1);
    }));

  it('ends by itself when the countdown has settled everything, though that still runs', () =>
    run(well, async (running) => {
      const { entry, countdown, restorer } = await watched(running, { key: 'shop/a' });
      await messages().settleWithRestorer(entry, countdown);
      expect(await restorer.result()).toEqual({ restored: [], failed: [] });
      // Who settles once more finds it gone, and that is fine.
      await messages().settleWithRestorer(entry, countdown);
      expect(running.world.writes).toEqual([]);
    }));

  it('restores what is due by the real clock while the countdown still runs, and watches on over the rest', () =>
    run(well, async (running) => {
      const { restorer } = await watched(running, { key: 'due', dueAtMs: Date.now() + 2_000 });
      await watched(running, { key: 'later' });
      await soon('restored', () => running.world.settled.includes('due back restored'));
      expect(running.world.settled).toEqual(['due back restored']);
      await running.handle.terminate('killed');
      expect(await restorer.result()).toMatchObject({ restored: [expect.stringMatching(/due$/u), expect.stringMatching(/later$/u)] });
    }));

  it('restores what is left although a target that was due earlier, or a message to people, hangs', () => {
    let letGo: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    return run(
      ({ activities }) => ({
        notify: async () => {
          await hanging;
          return [];
        },
        restoreEffect: async (input) => {
          if (input.entry.target.key === 'away') await hanging;
          return activities.restoreEffect(input);
        },
      }),
      async (running) => {
        const { restorer } = await watched(running, { key: 'away', dueAtMs: Date.now() });
        await watched(running, { key: 'told', dueAtMs: Date.now() + 1_000 });
        await watched(running, { key: 'left' });
        await soon('restored the second', () => running.world.settled.includes('told back restored'));
        await running.handle.terminate('killed');
        await soon('restored the third', () => running.world.settled.includes('left back restored'));
        letGo();
        expect(await restorer.result()).toMatchObject({ failed: [] });
        expect(running.world.settled).toContain('away back restored');
      },
    );
  });

  it('restores also what is registered while it restores', () => {
    let letGo: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    let begun = false;
    return run(
      ({ activities }) => ({
        restoreEffect: async (input) => {
          begun = true;
          if (input.entry.target.key === 'first') await hanging;
          return activities.restoreEffect(input);
        },
      }),
      async (running) => {
        const { restorer } = await watched(running, { key: 'first' });
        const late = await running.status();
        await running.handle.terminate('killed');
        await soon('restoring', () => begun);
        await watched({ ...running, status: async () => late }, { key: 'second' });
        letGo();
        await restorer.result();
        expect(running.world.settled.sort()).toEqual(['first back restored', 'second back restored']);
      },
    );
  });

  it('goes on after nonsense: it registers and settles only what it can read', () =>
    run(well, async (running) => {
      const { entry, countdown, restorer } = await watched(running, { key: 'shop/a' });
      const whole = { entry, countdown, dueAtMs: null };
      for (const sent of [undefined, 42, {}, { ...whole, countdown: {} }, { ...whole, dueAtMs: 'soon' }, { ...whole, entry: { id: 1 } }])
        expect(await refusal(restorer.executeUpdate(restorerRegisterUpdate, { args: [sent as never] }))).toMatch(
          /^(a registration|an undo) needs /u,
        );
      for (const sent of [undefined, {}, { id: 7 }])
        expect(await refusal(restorer.executeUpdate(restorerSettleUpdate, { args: [sent as never] }))).toBe(
          'a settlement needs the id of an undo',
        );
      await messages().settleWithRestorer(entry, countdown);
      expect(await restorer.result()).toEqual({ restored: [], failed: [] });
    }));
});

it('a restorer whose workers all went away goes on with the next ones', async () => {
  const world = fakeWorld();
  const name = `r-${randomUUID()}`;
  const workflowId = countdownId(name);
  const started = await temporal.withWorkers({ ...world.activities, ...realWatch }, async () => {
    const handle = await temporal.rehearsalClient.workflow.start(COUNTDOWN_TYPE, {
      workflowId,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [inputFor(name)],
    });
    await handle.executeUpdate(openUpdate);
    return watched({ handle, status: () => handle.query(statusQuery) }, { key: 'shop/a' });
  });
  await temporal.client.workflow.getHandle(workflowId).terminate('killed while nobody ran');
  await temporal.withWorkers({ ...world.activities, ...realWatch }, async () => {
    expect(await started.restorer.result()).toMatchObject({ restored: [started.entry.id] });
  });
  expect(world.settled).toEqual(['shop/a back restored']);
});
