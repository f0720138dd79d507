import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/client';
import { verifyChain } from '../../verdict/audit-chain.ts';
import type { Finding } from '../../verdict/finding.ts';
import { COUNTDOWN_TYPE, WORKFLOW_TASK_QUEUE, approveSignal, auditQuery, holdSignal, openUpdate } from '../../workflows/messages.ts';
import { person, temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { fakeWorld, fine, guarded, inputFor, piece, report, slow, unseen, written, type FakeWorld } from './fakes.ts';
import { refusal, runCountdown, toLaunch, type Run } from './run-countdown.ts';
import { scriptedGuard } from './scripted-guard.ts';

jest.setTimeout(180_000);
const HOUR = 3_600_000;

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
const well = () => ({});

describe('a countdown', () => {
  it('runs 72 hours from load test to launch, with one write and a whole audit chain', () =>
    run(well, async ({ advance, until, act, status, world, handle }) => {
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      await act({ action: 'approve' }, 'li.wei');
      await act({ action: 'approve' }, 'a.osei');
      await advance(1);
      const result = await handle.result();
      expect(result).toMatchObject({ ending: 'launched' });
      const now = await status();
      expect(now.checkpoints.map(({ state }) => state)).toEqual(['go', 'go', 'go']);
      expect(world.writes).toEqual([expect.stringMatching(/launch.* registry.local\/go-api:sha-91d03ce$/)]);
      expect(world.good).toEqual([
        { release: now.release, loadTests: [{ name: 'load-test', points: expect.stringContaining('sha256:') }] },
      ]);
      const chain = await handle.query(auditQuery);
      expect(verifyChain(chain, now.auditHead)).toMatchObject({ ok: true });
      expect(world.audit).toEqual(chain);
      expect(now.historyEvents).toBeLessThan(400);
    }));

  it('launches also where the release cannot be remembered for the next one, and says so in the audit', () =>
    run(
      () => ({
        keepLastGood: async () => {
          throw ApplicationFailure.nonRetryable('the disk is full', 'Refused');
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await advance(71.01);
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        await advance(1);
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        expect(world.audit.filter(({ action }) => action === 'last-good.not-kept')).toMatchObject([{ detail: 'the disk is full' }]);
      },
    ));

  it('stops at no-go when a finding fails, and changes nothing', () =>
    run(
      () => ({ runLoadTest: async () => report(slow) }),
      async ({ until, world }) => {
        const now = await until('stopped', ({ phase }) => phase === 'stopped');
        expect(now.verdict).toBe('no-go');
        expect(now.message).toBe('p99 of POST /api/order/create is 420 ms, limit 300 ms');
        expect([world.writes, world.good]).toEqual([[], []]);
      },
    ));

  it('says why also when the verdict is no-go, and again after the load test ran again', () => {
    const read: string[][] = [];
    let rounds = 0;
    return run(
      () => ({
        runLoadTest: async () => report((rounds += 1) === 1 ? slow : fine),
        runDiagnosis: async ({ loadTests }) => {
          read.push(loadTests.flatMap(({ findings }) => findings.map(({ code }) => code)));
          return report(fine);
        },
      }),
      async ({ until, act }) => {
        const stopped = await until('stopped', ({ phase }) => phase === 'stopped');
        expect(stopped.checkpoints[0]?.steps.map(({ type, state }) => `${type} ${state}`)).toEqual([
          'preflight done',
          'loadTest done',
          'diagnosis done',
        ]);
        await act({ action: 'retry', step: 'load-test' });
        await until('counting', ({ phase }) => phase === 'counting');
        expect(read).toEqual([['LatencyAboveLimit'], ['LatencyWithinLimit']]);
      },
    );
  });

  it('goes on from a no-go once the finding is waived by someone who may', () =>
    run(
      () => ({ runLoadTest: async () => report(slow) }),
      async ({ until, act, status }) => {
        await until('stopped', ({ phase }) => phase === 'stopped');
        const expiresAt = new Date(Date.now() + 100 * HOUR).toISOString();
        const waive = { action: 'waive' as const, finding: 'LatencyAboveLimit/POST /api/order/create', expiresAt };
        expect(await refusal(act(waive, 'requester'))).toMatch(/requested this countdown/);
        await act(waive);
        expect((await until('counting', ({ phase }) => phase === 'counting')).current).toBe('final-poll');
        expect((await status()).checkpoints[0]?.waivers).toHaveLength(1);
      },
    ));

  it('runs the checkpoint again after a recycle and re-times what follows', () => {
    let rounds = 0;
    return run(
      () => ({ runLoadTest: async () => report((rounds += 1) === 1 ? slow : fine) }),
      async ({ until, act, status }) => {
        const stopped = await until('stopped', ({ phase }) => phase === 'stopped');
        await act({ action: 'recycle', to: 'T-72h', comment: 'fixed' });
        const now = await until('counting to the poll', ({ current, phase }) => current === 'final-poll' && phase === 'counting');
        expect(rounds).toBe(2);
        expect(Date.parse(now.launchAt)).toBeGreaterThanOrEqual(Date.parse(stopped.launchAt));
        expect((await status()).checkpoints[0]?.steps[1]?.round).toBe(2);
      },
    );
  });

  it('rolls back by itself when the guard breaches, and says so', () =>
    run(
      () => ({
        runGuard: async () => guarded('breach', { ...slow, code: 'ErrorRateAboveLimit', message: 'error rate is 20 %, limit 0.1 %' }),
      }),
      async ({ advance, until, act, handle, world, status }) => {
        await advance(71.01);
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        await advance(1);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back', message: 'error rate is 20 %, limit 0.1 %' });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        expect((await status()).checkpoints[2]?.steps.at(-1)).toMatchObject({
          name: 'rollback',
          findings: [{ code: 'RolledBackInTime' }, { code: 'RollbackHealthy' }],
        });
      },
    ));

  it('times the rollback of a version that does not serve from when that was known, and says that it began late', () =>
    run(
      () => ({
        // The rollback is written at midnight.
        verifyVersion: async ({ image }) =>
          image.endsWith('sha-91d03ce')
            ? { ok: false, detail: '503', pods: 3, seconds: 60, imageIds: [], at: '2026-11-22T23:59:40Z', evidence: [piece] }
            : { ok: true, detail: 'ok', pods: 3, seconds: 0.3, imageIds: [], at: '2026-11-23T00:00:00Z', evidence: [] },
      }),
      async ({ advance, until, act, handle, status }) => {
        await advance(71.01);
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        await advance(1);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect((await status()).checkpoints[2]?.steps.at(-1)).toMatchObject({
          name: 'rollback',
          findings: [{ code: 'RollbackStartedLate', measured: 20 }, { code: 'RolledBackInTime' }, { code: 'RollbackHealthy' }],
        });
      },
    ));

  it('asks people when the guard cannot decide, goes on watching meanwhile, and bakes from the beginning after a resume', () => {
    const undecided: Finding = { ...unseen, code: 'GuardUndecided', message: 'too few requests' };
    const guard = scriptedGuard();
    return run(
      () => ({ runGuard: guard.runGuard }),
      async ({ advance, until, act, handle, status }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await guard.answer(guarded('undecided', undecided));
        await until('holding', ({ phase }) => phase === 'holding');
        await until('watched while it is held', () => guard.asked.length === 2);
        expect((await status()).message).toBe('too few requests');
        await act({ action: 'resume' });
        await until('running', ({ phase }) => phase === 'running');
        await until('asked for a bake from the beginning', () => guard.asked.length === 3);
        expect(guard.asked.map(({ step }) => step.bakeMs)).toEqual([600_000, HOUR, 600_000]);
        await guard.answer(guarded('passed', fine));
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        expect((await status()).checkpoints[2]?.steps[1]).toMatchObject({ name: 'guard', round: 2 });
        await arrival;
      },
    );
  });

  it('ends as no-go when nobody approves before the deadline and nobody recycles', () =>
    run(well, async ({ advance, handle, world }) => {
      await advance(200);
      expect(await handle.result()).toMatchObject({ ending: 'no-go', message: expect.stringContaining('0 of 2 approvals') });
      expect(world.writes).toEqual([]);
    }));

  it('refuses approvals that are too early, by the requester, twice, for old evidence or too late, and audits each', () =>
    run(well, async ({ advance, until, act, handle }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      expect(await refusal(act({ action: 'approve', checkpoint: 'final-poll' }))).toMatch(
        /^not possible now: a checkpoint can be approved only while/,
      );
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      expect(await refusal(act({ action: 'approve' }, 'requester'))).toMatch(/requested this countdown/);
      expect(await refusal(act({ action: 'approve', evidenceDigest: 'sha256:old' }))).toMatch(
        /^stale: the evidence of revision \d+ has changed/,
      );
      expect(await refusal(act({ action: 'approve', principal: person('stranger', ['visitors']) }))).toMatch(/not in release-managers/);
      await act({ action: 'approve' });
      expect(await refusal(act({ action: 'approve' }))).toMatch(/already approved/);
      await advance(0.6);
      await until('stopped', ({ phase }) => phase === 'stopped');
      expect(await refusal(act({ action: 'approve' }, 'a.osei'))).toMatch(/too late/);
      const chain = await handle.query(auditQuery);
      expect(chain.filter(({ action }) => action === 'approve.refused')).toHaveLength(6);
      expect(chain.filter(({ action }) => action === 'approve.accepted')).toHaveLength(1);
    }));

  it('counts an approval once though it is sent twice', () =>
    run(well, async ({ advance, until, act, status }) => {
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      const id = randomUUID();
      const first = await act({ action: 'approve', id });
      expect(await act({ action: 'approve', id })).toEqual(first);
      expect((await status()).checkpoints[1]?.approvals).toHaveLength(1);
    }));

  it('moves the launch by the length of a hold when the next checkpoint would be missed', () =>
    run(well, async ({ advance, until, act, handle, status }) => {
      const before = await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      await advance(70);
      await handle.signal(holdSignal, { reason: 'incident', by: person('ops', []) });
      await until('holding', ({ phase }) => phase === 'holding');
      await advance(3);
      await act({ action: 'resume' });
      const after = await status();
      const movedHours = (Date.parse(after.launchAt) - Date.parse(before.launchAt)) / HOUR;
      expect(movedHours).toBeGreaterThan(2.9);
      expect(movedHours).toBeLessThan(3.2);
    }));

  it('is inconclusive, not green, when a step cannot run', () =>
    run(
      () => ({
        runPreflight: async () => {
          throw ApplicationFailure.nonRetryable('may not list pods in shop', 'Forbidden');
        },
      }),
      async ({ until }) => {
        const now = await until('holding', ({ phase }) => phase === 'holding');
        expect(now).toMatchObject({ verdict: 'hold', message: 'step preflight could not run: may not list pods in shop' });
      },
    ));

  it('carries everything over when its history grows long, and holds while no worker seals it: chain, plan and fencing go on in a new run', () => {
    let refusals = 1;
    const sealCarried: FakeActivities['sealCarried'] = async () => {
      if (refusals-- > 0) throw ApplicationFailure.nonRetryable('this worker lost its key', 'Refused');
      return { seal: { keyId: 'test', signature: '' } };
    };
    return run(
      () => ({ sealCarried }),
      async ({ advance, until, act, handle, world, status }) => {
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
        const first = (await handle.describe()).runId;
        // Refused approvals: each is at least one event and one audit record. At 4,096 events the server suggests a new run.
        for (let sent = 0; sent < 4_200; sent += 50) {
          await Promise.all(
            Array.from({ length: 50 }, () => handle.signal(approveSignal, { checkpoint: 'final-poll', by: 'tool', comment: 'go' })),
          );
        }
        await advance(71.01);
        const held = await until('held', ({ phase }) => phase === 'holding');
        expect(held.message).toContain('no worker sealed the state for a new run: this worker lost its key');
        await act({ action: 'resume' });
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        await until('counting to launch', ({ phase, current }) => phase === 'counting' && current === 'launch');
        await advance(1);
        expect((await handle.describe()).runId).not.toBe(first);
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        const chain = await handle.query(auditQuery);
        expect(verifyChain(chain, (await status()).auditHead)).toMatchObject({ ok: true });
        // The first hundred one by one, then one in a hundred: the chain that is carried over stays small.
        expect(chain.filter(({ action }) => action === 'approve.refused')).toHaveLength(100 + 41);
        expect(world.audit).toEqual(chain);
        expect(world.writes).toHaveLength(1);
      },
    );
  });

  it('refuses to open while the service has another countdown', async () => {
    const world = fakeWorld();
    world.activities.acquireLock = async () => ({ acquired: false, message: 'shop/go-api already has a countdown: go-api-1.3.9' });
    await temporal.withWorkers(world.activities, async () => {
      const name = `r-${randomUUID()}`;
      const handle = await temporal.client.workflow.start(COUNTDOWN_TYPE, {
        workflowId: countdownId(name),
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [inputFor(name)],
      });
      expect(await refusal(handle.executeUpdate(openUpdate))).toMatch(/already has a countdown/);
      expect(await handle.result()).toMatchObject({ ending: 'refused' });
    });
  });

  it('undoes the launch when it is aborted during the guard', () => {
    let release: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (release = resolve));
    return run(
      () => ({
        runGuard: async () => {
          release();
          const { Context } = await import('@temporalio/activity');
          for (;;) {
            Context.current().heartbeat();
            await Promise.race([Context.current().cancelled, new Promise((resolve) => setTimeout(resolve, 200))]);
          }
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await advance(71.01);
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        const arrival = advance(1);
        await reached;
        await handle.cancel();
        expect(await handle.result()).toMatchObject({ ending: 'aborted' });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        await arrival;
      },
    );
  });

  it('ends as aborted, and undoes the launch, also when the guard ends well after the abort came', () => {
    const guard = scriptedGuard();
    return run(
      () => ({ runGuard: guard.runGuard }),
      async ({ advance, until, act, handle, world, status }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', () => guard.asked.length === 1);
        await handle.signal('abort', { reason: 'wrong build', by: person('ops', []) });
        await guard.answer(guarded('passed', fine));
        expect(await handle.result()).toMatchObject({ ending: 'aborted', message: 'aborted by ops: wrong build' });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        expect((await status()).conditions.find(({ type }) => type === 'RolledBack')).toMatchObject({ status: 'True', reason: 'Undone' });
        await arrival;
      },
    );
  });

  it('ends as aborted also when the abort and the end of the guard come in one task', () => {
    const guard = scriptedGuard();
    let begin: () => void = () => undefined;
    const isVerifying = new Promise<void>((resolve) => (begin = resolve));
    let verify: () => void = () => undefined;
    const mayVerify = new Promise<void>((resolve) => (verify = resolve));
    let isLaunched = false;
    return run(
      () => ({
        runGuard: guard.runGuard,
        // Runs in the workflow task: what comes in meanwhile is in the next one together.
        verifyAction: async ({ payload }) => {
          if (isLaunched) {
            begin();
            await mayVerify;
          }
          return JSON.parse(payload) as ActionRequest;
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', ({ checkpoints }) => checkpoints.at(-1)?.steps.at(-1)?.state === 'running' && guard.asked.length === 1);
        isLaunched = true;
        const late = refusal(act({ action: 'resume' }));
        await isVerifying;
        await handle.signal('abort', { reason: 'wrong build', by: person('ops', []) });
        await guard.answer(guarded('passed', fine));
        // The answer has reached the server by then.
        await new Promise((sent) => setTimeout(sent, 1_000));
        verify();
        expect(await handle.result()).toMatchObject({ ending: 'aborted', message: 'aborted by ops: wrong build' });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        await late;
        await arrival;
      },
    );
  });

  it('says that it rolls back while it does, and that it has when it has', () => {
    let restore: () => void = () => undefined;
    const restoring = new Promise<void>((resolve) => (restore = resolve));
    return run(
      (world) => ({
        runGuard: async () => guarded('breach', slow),
        restoreEffect: async (input) => {
          await restoring;
          return world.activities.restoreEffect(input);
        },
      }),
      async ({ advance, until, act, handle, status }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        const during = await until('undoing', ({ phase }) => phase === 'undoing');
        const rolledBack = ({ conditions }: CountdownStatus) => conditions.find(({ type }) => type === 'RolledBack');
        expect(during.ending).toBeUndefined();
        expect(during.message).toMatch(/^rolling back: /u);
        expect(rolledBack(during)).toMatchObject({ status: 'False', reason: 'Undoing' });
        restore();
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(rolledBack(await status())).toMatchObject({ status: 'True', reason: 'Undone' });
        await arrival;
      },
    );
  });

  it('does not launch when its window closed after the launch was begun and before anything was written', () => {
    let captures = 0;
    return run(
      (world) => ({
        captureEffect: async (input) => {
          captures += 1;
          if (captures === 1) await new Promise((resolve) => setTimeout(resolve, 4_000));
          return world.activities.captureEffect(input);
        },
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.reasons.map(({ code }) => code)).toEqual(['LaunchWindowClosed']);
        expect(world.writes).toEqual([]);
        await act({ action: 'resume', launchAt: 'shift' });
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
        expect(world.writes).toHaveLength(1);
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, launchWindowMs: 3_000 } } }),
    );
  });

  it('lets nobody lift a hold that came after they had read', () =>
    run(well, async ({ handle, until, act }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      await handle.signal(holdSignal, { reason: 'incident', by: person('bob', []) });
      const held = await until('holding', ({ phase }) => phase === 'holding');
      const unseen = { holdSince: '2026-11-20T00:00:00.000Z' };
      expect(await refusal(act({ action: 'resume', ...unseen }))).toMatch(
        /^bob has held the countdown since .*, after the status that this action is based on: incident/u,
      );
      expect(await refusal(act({ action: 'recycle', to: 'T-72h', comment: 'again', ...unseen }))).toMatch(/^bob has held the countdown/u);
      expect((await until('held still', ({ phase }) => phase === 'holding')).holdSince).toBe(held.holdSince);
      await act({ action: 'resume' });
      await until('counting again', ({ phase }) => phase === 'counting');
    }));

  it('counts an approval again after a step ran again, though it found the same', () =>
    run(
      well,
      async ({ until, act }) => {
        await until('waiting', ({ phase }) => phase === 'waiting');
        await act({ action: 'approve' }, 'li.wei');
        expect(await refusal(act({ action: 'approve' }, 'li.wei'))).toMatch(/has already approved/u);
        await act({ action: 'retry', step: 'diagnosis' });
        await until('waiting again', ({ phase, checkpoints }) => phase === 'waiting' && checkpoints[0]?.steps[2]?.round === 2);
        await act({ action: 'approve' }, 'li.wei');
        await act({ action: 'approve' }, 'a.osei');
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      },
      (input) => {
        const [first, ...others] = input.release.spec.checkpoints;
        const approval = others[0]?.approval ?? null;
        const checkpoints = first ? [{ ...first, approval }, ...others] : [];
        return { ...input, release: { ...input.release, spec: { ...input.release.spec, checkpoints } } };
      },
    ));

  it('rolls back a breach at once though somebody holds the clock', () => {
    const guard = scriptedGuard();
    return run(
      () => ({ runGuard: guard.runGuard }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        const arrival = advance(1);
        await until('guarded', () => guard.asked.length === 1);
        await handle.signal(holdSignal, { reason: 'looking at it', by: person('ops', []) });
        await guard.answer(guarded('breach', slow));
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(written(world)).toEqual(['91d03ce', '4f9c2ab']);
        await arrival;
      },
    );
  });

  it('does not launch after the deadline of a hold has passed during a step', () => {
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    return run(
      () => ({
        runPreflight: async () => {
          await done;
          return report(fine);
        },
      }),
      async ({ until, advance, handle, status, world }) => {
        await until('running', ({ phase }) => phase === 'running');
        await handle.signal(holdSignal, { reason: 'incident', by: person('ops', []) });
        finish();
        await until('holding', ({ phase }) => phase === 'holding');
        await advance(25);
        expect(await handle.result()).toMatchObject({
          ending: 'no-go',
          message: expect.stringContaining('not resumed before the deadline'),
        });
        expect([world.writes, (await status()).ending]).toEqual([[], 'no-go']);
      },
    );
  });

  it('takes Signals of any shape: a bare text holds, nonsense approves nothing, and the countdown goes on', () =>
    run(well, async ({ handle, until, act, advance }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      await handle.signal('approve');
      await handle.signal('approve', 42);
      // A tool in another language may say it in another form; and somebody sends half of one.
      for (const [encoding, data] of [
        ['json/protobuf', '{}'],
        ['json/plain', '{"reason'],
        ['', ''],
      ] as const)
        await temporal.client.workflowService.signalWorkflowExecution({
          namespace: temporal.namespace,
          workflowExecution: { workflowId: handle.workflowId },
          signalName: 'approve',
          input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
        });
      await handle.signal('hold', 'the database burns');
      const held = await until('holding', ({ phase }) => phase === 'holding');
      expect(held.message).toBe('held by an unnamed Signal: the database burns');
      await act({ action: 'resume' });
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      const refused = (await handle.query(auditQuery)).filter(({ action }) => action === 'approve.refused');
      expect(refused.map(({ detail }) => detail)).toEqual(Array(5).fill('an approval by Signal needs a checkpoint and a name'));
    }));

  it('aborts on the Signal alone: who sent it may die before it can cancel', () =>
    run(well, async ({ handle, until }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      await handle.signal('abort', { reason: 'wrong build', by: person('ops', []) });
      expect(await handle.result()).toMatchObject({ ending: 'aborted', message: 'aborted by ops: wrong build' });
    }));

  it('goes on, and rolls back, while the audit cannot be written, and says so in the chain', () =>
    run(
      () => ({
        storeAudit: async () => {
          throw ApplicationFailure.nonRetryable('the disk is full', 'Refused');
        },
        runGuard: async () => guarded('breach', slow),
      }),
      async ({ advance, until, act, handle, world }) => {
        await toLaunch({ advance, until, act });
        await advance(1);
        expect(await handle.result()).toMatchObject({ ending: 'rolled-back' });
        expect(world.writes).toHaveLength(2);
        const lost = (await handle.query(auditQuery)).filter(({ action }) => action === 'audit.not-stored');
        expect(lost[0]?.detail).toBe('the disk is full');
      },
    ));

  it('ends as refused, with the reason, where the lock cannot be asked for', async () => {
    const world = fakeWorld();
    world.activities.acquireLock = async () => {
      throw ApplicationFailure.nonRetryable('deployments.apps "go-api" not found', 'NotFound');
    };
    await temporal.withWorkers(world.activities, async () => {
      const name = `r-${randomUUID()}`;
      const handle = await temporal.client.workflow.start(COUNTDOWN_TYPE, {
        workflowId: countdownId(name),
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [inputFor(name)],
      });
      expect(await refusal(handle.executeUpdate(openUpdate))).toMatch(/not found/);
      expect(await handle.result()).toMatchObject({ ending: 'refused' });
    });
  });

  it('holds when a checkpoint was missed because no worker ran when the countdown was to begin', () =>
    run(
      well,
      async ({ until }) => {
        const now = await until('holding', ({ phase }) => phase === 'holding');
        expect(now.message).toMatch(/^T-72h load-and-diagnosis was reached 1 h late, because no worker was running$/);
      },
      (input) => {
        const { countdownMs: _, ...spec } = input.release.spec;
        const launchAtMs = Date.now() + 71 * HOUR;
        return { ...input, release: { ...input.release, spec: { ...spec, launchAtMs } } } as CountdownInput;
      },
    ));

  it('asks anew after a hold that silence made, and is no-go when the hold is not settled either', () =>
    run(
      well,
      async ({ advance, until, act, handle }) => {
        await advance(71.01);
        await until('waiting', ({ phase }) => phase === 'waiting');
        await advance(0.6);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.message).toBe('0 of 2 approvals of release-managers were given before the deadline');
        await act({ action: 'resume' });
        await until('waiting again', ({ phase }) => phase === 'waiting');
        await advance(0.6);
        await until('holding again', ({ phase }) => phase === 'holding');
        await advance(50);
        expect(await handle.result()).toMatchObject({ ending: 'no-go' });
      },
      (input) => {
        for (const checkpoint of input.release.spec.checkpoints) if (checkpoint.approval) checkpoint.approval.onDeadline = 'hold';
        return input;
      },
    ));

  it('does not launch on a waiver that has expired since', () =>
    run(
      () => ({ runLoadTest: async () => report(slow) }),
      async ({ until, act, advance, world }) => {
        const stopped = await until('stopped', ({ phase }) => phase === 'stopped');
        const expiresAt = new Date(Date.parse(stopped.now) + 2 * HOUR).toISOString();
        await act({ action: 'waive', finding: 'LatencyAboveLimit/POST /api/order/create', expiresAt });
        await toLaunch({ advance, until, act });
        await advance(1);
        const held = await until('holding', ({ phase }) => phase === 'holding');
        expect(held.reasons).toMatchObject([{ code: 'WaiverExpired', effect: 'hold' }]);
        expect(held.message).toMatch(
          /^the waiver of LatencyAboveLimit\/POST \/api\/order\/create at load-and-diagnosis expired before the launch/,
        );
        expect(world.writes).toEqual([]);
      },
    ));

  it('tells people of the start, of every decision and of what follows, and shows whom it could not tell', () => {
    const told: { message: string; waitsFor?: string[]; command?: string }[] = [];
    return run(
      () => ({
        runLoadTest: async () => report(slow),
        notify: async ({ message, waitsFor, command }) => {
          told.push({ message, ...(waitsFor ? { waitsFor } : {}), ...(command ? { command } : {}) });
          return [{ target: 'oncall', message: 'chat.example responded with HTTP 500' }];
        },
      }),
      async ({ until, act, status, advance }) => {
        await until('stopped', ({ phase }) => phase === 'stopped');
        const expiresAt = new Date(Date.now() + 100 * HOUR).toISOString();
        await act({ action: 'waive', finding: 'LatencyAboveLimit/POST /api/order/create', expiresAt, comment: 'known, small' });
        await toLaunch({ advance, until, act });
        expect(told.map(({ message }) => message)).toEqual([
          expect.stringMatching(/^requester started the countdown; launch at /),
          'p99 of POST /api/order/create is 420 ms, limit 300 ms',
          expect.stringMatching(/^li\.wei waives a finding at load-and-diagnosis \(known, small\): LatencyAboveLimit/),
          'load-and-diagnosis is go',
          '0 of 2 approvals of release-managers are given',
          expect.stringMatching(/^li\.wei approves final-poll/),
          expect.stringMatching(/^a\.osei approves final-poll/),
          'final-poll is go',
        ]);
        expect(told[4]).toMatchObject({ waitsFor: ['release-managers'], command: expect.stringContaining('tminus approve') });
        const condition = (await status()).conditions.find(({ type }) => type === 'NotificationsDelivered');
        expect(condition).toMatchObject({
          status: 'False',
          message: 'notification failed: oncall: chat.example responded with HTTP 500',
        });
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, notify: ['oncall'] } } }),
    );
  });

  it('tells each by itself: one who cannot be reached keeps nothing from the others, nor is it told well by what they get', () => {
    let giveUp: () => void = () => undefined;
    const givenUp = new Promise<void>((resolve) => (giveUp = resolve));
    const told: string[] = [];
    return run(
      () => ({
        notify: async ({ targets: [target = ''], message }) => {
          if (target === 'oncall') {
            await givenUp;
            return [{ target, message: 'chat.example responded with HTTP 500' }];
          }
          told.push(message);
          return [];
        },
      }),
      async ({ until, status, act }) => {
        await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
        while (told.length < 2) await new Promise((again) => setTimeout(again, 50));
        giveUp();
        const peopleTold = ({ conditions }: CountdownStatus) => conditions.find(({ type }) => type === 'NotificationsDelivered');
        await until('untold', (now) => peopleTold(now)?.status === 'False');
        await act({ action: 'recycle', to: 'T-72h', comment: 'again' });
        while (told.length < 3) await new Promise((again) => setTimeout(again, 50));
        expect(peopleTold(await status())?.message).toBe('notification failed: oncall: chat.example responded with HTTP 500');
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, notify: ['oncall', 'channel'] } } }),
    );
  });

  it('reminds people at half and at nine tenths of a wait, once each, with its deadline', () => {
    const told: { message: string; deadlineAt?: string }[] = [];
    const reminders = () => told.filter(({ message }) => / of the time has passed: /.test(message));
    return run(
      () => ({
        notify: async ({ message, deadlineAt }) => {
          told.push({ message, ...(deadlineAt ? { deadlineAt } : {}) });
          return [];
        },
      }),
      async ({ until, act, advance, handle }) => {
        await advance(71.01);
        const { checkpoints } = await until('waiting', ({ phase }) => phase === 'waiting');
        const deadlineAt = checkpoints.find(({ name }) => name === 'final-poll')?.approval?.deadlineAt;
        expect(deadlineAt).toBeDefined();
        await advance(0.2);
        expect(reminders()).toEqual([]);
        await advance(0.1);
        await act({ action: 'approve' });
        await advance(0.16);
        expect(reminders()).toEqual([
          { message: 'half of the time has passed: 0 of 2 approvals of release-managers are given', deadlineAt },
          { message: '90 % of the time has passed: 1 of 2 approvals of release-managers are given', deadlineAt },
        ]);
        told.length = 0;
        await act({ action: 'hold', comment: 'an incident' });
        const heldUntil = Date.parse((await until('held', ({ phase }) => phase === 'holding')).now) + 24 * HOUR;
        await advance(12.1);
        await advance(9.6);
        expect(reminders().map(({ message }) => message)).toEqual([
          'half of the time has passed: held by li.wei: an incident',
          '90 % of the time has passed: held by li.wei: an incident',
        ]);
        expect(Math.abs(Date.parse(reminders()[0]?.deadlineAt ?? '') - heldUntil)).toBeLessThan(60_000);
        await advance(3);
        expect(await handle.result()).toMatchObject({ ending: 'no-go' });
      },
      (input) => ({ ...input, release: { ...input.release, spec: { ...input.release.spec, notify: ['oncall'] } } }),
    );
  });

  it('refuses what was signed for another run of the same name', () =>
    run(well, async ({ until, act }) => {
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      expect(await refusal(act({ action: 'recycle', to: 'T-72h', comment: 'again', run: randomUUID() }))).toMatch(
        /was signed for another run of /u,
      );
    }));
});
