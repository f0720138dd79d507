// Never live and unwatched: whatever people hold, whatever cannot be seen, a live version is watched or rolled back.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/client';
import type { Checkpoint } from '../../release/release.ts';
import { judgeRollbackWrite } from '../../verdict/rollback.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { approveSignal, auditQuery, holdSignal } from '../../workflows/messages.ts';
import { person, temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { carried, fine, guarded, report, slow, unseen, written, type FakeWorld } from './fakes.ts';
import { refusal, runCountdown, toLaunch, type Run } from './run-countdown.ts';
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

const BOTH = ['91d03ce', '4f9c2ab'];

describe('while a version is live', () => {
  it('the guard runs although a hold landed while the launch step ran, and its breach rolls back', () => {
    let watched: () => void = () => undefined;
    const rolledOut = new Promise<void>((resolve) => (watched = resolve));
    const guard = scriptedGuard();
    return run(
      ({ activities }) => ({
        runGuard: guard.runGuard,
        watchRollout: async (input) => {
          await rolledOut;
          return activities.watchRollout(input);
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('launching', () => world.writes.length === 1);
        await handle.signal(holdSignal, { reason: 'incident', by: person('ops', []) });
        watched();
        await until('holding', ({ phase }) => phase === 'holding');
        await guard.answer(guarded('breach', slow));
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(written(world)).toEqual(BOTH);
        await arrival;
      },
    );
  });

  it('the guard goes on by itself when data come back, from where it stopped, and people are notified once', () => {
    const guard = scriptedGuard();
    const told: string[] = [];
    return run(
      () => ({
        runGuard: guard.runGuard,
        notify: async ({ message }) => {
          told.push(message);
          return [];
        },
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await guard.answer({ ...guarded('blind', unseen), carry: carried(1) });
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held).toMatchObject({ verdict: 'hold', message: 'no samples for up{}' });
        await guard.answer({ ...guarded('recovered'), carry: carried(2) });
        await until('running', ({ phase }) => phase === 'running');
        await guard.answer(guarded('passed', fine));
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        expect(guard.asked.map(({ carry, blindReported }) => [carry, blindReported])).toEqual([
          [null, false],
          [carried(1), true],
          [carried(2), false],
        ]);
        expect(told.filter((message) => message === 'no samples for up{}')).toHaveLength(1);
        await arrival;
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, notify: ['oncall'] } } }),
    );
  });

  it('a guard that cannot run is asked again, and after liveDeadline without a sample the version is rolled back', () => {
    let asked = 0;
    return run(
      () => ({
        runGuard: async () => {
          asked += 1;
          throw ApplicationFailure.nonRetryable('the environment file has no Prometheus', 'Misconfigured');
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1.5);
        expect(await handle.result()).toMatchObject({
          ending: 'rolled-back',
          message: expect.stringMatching(/^the guard took no samples for (?:\d+ m ?)?(?:\d+ s)?: the environment file has no Prometheus$/u),
        });
        expect(written(world)).toEqual(BOTH);
        expect(asked).toBeGreaterThan(10);
      },
    );
  });

  it('a launch whose rollout cannot be watched is guarded meanwhile, and looked at again by itself', () => {
    let refused = 0;
    const guard = scriptedGuard();
    return run(
      ({ activities }) => ({
        runGuard: guard.runGuard,
        watchRollout: async (input) => {
          refused += 1;
          if (refused === 1) throw ApplicationFailure.nonRetryable('this identity may not list pods (403)', 'Forbidden');
          return activities.watchRollout(input);
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.message).toMatch(/may not list pods/u);
        await until('guarded', () => guard.asked.length === 1);
        await until('watched again', () => refused === 2, 90_000);
        await guard.answer(guarded('passed', fine));
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        expect(world.writes).toHaveLength(1);
        await arrival;
      },
    );
  });

  it('a breach that is found after the guard has passed, while somebody holds, rolls back', () => {
    const guard = scriptedGuard();
    return run(
      () => ({ runGuard: guard.runGuard }),
      async ({ advance, until, act, handle, world, status }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', () => guard.asked.length === 1);
        await handle.signal(holdSignal, { reason: 'incident', by: person('ops', []) });
        await until('holding', ({ phase }) => phase === 'holding');
        await guard.answer(guarded('passed', fine));
        await until('watched on', () => guard.asked.length === 2);
        expect((await status()).phase).toBe('holding');
        await guard.answer(guarded('breach', slow));
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(written(world)).toEqual(BOTH);
        await arrival;
      },
    );
  });

  it('a breach in a history that has grown long is rolled back in the same run, also while a message to people hangs', () => {
    const guard = scriptedGuard();
    return run(
      () => ({
        runGuard: guard.runGuard,
        // As long as the activity may last: continue-as-new would wait for it.
        notify: async ({ verdict }) => {
          if (verdict === 'no-go') await Context.current().cancelled;
          return [];
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', () => guard.asked.length === 1);
        const { runId } = await handle.describe();
        // Beyond 4,096 events the server suggests a new run.
        for (let sent = 0; sent < 4_200; sent += 50)
          await Promise.all(
            Array.from({ length: 50 }, () => handle.signal(approveSignal, { checkpoint: 'launch', by: 'tool', comment: 'go' })),
          );
        await guard.answer(guarded('breach', slow));
        await until('rolled back', () => world.writes.length === 2);
        expect((await handle.describe()).runId).toBe(runId);
        await arrival;
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, notify: ['oncall'] } } }),
    );
  });

  it('nobody can waive that the launch could not be watched or that the guard sees nothing', () => {
    const guard = scriptedGuard();
    return run(
      () => ({ runGuard: guard.runGuard }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await guard.answer(guarded('blind', unseen));
        const { now } = await until('holding', ({ phase }) => phase === 'holding');
        const expiresAt = new Date(Date.parse(now) + 3_600_000).toISOString();
        expect(await refusal(act({ action: 'waive', finding: 'GuardNoData/guard', expiresAt }))).toMatch(
          /cannot be waived: guard must watch the live version/u,
        );
        await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        await arrival;
      },
    );
  });
});

describe('the launch', () => {
  it('asks preflight again right before it writes, and writes nothing when that fails', () => {
    const asked: boolean[] = [];
    return run(
      () => ({
        runPreflight: async ({ quick }) => {
          asked.push(quick);
          return report(
            quick
              ? {
                  ...slow,
                  code: 'PreflightFailed',
                  subject: 'deployment healthy',
                  message: 'deployment healthy: 2 of 3 pods are available',
                }
              : fine,
          );
        },
      }),
      async ({ advance, until, act, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        const stopped = await until('stopped', ({ phase }) => phase === 'stopped');
        expect(stopped.message).toBe('deployment healthy: 2 of 3 pods are available');
        expect([asked, world.writes]).toEqual([[false, true], []]);
      },
    );
  });

  it('holds when other bytes were launched than were tested', () =>
    run(
      ({ activities }) => ({
        verifyVersion: async (input) => ({ ...(await activities.verifyVersion(input)), imageIds: ['sha256:0ther'] }),
        runGuard: scriptedGuard().runGuard,
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.reasons.map(({ code, effect }) => [code, effect])).toEqual([['LaunchedOtherBytes', 'hold']]);
        await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        await arrival;
      },
    ));

  it('that was refused before it was written is settled at once, is not live, and can be recycled', () =>
    run(
      () => ({
        applyEffect: async () => {
          throw ApplicationFailure.nonRetryable(
            'deployment shop/go-api was changed since it was recorded; nothing was written',
            'PreconditionChanged',
          );
        },
      }),
      async ({ advance, until, act, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.reasons).toMatchObject([{ code: 'StepCouldNotRun', effect: 'hold' }]);
        expect(world.settled).toEqual([expect.stringMatching(/^shop\/go-api back to .* restored$/u)]);
        await act({ action: 'recycle', to: 'T-72h', comment: 'deploy again' });
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      },
    ));

  it('that was refused while somebody else deployed another version holds, and names that version', () =>
    run(
      () => ({
        applyEffect: async () => {
          throw ApplicationFailure.nonRetryable('deployment shop/go-api was changed since it was recorded', 'PreconditionChanged');
        },
        proveRestored: async ({ entry }) => ({
          restored: true,
          leftAlone: true,
          findings: judgeRollbackWrite(entry.name, { leftAlone: 'registry.local/go-api:sha-theirs' }),
          facts: [],
          evidence: [],
        }),
      }),
      async ({ advance, until, act, handle }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.reasons.map(({ code, effect }) => [code, effect])).toEqual(
          expect.arrayContaining([
            ['StepCouldNotRun', 'hold'],
            ['RollbackNotNeeded', 'hold'],
          ]),
        );
        await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        await arrival;
      },
    ));

  it.each<[string, (checkpoints: Checkpoint[]) => void]>([
    [
      'without a guard in the plan',
      (checkpoints) => {
        for (const checkpoint of checkpoints) checkpoint.steps = checkpoint.steps.filter(({ type }) => type !== 'guard');
      },
    ],
    [
      'with its guard in a later checkpoint',
      (checkpoints) => {
        const at = checkpoints.findIndex(({ steps }) => steps.some(({ type }) => type === 'launch'));
        const launch = checkpoints[at];
        if (!launch) throw new Error('the plan has a launch');
        checkpoints.splice(at + 1, 0, { ...launch, name: 'watch', steps: launch.steps.filter(({ type }) => type === 'guard') });
        launch.steps = launch.steps.filter(({ type }) => type !== 'guard');
      },
    ],
  ])('%s is refused at the start', (_, change) =>
    expect(
      run(
        () => ({}),
        async () => undefined,
        (input) => {
          change(input.release.spec.checkpoints);
          return input;
        },
      ),
    ).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^the plan launches without a guard as its next step/u) } }),
  );
});

