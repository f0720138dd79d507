// A drill in a countdown, on a real Temporal server: whatever happens in between, everything is restored, each effect once.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import { registerUndoUpdate } from '../../workflows/messages.ts';
import { temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { inputWithDrill, seen, type FakeWorld } from './fakes.ts';
import { runCountdown, type Run } from './run-countdown.ts';

jest.setTimeout(180_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

const run = (overrides: (world: FakeWorld) => Partial<FakeActivities>, body: (run: Run) => Promise<void>, fields = '') =>
  runCountdown(temporal, overrides, body, ({ release }) => inputWithDrill(release.metadata.name, fields));
const well = () => ({});
const drillOf = ({ checkpoints }: CountdownStatus) => checkpoints[0]?.steps[0];
const codesOf = (status: CountdownStatus) => drillOf(status)?.findings.map(({ code }) => code);
const isOver = (status: CountdownStatus): boolean => ['done', 'failed-to-run'].includes(drillOf(status)?.state ?? '');
const FAULT = 'service-fault {"settings":{"pricing-errors":"100"},"ttlMs":600000}';
const SWITCH = 'service-switch {"value":false,"ttlMs":600000}';
/** What it does at most: the fault, both actions, fault and switch in the pods that the second action started, and each restored; the fault first. */
const WHOLE = [FAULT, SWITCH, 'deployment-environment {"value":"queue"}', SWITCH, FAULT, 'service-fault restored'];
const RESTORED = ['deployment-environment restored', 'service-switch restored'];
/** What a worker does besides the journal and the restorer. */
const register: FakeActivities['registerUndo'] = async ({ entry, countdown }) => {
  const handle = temporal.client.workflow.getHandle(countdown.workflowId);
  await handle.executeUpdate(registerUndoUpdate, { args: [entry], updateId: entry.id });
};
/** A watch that lasts until it is cancelled. */
const forever = async () => {
  for (;;) {
    Context.current().heartbeat();
    await Context.current().sleep(200);
  }
};

describe('a drill', () => {
  it('provokes, detects, acts, restores everything and passes', () =>
    run(well, async ({ until, world }) => {
      const status = await until('over', isOver, 60_000);
      expect(codesOf(status)).toEqual([
        'DrillSteadyBefore',
        'DrillDetected',
        'DrillActionEffective',
        'DrillActionEffective',
        'DrillRecovered',
        'DrillRestored',
        'DrillRestored',
        'DrillRestored',
        'DrillRestoredInTime',
        'DrillSteadyAfter',
      ]);
      expect(drillOf(status)?.findings.every(({ outcome }) => outcome === 'pass')).toBe(true);
      expect(world.changes.slice(0, WHOLE.length)).toEqual(WHOLE);
      expect(world.changes.slice(WHOLE.length).sort()).toEqual(RESTORED);
    }));

  it('provokes nothing while the service is not steady', () =>
    run(
      () => ({ watchTrigger: async () => seen('timeout') }),
      async ({ until, world }) => {
        const status = await until('holding', ({ phase }) => phase === 'holding', 60_000);
        expect(codesOf(status)).toEqual(['DrillNotSteady']);
        expect(world.changes).toEqual([]);
      },
    ));

  it('does not pass where the samples of a watch could not be stored', () =>
    run(
      () => ({ watchTrigger: async ({ until }) => ({ ...seen(until === 'fires' ? 'fired' : 'cleared'), evidence: [] }) }),
      async ({ until, world }) => {
        const status = await until('holding', ({ phase }) => phase === 'holding', 60_000);
        expect(drillOf(status)?.findings.find(({ code }) => code === 'DrillStopped')).toMatchObject({
          outcome: 'inconclusive',
          message: 'the drill stopped: the samples of order-errors could not be stored',
        });
        expect(world.changes).toContain('service-fault restored');
      },
    ));

  it('takes no action where the trigger did not fire, restores the fault and is no-go', () =>
    run(
      () => ({ watchTrigger: async ({ until }) => seen(until === 'fires' ? 'timeout' : 'cleared') }),
      async ({ until, world }) => {
        const status = await until('stopped', ({ phase }) => phase === 'stopped', 60_000);
        expect(codesOf(status)).toEqual(expect.arrayContaining(['DrillNotDetected', 'DrillRestored']));
        expect(world.changes.filter((change) => !change.endsWith('restored'))).toEqual([FAULT]);
        expect(world.changes).toContain('service-fault restored');
      },
    ));

  it('does not pass where the fault ended in a pod before the trigger cleared', () => {
    let isDetected = false;
    return run(
      (world) => ({
        watchTrigger: async ({ until }) => {
          if (isDetected) world.restartPods();
          isDetected ||= until === 'fires';
          return seen(until === 'fires' ? 'fired' : 'cleared');
        },
      }),
      async ({ until }) => {
        const status = await until('holding', ({ phase }) => phase === 'holding', 60_000);
        expect(drillOf(status)?.findings.find(({ code }) => code === 'DrillStopped')?.message).toContain(
          'the trigger cleared while the fault was not on in every pod',
        );
      },
    );
  });

  it('does not pass where its load ended: a log or an alert is silent without load', () =>
    run(
      well,
      async ({ until, world }) => {
        const status = await until('judged', isOver, 60_000);
        expect(drillOf(status)?.findings.find(({ code }) => code === 'DrillStopped')?.message).toContain('no load any more');
        expect(world.changes).toContain('service-fault restored');
      },
      'load: { rate: 300 }',
    ));

  it('ends its load after the restore', () =>
    run(
      () => ({ runLoadTest: forever }),
      async ({ until }) => {
        const status = await until('over', isOver, 60_000);
        expect(drillOf(status)?.findings.every(({ outcome }) => outcome === 'pass')).toBe(true);
      },
      'load: { rate: 300 }',
    ));

  it('is interrupted by a hold: everything is restored, and it runs again after the resume', () => {
    let tries = 0;
    return run(
      () => ({
        watchTrigger: async ({ until }) => {
          if (until === 'clears' || (tries += 1) > 1) return seen(until === 'fires' ? 'fired' : 'cleared');
          return forever();
        },
      }),
      async ({ until, world, act }) => {
        await until('provoked', () => world.changes.length > 0, 60_000);
        const heldAt = Date.now();
        await act({ action: 'hold', comment: 'a real incident' });
        const status = await until('interrupted', isOver, 60_000);
        expect(Date.now() - heldAt).toBeLessThan(3_000);
        expect(codesOf(status)).toEqual(expect.arrayContaining(['DrillStopped', 'DrillRestored']));
        expect(world.changes).toContain('service-fault restored');
        await act({ action: 'resume', launchAt: 'keep' });
        await until('passed', (now) => codesOf(now)?.includes('DrillSteadyAfter') === true, 60_000);
      },
    );
  });

  it('settles also what was being registered when it was interrupted, and runs again after the resume', () => {
    let isAway = true;
    let tries = 0;
    return run(
      () => ({
        registerUndo: async (given) => {
          await register(given);
          if (given.entry.kind !== 'service-switch') return;
          tries += 1;
          if (isAway) throw ApplicationFailure.create({ message: 'the restorer is not started' });
        },
      }),
      async ({ until, world, act }) => {
        await until('registering', () => tries > 0, 60_000);
        await act({ action: 'hold', comment: 'a real incident' });
        await until('interrupted', isOver, 60_000);
        expect(world.settled).toHaveLength(2);
        expect(world.changes.filter((change) => !change.endsWith('restored'))).toEqual([]);
        isAway = false;
        await act({ action: 'resume', launchAt: 'keep' });
        await until('passed', (now) => codesOf(now)?.includes('DrillSteadyAfter') === true, 60_000);
      },
    );
  });

  it('restores also when its own workflow is terminated', () =>
    run(
      () => ({ watchTrigger: async ({ until }) => (until === 'fires' ? forever() : seen('cleared')) }),
      async ({ until, world, handle }) => {
        await until('provoked', () => world.changes.length > 0, 60_000);
        await temporal.client.workflow.getHandle(`${handle.workflowId}/drill/drill/1`).terminate('test');
        const status = await until('over', isOver, 60_000);
        expect(drillOf(status)).toMatchObject({ state: 'failed-to-run', findings: [{ code: 'StepCouldNotRun' }] });
        expect(world.changes).toContain('service-fault restored');
        expect(world.settled).toHaveLength(3);
      },
    ));

  it('restores when the countdown is aborted', () =>
    run(
      () => ({ watchTrigger: async ({ until }) => (until === 'fires' ? forever() : seen('cleared')) }),
      async ({ until, world, act }) => {
        await until('provoked', () => world.changes.length > 0, 60_000);
        await act({ action: 'abort', comment: 'test over' });
        const status = await until('ended', ({ phase }) => phase === 'ended', 60_000);
        expect(status).toMatchObject({ ending: 'aborted' });
        expect(world.changes.filter((change) => change === 'service-fault restored')).toHaveLength(1);
      },
    ));

  it('is no-go with the name of what it could not restore, and tries again at the end of the countdown', () => {
    let refuses = true;
    return run(
      (world) => ({
        restoreEffect: async (given) => {
          if (refuses && given.entry.kind === 'service-switch') throw ApplicationFailure.nonRetryable('forbidden', 'Refused');
          return world.activities.restoreEffect(given);
        },
      }),
      async ({ until, world, act }) => {
        const status = await until('stopped', ({ phase }) => phase === 'stopped', 60_000);
        expect(drillOf(status)?.findings.find(({ code }) => code === 'DrillLeftover')).toMatchObject({
          subject: expect.stringContaining('switch/pricing'),
          message: expect.stringContaining('forbidden'),
        });
        refuses = false;
        await act({ action: 'abort', comment: 'test over' });
        await until('ended', ({ phase }) => phase === 'ended', 60_000);
        expect(world.changes.filter((change) => change === 'service-switch restored')).toHaveLength(1);
      },
    );
  });

  it('restores what an earlier round left before it runs again', () => {
    let refusals = 1;
    return run(
      (world) => ({
        restoreEffect: async (given) => {
          if (given.entry.kind === 'service-switch' && refusals-- > 0) throw ApplicationFailure.nonRetryable('forbidden', 'Refused');
          return world.activities.restoreEffect(given);
        },
      }),
      async ({ until, world, act }) => {
        await until('stopped', ({ phase }) => phase === 'stopped', 60_000);
        const provoked = world.changes.filter((change) => change === FAULT);
        await act({ action: 'retry', step: 'drill' });
        const status = await until('restored', (now) => drillOf(now)?.round === 2 && isOver(now), 60_000);
        expect(codesOf(status)).toEqual(expect.arrayContaining(['DrillStopped', 'DrillRestored']));
        expect(world.changes.filter((change) => change === FAULT)).toEqual(provoked);
      },
    );
  });
});
