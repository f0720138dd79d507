// What somebody can do who reaches nothing but Temporal: each way to a launch is tried on a real server, with real signatures. None launches.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { WorkflowContinuedAsNewError, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { NativeConnection, Worker, bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import type { ApplyInput } from '../../activities/effects/contract.ts';
import { NEW, OLD } from '../../activities/testing/fake-cluster-api.ts';
import { advance, letRun } from '../../server/temporal/virtual-time.ts';
import { COUNTDOWN_TYPE, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { fakeWorld, fine, guarded } from './fakes.ts';
import { trustedLab, type TrustedLab } from './trusted-lab.ts';
import { temporalAddress, temporalWorld, type World } from '../temporal-world.ts';

jest.setTimeout(180_000);
const HOUR = 3_600_000;
const CANDIDATE = 'registry.local/go-api:sha-91d03ce';

let temporal: World;
let native: NativeConnection;
let foreign: WorkflowBundle;
beforeAll(async () => {
  temporal = await temporalWorld();
  native = await NativeConnection.connect({ address: temporalAddress });
  foreign = await bundleWorkflowCode({ workflowsPath: new URL('./foreign-workflow.ts', import.meta.url).pathname, logger: silent });
});
afterAll(async () => {
  await native.close();
  await temporal.close();
});
const nothing = (): void => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

const image = ({ api }: TrustedLab) => api.deployment?.spec.template.spec.containers[0]?.image;

/** Runs workers with real signatures until `body` is done. */
async function withLab(body: (lab: TrustedLab) => Promise<void>, overrides?: Parameters<typeof trustedLab>[1]): Promise<void> {
  const lab = await trustedLab(temporal, overrides);
  await temporal.withWorkers(lab.activities, () => body(lab));
}

describe('what the server signed', () => {
  it('launches at its time, by the real clock, and once: a copy of the start begins nothing more', () =>
    withLab(async (lab) => {
      const input = lab.input({ countdownMs: 1_000 });
      const handle = await lab.start(input);
      expect(await handle.result()).toMatchObject({ ending: 'launched' });
      expect([lab.writes(), image(lab)]).toEqual([1, CANDIDATE]);
      const again = await lab.start(input);
      expect(await again.result()).toMatchObject({ ending: 'refused', message: expect.stringContaining('was already used by run') });
      expect(lab.writes()).toBe(1);
    }));

  it('launches a rehearsal on virtual time, with the approvals that people signed', () =>
    withLab(async (lab) => {
      const handle = await lab.start(lab.input({ countdownMs: 72 * HOUR, poll: true, rehearsal: true }));
      await lab.until(handle, 'counting', ({ phase }) => phase === 'counting');
      await advance(temporal.client, handle.workflowId, 71.01 * HOUR);
      await lab.until(handle, 'waiting', ({ phase }) => phase === 'waiting');
      for (const who of ['li.wei', 'a.osei']) await lab.send(await lab.act(handle, { action: 'approve' }, who));
      await advance(temporal.client, handle.workflowId, HOUR);
      expect(await handle.result()).toMatchObject({ ending: 'launched' });
      expect(lab.writes()).toBe(1);
    }));
});

describe('a raw start', () => {
  const evil = (input: CountdownInput): CountdownInput => ({
    ...input,
    release: { ...input.release, spec: { ...input.release.spec, service: { ...input.release.spec.service, image: NEW } } },
  });
  /** As a countdown that is at its launch, approved and admitted, would carry it. */
  const carried = (input: CountdownInput): CountdownInput => ({
    ...input,
    carried: {
      state: { phase: 'counting', cursor: 0, holds: [], undo: [], ending: null, admission: { keyId: '0123456789abcdef', signature: '' } },
      seal: { keyId: '0123456789abcdef', signature: '' },
    },
  });

  it.each<[string, (lab: TrustedLab) => [CountdownInput, object?], RegExp]>([
    ['without a signature', (lab) => [{ ...lab.input({ countdownMs: 1_000 }), start: undefined as never }], /is not signed/],
    ['of anything', () => [{ start: { payload: '{}', keyId: '', signature: '' } } as never], /cannot be read/],
    ['of another image', (lab) => [evil(lab.input({ countdownMs: 1_000 }))], /another input/],
    [
      'with a copied signature',
      (lab) => [{ ...lab.input({ countdownMs: 1_000 }), start: lab.input({ countdownMs: 1_000 }).start }],
      /was signed for countdown\/r-/,
    ],
    ['with an expired signature', (lab) => [lab.input({ countdownMs: 1_000 }, () => Date.now() - HOUR)], /expired at/],
    ['with a retry policy', (lab) => [lab.input({ countdownMs: 1_000 }), { retry: { maximumAttempts: 3 } }], /with a retry policy/],
    ['with a cron schedule', (lab) => [lab.input({ countdownMs: 1_000 }), { cronSchedule: '@every 1s' }], /with the cron schedule/],
    ['with a start delay', (lab) => [lab.input({ countdownMs: 1_000 }), { startDelay: '1s' }], /with a delay of 1 s/],
    ['with carried state', (lab) => [carried(lab.input({ countdownMs: 1_000 }))], /has no seal/],
    [
      'with carried state and a retry policy',
      (lab) => [carried(lab.input({ countdownMs: 1_000 })), { retry: { maximumAttempts: 3 } }],
      /retry policy/,
    ],
    [
      'with carried state and a cron schedule',
      (lab) => [carried(lab.input({ countdownMs: 1_000 })), { cronSchedule: '@every 1s' }],
      /cron schedule/,
    ],
  ])('%s ends as refused', (_, asked, why) =>
    withLab(async (lab) => {
      const [input, options = {}] = asked(lab);
      const workflowId = countdownId(input.release?.metadata.name ?? `r-${randomUUID()}`);
      const started = await temporal.client.workflow.start(COUNTDOWN_TYPE, {
        workflowId,
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [input],
        ...options,
      });
      const refused = { ending: 'refused', message: expect.stringMatching(why) };
      expect(await resultOf(workflowId, started.firstExecutionRunId)).toMatchObject(refused);
      // The second run of a cron schedule goes on from the first by Temporal's word, as one after a continue-as-new does.
      if ('cronSchedule' in options)
        expect(await resultOf(workflowId, await nextRun(workflowId, started.firstExecutionRunId))).toMatchObject(refused);
      await temporal.client.workflow
        .getHandle(workflowId)
        .terminate('test over')
        .catch(() => undefined);
      expect([lab.writes(), image(lab)]).toEqual([0, OLD]);
    }),
  );

  /** What one run came to. That of a cron schedule is recorded as going on in the next. */
  async function resultOf(workflowId: string, runId: string): Promise<unknown> {
    const handle = temporal.client.workflow.getHandle(workflowId, runId, { followRuns: false });
    try {
      return await handle.result();
    } catch (error) {
      if (!(error instanceof WorkflowContinuedAsNewError)) throw error;
      const { events } = await handle.fetchHistory();
      const payload = events?.at(-1)?.workflowExecutionCompletedEventAttributes?.result?.payloads?.[0];
      return payload && defaultPayloadConverter.fromPayload(payload);
    }
  }

  async function nextRun(workflowId: string, runId: string): Promise<string> {
    for (;;) {
      const newest = (await temporal.client.workflow.getHandle(workflowId).describe()).runId;
      if (newest !== runId) return newest;
      await new Promise((again) => setTimeout(again, 100));
    }
  }

  it('on virtual time that is not a rehearsal ends as refused', () =>
    withLab(async (lab) => {
      const input = lab.input({ countdownMs: 1_000 });
      const handle = await temporal.rehearsalClient.workflow.start(COUNTDOWN_TYPE, {
        workflowId: countdownId(input.release.metadata.name),
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [input],
      });
      expect(await handle.result()).toMatchObject({ ending: 'refused', message: expect.stringContaining('is not a rehearsal') });
      expect(lab.writes()).toBe(0);
    }));
});

describe('a countdown that is under way', () => {
  it('is no go, and nobody can waive it, when time skipping is enabled from outside', () =>
    withLab(async (lab) => {
      const handle = await lab.start(lab.input({ countdownMs: HOUR }));
      await lab.until(handle, 'counting', ({ phase }) => phase === 'counting');
      await letRun(temporal.client, handle.workflowId, 2 * HOUR);
      const stopped = await lab.until(handle, 'stopped', ({ phase }) => phase === 'stopped');
      expect(stopped.reasons).toMatchObject([{ code: 'CountdownClockAhead', effect: 'no-go' }]);
      expect([lab.writes(), image(lab)]).toEqual([0, OLD]);
      await handle.terminate('test over');
    }));

  it('holds when it was reset, and goes on once somebody who may has accepted that reset', () =>
    withLab(async (lab) => {
      const handle = await lab.start(lab.input({ countdownMs: 8_000 }));
      await lab.until(handle, 'counting', ({ phase }) => phase === 'counting');
      await reset(handle);
      const held = await lab.until(handle, 'holding', ({ phase }) => phase === 'holding');
      const { runId } = await handle.describe();
      expect(held.reasons).toMatchObject([{ code: 'CountdownReset', subject: runId, effect: 'hold' }]);
      expect([lab.writes(), image(lab)]).toEqual([0, OLD]);
      const waiver = {
        action: 'waive' as const,
        finding: `CountdownReset/${runId}`,
        expiresAt: new Date(Date.now() + HOUR).toISOString(),
        comment: 'compared with the audit file',
      };
      await expect(lab.send(await lab.act(handle, waiver, 'requester'))).rejects.toThrow();
      await lab.send(await lab.act(handle, waiver));
      expect(await temporal.client.workflow.getHandle(handle.workflowId).result()).toMatchObject({ ending: 'launched' });
      expect(lab.writes()).toBe(1);
    }));

  /** To its newest event: everything before it is repeated, and what comes after is left out. */
  async function reset({ workflowId }: WorkflowHandle): Promise<void> {
    const handle = temporal.client.workflow.getHandle(workflowId);
    const { runId } = await handle.describe();
    const { events = [] } = await handle.fetchHistory();
    const last = (events ?? []).filter(({ workflowTaskCompletedEventAttributes: done }) => done != null).at(-1);
    await temporal.client.workflowService.resetWorkflowExecution({
      namespace: temporal.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'to be rid of a hold',
      workflowTaskFinishEventId: last?.eventId as never,
      requestId: randomUUID(),
    });
  }
});

describe('the write of a launch', () => {
  it('is refused to a standalone activity, a foreign workflow and a raw launch step that have copied all that was signed', () => {
    const guard = patientGuard();
    const { proveRestored } = fakeWorld().activities;
    return withLab(
      async (lab) => {
        const input = lab.input({ countdownMs: 1_000 });
        const handle = await lab.start(input);
        while (!guard.isAsked) await new Promise((again) => setTimeout(again, 50));
        // The countdown runs, its version is live, and its history hands out whatever was signed for it.
        const step = temporal.client.workflow.getHandle(`${handle.workflowId}/launch/launch/1`);
        const copied = await argumentOf<ApplyInput>(step, 'applyEffect');
        expect(lab.writes()).toBe(1);

        expect(await standalone('applyEffect', copied)).toMatch(/the caller is not a workflow/);
        expect(await foreignWorkflow('applyEffect', copied)).toMatch(/is not a child of the current run of/);
        expect(await foreignWorkflow('applyEffect', { ...copied, authority: null })).toMatch(/carries no signed start/);
        const raw = await temporal.client.workflow.start('launchStep', {
          workflowId: `mine-${randomUUID()}`,
          taskQueue: WORKFLOW_TASK_QUEUE,
          args: [{ ...(await argumentOf<object>(handle, 'launchStep')), round: 9, undo: [] }],
        });
        // The countdown's own launch stands by then, and is not recorded as a version to go back to.
        await expect(raw.result()).rejects.toMatchObject({
          cause: { cause: { message: expect.stringContaining('of this countdown, which was not restored') } },
        });

        // Nor do workers seal for them what would be believed.
        const { authority } = copied;
        expect(await foreignWorkflow('admit', { input, carried: null })).toMatch(/was signed for countdown/);
        const asked = { start: input.start, admission: authority?.admission, digest: 'sha256:mine', resets: [] };
        expect(await foreignWorkflow('sealCarried', asked)).toMatch(/was not admitted/);
        expect(await standalone('sealCarried', asked)).toMatch(/only a countdown workflow may call/);
        const forged = { ...copied.entry, before: { ...(copied.entry.before as object), templateDigest: 'sha256:mine' } };
        expect(await foreignWorkflow('restoreEffect', { entry: forged, countdown: copied.countdown })).toMatch(
          /neither the journal nor a seal/,
        );
        expect([lab.writes(), image(lab)]).toEqual([1, CANDIDATE]);

        guard.mayPass = true;
        expect(await handle.result()).toMatchObject({ ending: 'launched' });
      },
      { runGuard: guard.runGuard, proveRestored },
    );
  });

  /** Watches until it may pass, also where a busy machine took one of its activities for dead. */
  function patientGuard() {
    const guard = {
      isAsked: false,
      mayPass: false,
      async runGuard() {
        guard.isAsked = true;
        while (!guard.mayPass) {
          Context.current().heartbeat();
          await Context.current().sleep(500);
        }
        return guarded('passed', fine);
      },
    };
    return guard;
  }

  /** The first argument that a history records for an activity or a child workflow. */
  async function argumentOf<T>(handle: WorkflowHandle, name: string): Promise<T> {
    const { events } = await handle.fetchHistory();
    for (const event of events ?? []) {
      const { activityTaskScheduledEventAttributes: activity, startChildWorkflowExecutionInitiatedEventAttributes: child } = event;
      const payload =
        activity?.activityType?.name === name
          ? activity.input?.payloads?.[0]
          : child?.workflowType?.name === name
            ? child.input?.payloads?.[0]
            : undefined;
      if (payload) return defaultPayloadConverter.fromPayload<T>(payload);
    }
    throw new Error(`no ${name} in the history of ${handle.workflowId}`);
  }

  /** Why an activity was refused that no workflow asked for. */
  const standalone = (activity: string, input: unknown): Promise<string> =>
    messageOf(
      temporal.client.activity.execute(activity, {
        id: randomUUID(),
        taskQueue: activity === 'applyEffect' ? 'tminus.test' : WORKFLOW_TASK_QUEUE,
        startToCloseTimeout: '10s',
        retry: { maximumAttempts: 1 },
        args: [input],
      }),
    );

  /** Why an activity was refused that a workflow of somebody else's worker asked for. */
  async function foreignWorkflow(activity: string, input: unknown): Promise<string> {
    const worker = await Worker.create({
      connection: native,
      namespace: temporal.namespace,
      taskQueue: 'foreign',
      workflowBundle: foreign,
    });
    const taskQueue = ['applyEffect', 'restoreEffect'].includes(activity) ? 'tminus.test' : WORKFLOW_TASK_QUEUE;
    return worker.runUntil(() =>
      messageOf(
        temporal.client.workflow.execute('ask', {
          workflowId: `countdown/mine-${randomUUID()}`,
          taskQueue: 'foreign',
          args: [activity, taskQueue, input],
        }),
      ),
    );
  }

  const messageOf = (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'it was done',
      (error: unknown) => {
        let cause = error as Error;
        while (cause.cause instanceof Error) cause = cause.cause;
        return cause.message;
      },
    );
});
