// What an undo means for the end of a countdown: restored, kept, or reported by name.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/client';
import { auditQuery, registerUndoUpdate } from '../../workflows/messages.ts';
import { person, temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { guarded, report, slow, type FakeWorld } from './fakes.ts';
import { drillOf } from './registered-undo.ts';
import { refusal, runCountdown, toLaunch, type Run } from './run-countdown.ts';

jest.setTimeout(180_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

const run = (overrides: (world: FakeWorld) => Partial<FakeActivities>, body: (run: Run) => Promise<void>) =>
  runCountdown(temporal, overrides, body);
const well = () => ({});
const counting = ({ until }: Run) => until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
const abort = ({ handle }: Run) => handle.signal('abort', { reason: 'test over', by: person('ops', []) });
/** What was restored, by the ends of the ids. */
const restoredOf = ({ writes }: FakeWorld) => writes.flatMap((line) => /([^/]+)#restore /.exec(line)?.[1] ?? []);

describe('an undo that cannot be completed', () => {
  it.each<[string, (world: FakeWorld) => Partial<FakeActivities>]>([
    ['is not proven', (world) => ((world.proveRestored = async () => false), {})],
    [
      'is refused for good',
      () => ({
        restoreEffect: async () => {
          throw ApplicationFailure.nonRetryable('deployment shop/go-api was taken over by another countdown', 'Fenced');
        },
      }),
    ],
  ])('because it %s ends the countdown as undo-incomplete, by name, unsettled, and gives the lock back', (_what, spoil) => {
    let lockGivenBack = false;
    return run(
      (world) => ({
        ...spoil(world),
        runGuard: async () => guarded('breach', slow),
        releaseLock: async () => void (lockGivenBack = true),
      }),
      async ({ advance, until, act, handle, world, status }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        expect(await handle.result()).toMatchObject({
          ending: 'undo-incomplete',
          message: expect.stringMatching(/^shop\/go-api back to .*sha-4f9c2ab: not restored; manual action is required now\. p99 of POST/u),
        });
        const undos = (await handle.query(auditQuery)).filter(({ action }) => action.startsWith('undo.'));
        expect(undos.map(({ action }) => action)).toEqual(['undo.registered', 'undo.started', 'undo.incomplete']);
        expect([world.settled, lockGivenBack]).toEqual([[], true]);
        expect((await status()).conditions.find(({ type }) => type === 'RolledBack')).toMatchObject({
          status: 'False',
          reason: 'Incomplete',
        });
      },
    );
  });
});

describe('an undo that stands while nothing is live', () => {
  it('neither ends the countdown when a load test fails nor bars a recycle, and is restored at its end as no-go', () => {
    let registered: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (registered = resolve));
    return run(
      () => ({
        runLoadTest: async () => {
          await ready;
          return report(slow);
        },
      }),
      async ({ until, act, advance, handle, status, world }) => {
        await until('running', ({ phase }) => phase === 'running');
        const drill = drillOf(handle.workflowId, await status(), { key: 'drill' });
        await handle.executeUpdate(registerUndoUpdate, { args: [drill], updateId: drill.id });
        registered();
        await until('stopped', ({ phase }) => phase === 'stopped');
        expect(restoredOf(world)).toEqual([]);
        await act({ action: 'recycle', to: 'T-72h', comment: 'again' });
        await until('stopped in round 2', ({ phase, checkpoints }) => phase === 'stopped' && checkpoints[0]?.steps[1]?.round === 2);
        await advance(25);
        expect(await handle.result()).toMatchObject({ ending: 'no-go' });
        expect([restoredOf(world), world.settled]).toEqual([['drill'], ['drill back restored']]);
      },
    );
  });

  it('is restored also after a launch where its scope says always, and kept where it does not', () =>
    run(well, async (running) => {
      const { handle, status, world, advance } = running;
      await counting(running);
      const now = await status();
      for (const entry of [
        drillOf(handle.workflowId, now, { key: 'always', scope: 'always' }),
        drillOf(handle.workflowId, now, { key: 'countdown' }),
        drillOf(handle.workflowId, now, { key: 'kept', scope: 'kept' }),
      ])
        await handle.executeUpdate(registerUndoUpdate, { args: [entry], updateId: entry.id });
      await toLaunch(running);
      await advance(1);
      expect(await handle.result()).toMatchObject({ ending: 'launched' });
      expect(restoredOf(world)).toEqual(['always']);
      expect(world.settled.map((line) => line.replace(/back to .*go-api:/u, 'back to ')).sort()).toEqual([
        'always back restored',
        'countdown back kept',
        'kept back kept',
        'shop/go-api back to sha-4f9c2ab kept',
      ]);
    }));
});

describe('several undos', () => {
  it('are restored by rank: lower first, equal ones in parallel, and one that hangs keeps no later rank for longer than its budget', () => {
    const begun: string[] = [];
    let letGo: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    const both = () => begun.includes('b') && begun.includes('c');
    return run(
      ({ activities }) => ({
        restoreEffect: async (input) => {
          const { key } = input.entry.target;
          if (!begun.includes(key)) begun.push(key);
          if (key === 'a') await hanging;
          // Each of the two waits for the other: one after the other they would never end.
          if (key === 'b' || key === 'c') while (!both()) await new Promise((again) => setTimeout(again, 20));
          return activities.restoreEffect(input);
        },
      }),
      async (running) => {
        const { handle, status, world } = running;
        await counting(running);
        const now = await status();
        for (const [key, order] of [
          ['d', 2],
          ['b', 1],
          ['c', 1],
          ['a', -1],
        ] as const) {
          const entry = drillOf(handle.workflowId, now, { key, order, within: { restoreMs: 500, proveMs: 500 } });
          await handle.executeUpdate(registerUndoUpdate, { args: [entry], updateId: entry.id });
        }
        await abort(running);
        const deadline = Date.now() + 60_000;
        while (!restoredOf(world).includes('d')) {
          if (Date.now() > deadline) throw new Error(`restored only ${restoredOf(world).join()} of ${begun.join()}`);
          await new Promise((again) => setTimeout(again, 50));
        }
        expect([begun[0], begun.slice(1, 3).sort(), begun[3]]).toEqual(['a', ['b', 'c'], 'd']);
        expect((await status()).phase).toBe('undoing');
        letGo();
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        expect(restoredOf(world).sort()).toEqual(['a', 'b', 'c', 'd']);
      },
    );
  });
});

describe('the registration of an undo', () => {
  it('is refused for an unknown kind, for another countdown, and once the end is decided', () => {
    let letGo: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (letGo = resolve));
    return run(
      ({ activities }) => ({
        restoreEffect: async (input) => {
          await hanging;
          return activities.restoreEffect(input);
        },
      }),
      async (running) => {
        const { handle, status, until } = running;
        await counting(running);
        const entry = drillOf(handle.workflowId, await status(), { key: 'drill' });
        const register = (change: object) => refusal(handle.executeUpdate(registerUndoUpdate, { args: [{ ...entry, ...change }] }));
        expect(await register({ kind: 'node-drain' })).toBe(
          'no effect of kind node-drain can be undone by this version; it was not started',
        );
        expect(await register({ id: 'countdown/other/run/x' })).toBe(
          'the undo countdown/other/run/x belongs to another countdown; it was not started',
        );
        expect(await register({})).toBe('accepted');
        expect(await register({})).toBe('accepted');
        await abort(running);
        await until('undoing', ({ phase }) => phase === 'undoing');
        expect(await register({ id: `${entry.id}-2` })).toBe('the countdown is ending as aborted; drill back was not started');
        letGo();
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        const registered = (await handle.query(auditQuery)).filter(({ action }) => action === 'undo.registered');
        expect(registered).toHaveLength(1);
      },
    );
  });

  it('that is refused keeps the launch from writing anything', () =>
    run(
      () => ({
        // As the real one: what the countdown refuses stays refused.
        registerUndo: async ({ entry, countdown }) => {
          const handle = temporal.client.workflow.getHandle(countdown.workflowId);
          const said = await refusal(handle.executeUpdate(registerUndoUpdate, { args: [{ ...entry, id: 'countdown/other/run/x' }] }));
          throw ApplicationFailure.nonRetryable(said, 'UndoRefused');
        },
      }),
      async ({ advance, until, act, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.message).toMatch(/^step launch could not run: the undo countdown\/other\/run\/x belongs to another countdown/u);
        expect(world.writes).toEqual([]);
      },
    ));
});
