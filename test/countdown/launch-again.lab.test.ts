// A launch that is interrupted, too late or never seen: nothing lands unwatched, and nothing stays live for longer than liveDeadline.
import type { CountdownInput } from '../../release/countdown-input.ts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/client';
import { registerUndoUpdate } from '../../workflows/messages.ts';
import { person, temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { report, written, type FakeWorld } from './fakes.ts';
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
const withWindow = (launchWindowMs: number) => (input: CountdownInput) => ({
  ...input,
  release: { ...input.release, spec: { ...input.release.spec, launchWindowMs } },
});

describe('an abort', () => {
  it('while the launch is being written restores what lands after it', () => {
    let writing: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (writing = resolve));
    return run(
      ({ activities }) => ({
        applyEffect: async (input) => {
          writing();
          await new Promise((landed) => setTimeout(landed, 3_000));
          return activities.applyEffect(input);
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await begun;
        await handle.signal('abort', { reason: 'wrong build', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        await new Promise((landed) => setTimeout(landed, 3_500));
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        await arrival;
      },
    );
  });

  it('while the undo of the launch is being registered settles it, and writes nothing', () => {
    let registering: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (registering = resolve));
    let applied = false;
    return run(
      () => ({
        registerUndo: async ({ entry, countdown }) => {
          registering();
          await new Promise((landed) => setTimeout(landed, 2_000));
          await temporal.client.workflow.getHandle(countdown.workflowId).executeUpdate(registerUndoUpdate, { args: [entry] });
        },
        applyEffect: async () => {
          applied = true;
          throw ApplicationFailure.nonRetryable('too late', 'Refused');
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await begun;
        await handle.signal('abort', { reason: 'wrong build', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        expect([applied, world.settled]).toEqual([false, [expect.stringMatching(/^shop\/go-api back to .* restored$/u)]]);
        await arrival;
      },
    );
  });
});

describe('a launch that nobody can follow', () => {
  it('is rolled back after liveDeadline, although it is looked at again each minute and the guard sees nothing wrong', () => {
    let looked = 0;
    return run(
      () => ({
        watchRollout: async () => {
          looked += 1;
          throw ApplicationFailure.nonRetryable('this identity may not list pods (403)', 'Forbidden');
        },
        runGuard: scriptedGuard().runGuard,
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('rolled back', ({ phase }) => phase === 'ended', 110_000);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back', message: expect.stringMatching(/may not list pods/u) });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        expect(looked).toBeGreaterThan(1);
        await arrival;
      },
      (input) => {
        for (const step of input.release.spec.checkpoints.flatMap(({ steps }) => steps))
          if (step.type === 'guard') step.liveDeadlineMs = 70_000;
        return input;
      },
    );
  });

  it('is known to be written: the guard is asked with the time of its write', () => {
    const guard = scriptedGuard();
    return run(
      () => ({
        watchRollout: async () => {
          throw ApplicationFailure.nonRetryable('this identity may not list pods (403)', 'Forbidden');
        },
        runGuard: guard.runGuard,
      }),
      async ({ advance, until, act, handle, status }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', () => guard.asked.length > 0);
        expect(guard.asked[0]?.launchedAt).toBe('2026-11-23T00:00:00Z');
        expect((await status()).checkpoints[2]?.steps[0]).toMatchObject({
          state: 'failed-to-run',
          findings: [{ code: 'PreflightPassed' }, { code: 'StepCouldNotRun' }],
          evidence: [{ kind: 'deployment-snapshot' }],
        });
        await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        await arrival;
      },
    );
  });
});

it('a launch whose undo was registered, and that never began, does not begin after its window', () => {
  let registrations = 0;
  return run(
    () => ({
      runGuard: scriptedGuard().runGuard,
      // The countdown has the undo, and the activity fails all the same: as when its worker goes away before the restorer has it.
      registerUndo: async ({ entry, countdown }) => {
        registrations += 1;
        await temporal.client.workflow
          .getHandle(countdown.workflowId)
          .executeUpdate(registerUndoUpdate, { args: [entry], updateId: entry.id });
        if (registrations === 1) throw ApplicationFailure.nonRetryable('the disk is full', 'Refused');
      },
    }),
    async ({ advance, until, act, handle, world }) => {
      await toLaunch({ advance, until, act });
      const arrival = advance(1);
      await until('failed', ({ phase }) => phase === 'holding');
      const late = await until('late', ({ reasons }) => reasons.some(({ code }) => code === 'LaunchWindowClosed'), 100_000);
      expect([late.phase, written(world)]).toEqual(['holding', []]);
      await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
      expect(await handle.result()).toMatchObject({ ending: 'aborted' });
      await arrival;
    },
    withWindow(20_000),
  );
});

it('a step that answers nothing holds: silence is no pass', () =>
  run(
    () => ({ runLoadTest: async () => report() }),
    async ({ until }) => {
      const held = await until('holding', ({ phase }) => phase === 'holding');
      expect(held.reasons).toMatchObject([
        { code: 'StepFoundNothing', effect: 'hold', message: 'step load-test completed without findings' },
      ]);
    },
  ));
