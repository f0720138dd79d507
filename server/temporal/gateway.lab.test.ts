// The gateway against a real Temporal server with the real countdown; only the systems outside are fake.
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { Client, Connection } from '@temporalio/client';
import { fakeWorld, inputFor } from '../../test/countdown/fakes.ts';
import { person, signedAction, temporalWorld, type World } from '../../test/temporal-world.ts';
import { countdownId } from '../../release/countdown-id.ts';
import type { Countdowns } from './countdowns.ts';
import { temporalGateway } from './gateway.ts';

jest.setTimeout(120_000);

let temporal: World;
let gateway: Countdowns;
beforeAll(async () => {
  temporal = await temporalWorld();
  gateway = temporalGateway({ client: temporal.client, rehearsalClient: temporal.rehearsalClient });
});
afterAll(() => temporal.close());

const anInput = (change: Partial<CountdownInput> = {}): CountdownInput => ({
  ...inputFor(`r-${randomUUID()}`),
  rehearsal: true,
  ...change,
});
const nameOf = (input: CountdownInput): string => input.release.metadata.name;

const anAction = (status: CountdownStatus, change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>): ActionRequest => {
  const checkpoint = status.checkpoints.find(({ name }) => name === status.current);
  return {
    id: randomUUID(),
    countdown: countdownId(status.release),
    checkpoint: status.current,
    revision: checkpoint?.revision ?? 0,
    evidenceDigest: checkpoint?.evidenceDigest ?? '',
    principal: person('li.wei'),
    comment: 'read',
    run: status.run,
    issuedAt: new Date().toISOString(),
    notAfter: new Date(Date.now() + 5 * 60_000).toISOString(),
    ...change,
  };
};

