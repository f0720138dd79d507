import type { Phase } from '../../verdict/can.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { Ending } from '../../verdict/countdown-status.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { status as grpc } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TypedSearchAttributes, WorkflowNotFoundError } from '@temporalio/common';
import { attribute } from '../../workflows/messages.ts';
import { aOsei, RUN } from '../../workflows/testing/example-status.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf, failureOfStart } from './gateway-failure.ts';
import { temporalGateway } from './gateway.ts';
import { memoOf } from './start-memo.ts';

const grpcError = (code: number): ServiceError =>
  new ServiceError('Failed', { cause: Object.assign(new Error('grpc'), { code, details: '', metadata: {} }) });
const act: ActionRequest = {
  id: 'approval-1',
  action: 'approve',
  countdown: 'countdown/go-api-1.4.0',
  checkpoint: 'final-poll',
  revision: 3,
  evidenceDigest: 'sha256:7c',
  principal: aOsei,
  comment: 'go',
  run: RUN,
  issuedAt: '2026-11-24T08:05:00.000Z',
  notAfter: '2026-11-24T08:10:00.000Z',
};

/** What Temporal answers of an execution without any worker. */
function described(
  said: { phase?: Phase; ending?: Ending; status?: string; memo?: Record<string, unknown>; run?: string; firstRun?: string } = {},
) {
  const { phase = 'counting', ending, status = 'RUNNING', memo = {}, run = 'run-1', firstRun = run } = said;
  return {
    workflowId: 'countdown/go-api-1.4.0',
    runId: run,
    status: { name: status },
    startTime: new Date('2026-11-21T09:00:00.000Z'),
    memo,
    typedSearchAttributes: new TypedSearchAttributes([
      { key: attribute.phase, value: phase },
      ...(ending === undefined ? [] : [{ key: attribute.ending, value: ending }]),
    ]),
    raw: { workflowExecutionInfo: { firstRunId: firstRun } },
  };
}

interface Call {
  id: string;
  run: string | undefined;
  method: string;
  args: unknown[];
}

/** A client that remembers what it was asked; `answer` may throw. */
function fakeClient(answer: (call: Call) => unknown): { client: Client; calls: Call[] } {
  const calls: Call[] = [];
  const told =
    (id: string, run: string | undefined, method: string) =>
    async (...args: unknown[]) => {
      const call = { id, run, method, args };
      calls.push(call);
      return answer(call);
    };
  const handle = (id: string, run?: string) => new Proxy({}, { get: (_, method) => told(id, run, String(method)) });
  const client = {
    workflowService: { getSystemInfo: async () => ({}) },
    withDeadline: async <T>(_: number, go: () => Promise<T>) => await go(),
    workflow: { getHandle: handle, executeUpdateWithStart: told('', undefined, 'executeUpdateWithStart') },
  };
  return { client: client as unknown as Client, calls };
}

describe('what an error of the client becomes', () => {
  const code = (error: unknown) => {
    const failure = failureOf(error, 'go-api-1.4.0', 'approving');
    return failure instanceof CountdownFailure ? failure.code : failure;
  };

  it('tells Temporal being away from a missing worker', () => {
    expect(code(grpcError(grpc.UNAVAILABLE))).toBe('Unreachable');
    expect(code(grpcError(grpc.DEADLINE_EXCEEDED))).toBe('NoWorker');
  });

  it("passes the countdown's own sentence on", () => {
    const refused = new WorkflowUpdateFailedError('failed', ApplicationFailure.nonRetryable('too early: it is counting', 'Refused'));
    expect(failureOf(refused, 'a', 'approving')).toMatchObject({ code: 'Refused', message: 'too early: it is counting' });
  });

  it('never calls a timed-out decision refused: it may have counted', () => {
    expect(failureOf(new WorkflowUpdateRPCTimeoutOrCancelledError('timeout'), 'a', 'approving')).toMatchObject({
      code: 'OutcomeUnknown',
      hint: expect.stringContaining('same id'),
    });
  });

  it('knows a countdown that is not there', () => {
    expect(code(new WorkflowNotFoundError('not found', 'countdown/a', undefined))).toBe('NotFound');
    expect(code(grpcError(grpc.NOT_FOUND))).toBe('NotFound');
  });

  it('refuses with a sentence what was asked of a countdown that was aborted before it could answer', () => {
    for (const cause of [
      new CancelledFailure('Workflow cancelled'),
      ApplicationFailure.nonRetryable('completed before the Update', 'AcceptedUpdateCompletedWorkflow'),
    ])
      expect(failureOf(new WorkflowUpdateFailedError('failed', cause), 'a', 'starting a')).toMatchObject({
        code: 'Closing',
        message: 'the countdown ended while starting a',
      });
  });

  it('names the countdown, and what watches or ends it, where a start is not answered in time', () => {
    const late = failureOf(new WorkflowUpdateRPCTimeoutOrCancelledError('timeout'), 'go-api-1.4.0', 'starting go-api-1.4.0');
    for (const failure of [late, failureOf(grpcError(grpc.DEADLINE_EXCEEDED), 'go-api-1.4.0', 'starting go-api-1.4.0')])
      expect(failureOfStart(failure, 'go-api-1.4.0')).toMatchObject({
        code: 'OutcomeUnknown',
        message: expect.stringContaining('go-api-1.4.0'),
        hint: '`tminus status go-api-1.4.0 --watch` shows what it waits for, or end it: `tminus abort go-api-1.4.0`',
      });
  });

  it('points whoever was refused at the start to what must be fixed, not to the status', () => {
    const refused = new WorkflowUpdateFailedError('failed', ApplicationFailure.nonRetryable('cannot read /kubeconfig', 'Refused'));
    expect(failureOfStart(failureOf(refused, 'a', 'starting a'), 'a')).toMatchObject({
      code: 'Refused',
      message: 'cannot read /kubeconfig',
      hint: expect.stringMatching(
        /^fix this and start again; restart worker and server after a change to the environment file or a kubeconfig$/,
      ),
    });
  });

  it('leaves bugs as they are', () => {
    const bug = new TypeError('a bug');
    expect(code(bug)).toBe(bug);
    expect(code(grpcError(grpc.PERMISSION_DENIED))).toBeInstanceOf(ServiceError);
  });
});