describe('several people may hold', () => {
  it('and a resume lifts the holds its author has seen, and no other', () =>
    run(
      () => ({}),
      async ({ handle, until, act }) => {
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
        await handle.signal(holdSignal, { reason: 'incident', by: person('ann', []) });
        const seen = await until('holding', ({ holds }) => holds.length === 1);
        await handle.signal(holdSignal, { reason: 'wrong build', by: person('bob', []) });
        await until('held twice', ({ holds }) => holds.length === 2);
        const answer = await act({ action: 'resume', holdSince: seen.holdSince ?? '' });
        expect(answer).toMatchObject({ message: 'still held: held by bob: wrong build', phase: 'holding' });
        const still = await until('held by one', ({ holds }) => holds.length === 1);
        expect(still.message).toBe('held by bob: wrong build');
        await act({ action: 'resume' });
        await until('counting again', ({ phase }) => phase === 'counting');
      },
    ));

  it('also when the countdown is stopped at no-go', () =>
    run(
      () => ({ runLoadTest: async () => report(slow) }),
      async ({ handle, until }) => {
        await until('stopped', ({ phase }) => phase === 'stopped');
        await handle.signal(holdSignal, { reason: 'incident', by: person('ann', []) });
        expect((await until('held', ({ holds }) => holds.length === 1)).phase).toBe('holding');
      },
    ));

  it('and refused holds are recorded up to a hundred, then one in a hundred', () =>
    run(
      () => ({}),
      async ({ handle, until }) => {
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
        for (let sent = 0; sent < 400; sent += 50)
          await Promise.all(Array.from({ length: 50 }, () => handle.signal(holdSignal, { reason: 'same', by: person('ann', []) })));
        await until('held', ({ holds }) => holds.length === 1);
        const refused = (await handle.query(auditQuery)).filter(({ action }) => action === 'hold.refused');
        expect(refused).toHaveLength(100 + 2);
      },
    ));
});

it('ends as passed, not launched, when the plan has no launch', () =>
  run(
    () => ({}),
    async ({ advance, until, act, handle, world }) => {
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      await act({ action: 'approve' }, 'li.wei');
      await act({ action: 'approve' }, 'a.osei');
      expect(await handle.result()).toMatchObject({ ending: 'passed' });
      expect([world.writes, world.good]).toEqual([[], []]);
    },
    (input) => ({
      ...input,
      release: { ...input.release, spec: { ...input.release.spec, checkpoints: input.release.spec.checkpoints.slice(0, 2) } },
    }),
  ));

it('goes on after an action whose id is the name of a method of every object', () =>
  run(
    () => ({}),
    async ({ until, act }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      const answer = await act({ action: 'recycle', to: 'T-72h', comment: 'again', id: 'constructor' });
      expect(answer).toMatchObject({ ok: true, message: 'going back to load-and-diagnosis' });
    },
  ));