/** Until a status is as wished; waits on the countdown, at most 20 s. */
async function until(release: string, wished: (status: CountdownStatus) => boolean): Promise<CountdownStatus> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const status = await gateway.status(release);
    if (wished(status)) return status;
    if (Date.now() > deadline) throw new Error(`never so: ${status.phase} ${status.message}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Visibility follows within a second or two; waits at most 20 s. */
async function eventually<T>(read: () => Promise<T>, wished: (answer: T) => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!wished(await read())) {
    if (Date.now() > deadline) throw new Error('visibility never caught up');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('the gateway on a real server', () => {
  it('starts once, lists, advances, takes a decision once though it is sent twice, and refuses with the sentence of the countdown', async () => {
    await temporal.withWorkers(fakeWorld().activities, async () => {
      const input = anInput();
      const name = nameOf(input);
      const plan = await gateway.start(input);
      expect(plan.checkpoints).toHaveLength(3);
      expect(plan.started).toBe('started');
      expect(await gateway.start(input)).toEqual({ ...plan, started: 'already-running' });
      await expect(gateway.start({ ...input, rehearsal: false })).rejects.toMatchObject({
        code: 'Refused',
        message: expect.stringContaining('is a running rehearsal'),
      });
      await expect(gateway.start({ ...input, releaseDigest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({ code: 'Refused' });

      const early = await gateway.status(name);
      await expect(
        gateway.submit(anAction(early, { action: 'resume' }), signedAction(anAction(early, { action: 'resume' }))),
      ).rejects.toMatchObject({
        code: 'Refused',
        message: expect.stringContaining('only a countdown on hold can be resumed'),
      });

      await gateway.advance(name, 71.01 * 3_600_000);
      const waiting = await until(name, ({ phase }) => phase === 'waiting');
      const act = anAction(waiting, { action: 'approve' });
      expect(await gateway.submit(act, signedAction(act))).toMatchObject({
        ok: true,
        message: '1 of 2 approvals of release-managers are given',
      });
      expect(await gateway.submit(act, signedAction(act))).toMatchObject({ ok: true });
      expect((await gateway.status(name)).checkpoints[1]?.approvals).toHaveLength(1);
      expect((await gateway.audit(name)).map(({ action }) => action)).toContain('resume.refused');

      await gateway.abort(anAction(waiting, { action: 'abort', comment: 'wrong image' }));
      expect(await until(name, ({ phase }) => phase === 'ended')).toMatchObject({
        ending: 'aborted',
        message: 'aborted by li.wei: wrong image',
      });

      // Over, and still there: what is said to it now is refused, not unknown.
      await temporal.client.workflow.getHandle(countdownId(name)).result();
      const late = anAction(waiting, { action: 'approve' });
      const refused = { code: 'Refused', message: expect.stringMatching(/; it has ended$/) };
      await expect(gateway.submit(late, signedAction(late))).rejects.toMatchObject(refused);
      await expect(gateway.hold(anAction(waiting, { action: 'hold' }))).rejects.toMatchObject(refused);
      await expect(gateway.abort(anAction(waiting, { action: 'abort' }))).rejects.toMatchObject(refused);
    });
  });

  it('never gives a real countdown to whoever asks for a rehearsal, and keeps its clock the real one', async () => {
    await temporal.withWorkers(fakeWorld().activities, async () => {
      const real = anInput({ rehearsal: false, comment: 'the payment change' });
      await gateway.start(real);
      await expect(gateway.start({ ...real, rehearsal: true })).rejects.toMatchObject({
        code: 'Refused',
        message: expect.stringContaining('is a running real countdown'),
      });
      const status = await gateway.status(nameOf(real));
      expect(status.rehearsal).toBe(false);
      expect(Math.abs(Date.parse(status.now) - Date.now())).toBeLessThan(60_000);
      expect((await gateway.audit(nameOf(real)))[0]?.detail).toMatch(/: the payment change$/);
      await gateway.abort(anAction(status, { action: 'abort', comment: 'test over' }));
    });
  });

  it('lists with phase and verdict from visibility', async () => {
    const input = anInput();
    await temporal.withWorkers(fakeWorld().activities, async () => {
      await gateway.start(input);
      await gateway.hold(anAction(await gateway.status(nameOf(input)), { action: 'hold', comment: 'odd' }));
      await until(nameOf(input), ({ phase }) => phase === 'holding');
    });
    // Visibility is a second behind; it needs no worker.
    const deadline = Date.now() + 20_000;
    for (;;) {
      const row = (await gateway.list(null)).items.find(({ release }) => release === nameOf(input));
      if (row?.phase === 'holding') {
        expect(row).toMatchObject({ service: 'shop/go-api', verdict: 'hold', running: true, rehearsal: true });
        break;
      }
      if (Date.now() > deadline) throw new Error(`never listed as holding: ${JSON.stringify(row)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await expect(gateway.status(nameOf(input))).rejects.toMatchObject({ code: 'NoWorker' });
    await temporal.client.workflow.getHandle(countdownId(nameOf(input))).terminate('test over');
  });

  it('tells one run from the next of the same name, and gives the name on as soon as the ended one has closed', async () => {
    await temporal.withWorkers(fakeWorld().activities, async () => {
      const input = anInput();
      const name = nameOf(input);
      await gateway.start(input);
      const first = (await gateway.status(name)).run;
      expect(await gateway.firstRun(name)).toBe(first);
      await eventually(gateway.open, (open) => open.some(({ release, startedFrom }) => release === name && startedFrom !== null));
      const said = { countdown: countdownId(name), principal: person('li.wei'), comment: 'wrong image' };
      await gateway.abort({ ...said, action: 'abort' });
      // At once: the first may still be sending its last messages.
      expect(await gateway.start(input)).toMatchObject({ started: 'started' });
      const second = (await gateway.status(name)).run;
      expect(second).not.toBe(first);
      const ref = { workflowId: countdownId(name), firstRunId: first, release: name, notify: [] };
      expect(await gateway.ownerOf(ref)).toEqual({ countdown: 'ended', phase: 'ended', ending: 'aborted', restorer: 'not running' });
      expect(await gateway.ownerOf({ ...ref, firstRunId: second })).toMatchObject({ countdown: 'running' });
      await gateway.abort({ ...said, action: 'abort' });
      await eventually(
        () => gateway.list(null),
        ({ items }) => items.some(({ release, running, ending }) => release === name && !running && ending === 'aborted'),
      );
      await expect(gateway.hold({ ...said, action: 'hold' })).rejects.toMatchObject({
        code: 'Refused',
        message: 'a countdown that has ended or is already rolling back cannot be held; it has ended',
      });
    });
  });

  it('shows the last heartbeat of a running activity', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((go) => (release = go));
    const world = fakeWorld();
    const { runLoadTest } = world.activities;
    if (!runLoadTest) throw new Error('the fakes have no load test');
    const activities = {
      ...world.activities,
      runLoadTest: async (given: Parameters<typeof runLoadTest>[0]) => {
        Context.current().heartbeat({ text: 'load at 300 iterations/s', done: 23, total: 60, unit: 's' });
        await held;
        return await runLoadTest(given);
      },
    };
    await temporal.withWorkers(activities, async () => {
      const input = anInput();
      await gateway.start(input);
      try {
        await gateway.advance(nameOf(input), 5_000);
        const deadline = Date.now() + 40_000;
        for (;;) {
          const [step] = await gateway.progress(await gateway.status(nameOf(input)));
          // Before the worker takes the activity up, the progress says what it waits for.
          if (step?.progress?.done) {
            expect(step).toMatchObject({
              checkpoint: 'load-and-diagnosis',
              step: 'load-test',
              activity: 'runLoadTest',
              progress: { text: 'load at 300 iterations/s', done: 23, total: 60, unit: 's' },
            });
            break;
          }
          if (Date.now() > deadline) throw new Error(`never any progress: ${JSON.stringify(step)}`);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      } finally {
        // An activity that is held for ever would hide why the test failed behind its time-out.
        release();
      }
      await gateway.abort(anAction(await gateway.status(nameOf(input)), { action: 'abort', comment: 'test over' }));
    });
  });

  it('knows no countdown that was never started', async () => {
    await expect(gateway.status('never-started')).rejects.toMatchObject({
      code: 'NotFound',
      message: 'there is no countdown named never-started',
    });
  });

  it('says that Temporal is away, and does not hang', async () => {
    // Without the client's retries: they would go on behind the test. That they are not waited for is shown in gateway.test.ts.
    const connection = Connection.lazy({ address: '127.0.0.1:1', interceptors: [] });
    const away = temporalGateway({ client: new Client({ connection, namespace: 'default' }) });
    const began = Date.now();
    await expect(away.status('go-api-1.4.0')).rejects.toMatchObject({ code: 'Unreachable' });
    await expect(away.list(null)).rejects.toMatchObject({ code: 'Unreachable' });
    const act = anAction({ release: 'go-api-1.4.0', current: 'final-poll', checkpoints: [] } as unknown as CountdownStatus, {
      action: 'approve',
    });
    await expect(away.submit(act, signedAction(act))).rejects.toMatchObject({ code: 'Unreachable' });
    await expect(away.hold(act)).rejects.toMatchObject({ code: 'Unreachable' });
    expect(Date.now() - began).toBeLessThan(12_000);
    await connection.close();
  });
});