describe('the gateway', () => {
  it("sends a decision under the caller's id, so that sending it twice counts once", async () => {
    const { client, calls } = fakeClient(() => ({ ok: true, message: 'counted', phase: 'waiting', revision: 3 }));
    await temporalGateway({ client }).submit(act, { payload: '{}', keyId: 'k', signature: 's' });
    expect(calls).toMatchObject([
      { id: 'countdown/go-api-1.4.0', method: 'executeUpdate', args: [{ name: 'action' }, { updateId: 'approval-1' }] },
    ]);
  });

  it('sends nothing to a Temporal server that does not answer a ping, however long its client would go on trying', async () => {
    const { client, calls } = fakeClient(() => undefined);
    client.workflowService.getSystemInfo = (() => new Promise(() => undefined)) as never;
    await expect(
      temporalGateway({ client, pingTimeoutMs: 1 }).submit(act, { payload: '{}', keyId: 'k', signature: 's' }),
    ).rejects.toMatchObject({ code: 'Unreachable' });
    expect(calls).toEqual([]);
  });

  it('aborts by saying who and why first, then cancelling', async () => {
    const { client, calls } = fakeClient(({ method }) => (method === 'describe' ? described() : undefined));
    await temporalGateway({ client }).abort({ ...act, action: 'abort', comment: 'wrong image' });
    expect(calls.map(({ method }) => method)).toEqual(['describe', 'signal', 'cancel']);
    expect(calls[1]?.args).toMatchObject([{ name: 'abort' }, { reason: 'wrong image', by: { subject: 'a.osei' } }]);
  });

  it('holds by signal, which lands without a worker', async () => {
    const { client, calls } = fakeClient(({ method }) => (method === 'describe' ? described() : undefined));
    await temporalGateway({ client }).hold({ ...act, action: 'hold', comment: 'odd' });
    expect(calls).toMatchObject([{ method: 'describe' }, { method: 'signal', args: [{ name: 'hold' }, { reason: 'odd' }] }]);
  });

  const input = {
    release: { metadata: { name: 'go-api-1.4.0' }, spec: { service: { image: 'go-api:sha-1' } } },
    releaseDigest: 'sha256:new',
    scripts: { 'load.js': 'sha256:script' },
    rehearsal: false,
  } as unknown as CountdownInput;
  const launchingAt = (launchAt: string): CountdownInput => ({
    ...input,
    release: { ...input.release, spec: { ...input.release.spec, launchAtMs: Date.parse(launchAt) } as CountdownInput['release']['spec'] },
  });
  const opened = { release: 'go-api-1.4.0', launchAt: '', checkpoints: [] };
  /** A Temporal on which the name belongs to a countdown that was started like this. */
  const having = (running: CountdownInput) =>
    fakeClient(({ method }) => (method === 'describe' ? described({ memo: memoOf(running, 'of another start') }) : opened));

  it.each([
    ['another file', { ...input, releaseDigest: 'sha256:old' }, input, 'go-api-1.4.0 already runs with another release file'],
    [
      'a rehearsal, asked for the real thing',
      { ...input, rehearsal: true },
      input,
      'go-api-1.4.0 is a running rehearsal; the real countdown with the same name is refused',
    ],
    [
      'the real thing, asked for a rehearsal',
      input,
      { ...input, rehearsal: true },
      'go-api-1.4.0 is a running real countdown; a rehearsal with the same name is refused',
    ],
    [
      'another launch time',
      launchingAt('2026-11-25T09:00:00Z'),
      launchingAt('2026-11-25T10:00:00Z'),
      'go-api-1.4.0 already runs with another launch time: 2026-11-25T09:00:00.000Z; requested: 2026-11-25T10:00:00.000Z',
    ],
    [
      'a launch time, where the file only had a length',
      input,
      launchingAt('2026-11-25T10:00:00Z'),
      'go-api-1.4.0 already runs with another launch time: set by spec.countdown of the file; requested: 2026-11-25T10:00:00.000Z',
    ],
  ])('refuses to start where the name belongs to %s', async (_, running, asked, message) => {
    const { client } = having(running);
    await expect(temporalGateway({ client, rehearsalClient: client }).start(asked)).rejects.toMatchObject({ code: 'Refused', message });
  });

  it('answers the plan of the countdown that was started in the same way, and says that it ran already', async () => {
    const { client } = having(launchingAt('2026-11-25T09:00:00Z'));
    // The same moment in another zone is the same launch.
    expect(await temporalGateway({ client }).start(launchingAt('2026-11-25T17:00:00+08:00'))).toEqual({
      ...opened,
      started: 'already-running',
    });
  });

  it('knows the countdown that it started itself', async () => {
    let memo: Record<string, unknown> = {};
    const { client } = fakeClient(({ method, args }) => {
      if (method === 'describe') return described({ memo });
      memo = (args[1] as { startWorkflowOperation: { options: { memo: Record<string, unknown> } } }).startWorkflowOperation.options.memo;
      return opened;
    });
    expect(await temporalGateway({ client }).start(input)).toEqual({ ...opened, started: 'started' });
  });

  describe('starting while an ended countdown of the same name sends its last messages', () => {
    const ended = () =>
      new WorkflowUpdateFailedError(
        'failed',
        ApplicationFailure.nonRetryable('go-api-1.4.0 has ended as aborted and is sending its last messages', 'Ended'),
      );

    it('starts a new one as soon as the old one has closed', async () => {
      let memo: Record<string, unknown> = memoOf(input, 'the dead one');
      let starts = 0;
      const { client } = fakeClient(({ method, args }) => {
        if (method === 'describe') return described({ memo });
        starts += 1;
        if (starts === 1) throw ended();
        memo = (args[1] as { startWorkflowOperation: { options: { memo: Record<string, unknown> } } }).startWorkflowOperation.options.memo;
        return opened;
      });
      expect(await temporalGateway({ client }).start(input)).toEqual({ ...opened, started: 'started' });
      expect(starts).toBe(2);
    });

    it('does not start a second time what it started itself and somebody aborted at once', async () => {
      let memo: Record<string, unknown> = {};
      const { client, calls } = fakeClient(({ method, args }) => {
        if (method === 'describe') return described({ memo });
        memo = (args[1] as { startWorkflowOperation: { options: { memo: Record<string, unknown> } } }).startWorkflowOperation.options.memo;
        throw new WorkflowUpdateFailedError('failed', new CancelledFailure('Workflow cancelled'));
      });
      await expect(temporalGateway({ client }).start(input)).rejects.toMatchObject({
        code: 'Closing',
        message: 'the countdown ended while starting go-api-1.4.0',
      });
      expect(calls.filter(({ method }) => method === 'executeUpdateWithStart')).toHaveLength(1);
    });

    it('says so when it does not close in time', async () => {
      const { client } = fakeClient(() => {
        throw ended();
      });
      await expect(temporalGateway({ client, closingTimeoutMs: 0 }).start(input)).rejects.toMatchObject({
        code: 'Closing',
        message: 'go-api-1.4.0 has ended as aborted and is sending its last messages',
        hint: expect.stringContaining('retry in a few seconds'),
      });
    });

    it('never answers with the plan of the dead one as already running', async () => {
      const { client } = fakeClient(({ method }) =>
        method === 'describe' ? described({ memo: memoOf(input, 'the dead one'), phase: 'ended', ending: 'aborted' }) : opened,
      );
      await expect(temporalGateway({ client, closingTimeoutMs: 0 }).start(input)).rejects.toMatchObject({ code: 'Closing' });
    });
  });

  describe('of a countdown that has ended and only sends its last messages, or rolls back', () => {
    it.each(['ended', 'undoing'] as const)('refuses a hold and an abort in phase %s, and sends nothing', async (phase) => {
      const { client, calls } = fakeClient(() => described({ phase }));
      const gateway = temporalGateway({ client });
      await expect(gateway.hold({ ...act, action: 'hold' })).rejects.toMatchObject({ code: 'Refused' });
      await expect(gateway.abort({ ...act, action: 'abort' })).rejects.toMatchObject({ code: 'Refused' });
      expect(calls.map(({ method }) => method)).toEqual(['describe', 'describe']);
    });
  });

  it.each(['opening', 'counting', 'running', 'waiting', 'holding', 'stopped'] as const)('hands a hold over in phase %s', async (phase) => {
    const { client, calls } = fakeClient(({ method }) => (method === 'describe' ? described({ phase }) : undefined));
    await temporalGateway({ client }).hold({ ...act, action: 'hold' });
    expect(calls.map(({ method }) => method)).toEqual(['describe', 'signal']);
  });

  it('names the first run of a countdown, also of one that has continued as new', async () => {
    const { client } = fakeClient(() => described({ run: 'run-2', firstRun: 'run-1' }));
    expect(await temporalGateway({ client }).firstRun('go-api-1.4.0')).toBe('run-1');
  });

  it.each([
    ['runs', described({ run: 'run-1' }), { countdown: 'running', phase: 'counting' }],
    ['has ended and sends its last messages', described({ phase: 'ended', ending: 'aborted' }), { countdown: 'ended', ending: 'aborted' }],
    ['was terminated', described({ status: 'TERMINATED' }), { countdown: 'terminated' }],
  ])('tells of an effect whose countdown %s, and whether its restorer runs', async (_, answer, owner) => {
    const { client } = fakeClient(({ id }) => (id.startsWith('restorer/') ? described() : answer));
    const ref = { workflowId: 'countdown/go-api-1.4.0', firstRunId: 'run-1', release: 'go-api-1.4.0', notify: [] };
    expect(await temporalGateway({ client }).ownerOf(ref)).toMatchObject({ ...owner, restorer: 'running' });
  });

  it('does not take a later countdown of the same name for the owner of an effect', async () => {
    const { client } = fakeClient(({ id, run }) => {
      if (id.startsWith('restorer/')) throw new WorkflowNotFoundError('not found', id, undefined);
      return run === 'run-1' ? described({ status: 'TERMINATED', run: 'run-1' }) : described({ run: 'run-9' });
    });
    const ref = { workflowId: 'countdown/go-api-1.4.0', firstRunId: 'run-1', release: 'go-api-1.4.0', notify: [] };
    expect(await temporalGateway({ client }).ownerOf(ref)).toMatchObject({ countdown: 'terminated', restorer: 'not running' });
  });

  describe('of a countdown that is over', () => {
    const notFound = new WorkflowNotFoundError('workflow execution already completed', 'countdown/go-api-1.4.0', undefined);
    const over = fakeClient(({ method }) => {
      if (method === 'describe') return described({ status: 'COMPLETED', phase: 'ended' });
      throw notFound;
    });
    const gateway = temporalGateway({ client: over.client });

    it.each([
      [
        'an approval',
        () => gateway.submit(act, { payload: '{}', keyId: 'k', signature: 's' }),
        'a checkpoint can be approved only while it is waiting for approval; it has ended',
      ],
      [
        'a hold',
        () => gateway.hold({ ...act, action: 'hold' }),
        'a countdown that has ended or is already rolling back cannot be held; it has ended',
      ],
      [
        'an abort',
        () => gateway.abort({ ...act, action: 'abort' }),
        'a countdown that has ended or is already rolling back cannot be aborted; it has ended',
      ],
    ])('refuses %s with the sentence of the table', async (_, send, message) => {
      await expect(send()).rejects.toMatchObject({ code: 'Refused', message });
    });

    it('still says of one that never was that it is not there', async () => {
      const { client } = fakeClient(() => {
        throw notFound;
      });
      await expect(temporalGateway({ client }).hold({ ...act, action: 'hold' })).rejects.toMatchObject({ code: 'NotFound' });
    });
  });

  it('never skips time in a real countdown', async () => {
    const { client } = fakeClient(() => ({ rehearsal: false }));
    await expect(temporalGateway({ client }).advance('go-api-1.4.0', 1_000)).rejects.toMatchObject({
      code: 'Refused',
      message: expect.stringContaining('is not a rehearsal'),
    });
  });

  it('refuses a rehearsal where time cannot be skipped, rather than starting a real countdown', async () => {
    const { client, calls } = fakeClient(() => undefined);
    await expect(temporalGateway({ client }).start({ ...input, rehearsal: true })).rejects.toMatchObject({ code: 'Refused' });
    expect(calls).toEqual([]);
  });
});
