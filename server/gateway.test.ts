import { status as grpc } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Act, CountdownInput } from '../workflows/messages.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf } from './gateway-failure.ts';
import { temporalGateway } from './gateway.ts';
import { memoOf } from './start-memo.ts';
import { aOsei } from './testing/example-status.ts';

const grpcError = (code: number): ServiceError =>
  new ServiceError('Failed', { cause: Object.assign(new Error('grpc'), { code, details: '', metadata: {} }) });
const act: Act = {
  id: 'approval-1',
  action: 'approve',
  countdown: 'countdown/go-api-1.4.0',
  checkpoint: 'final-poll',
  revision: 3,
  evidenceDigest: 'sha256:7c',
  principal: aOsei,
  comment: 'go',
  issuedAt: '2026-11-24T08:05:00.000Z',
};

interface Call {
  id: string;
  method: string;
  args: unknown[];
}

/** A client that remembers what it was asked; `answer` may throw. */
function fakeClient(answer: (call: Call) => unknown): { client: Client; calls: Call[] } {
  const calls: Call[] = [];
  const told =
    (id: string, method: string) =>
    async (...args: unknown[]) => {
      const call = { id, method, args };
      calls.push(call);
      return answer(call);
    };
  const handle = (id: string) => new Proxy({}, { get: (_, method) => told(id, String(method)) });
  const client = {
    workflowService: { getSystemInfo: async () => ({}) },
    withDeadline: async <T>(_: number, go: () => Promise<T>) => await go(),
    workflow: { getHandle: handle, executeUpdateWithStart: told('', 'executeUpdateWithStart') },
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

  it('leaves bugs as they are', () => {
    const bug = new TypeError('a bug');
    expect(code(bug)).toBe(bug);
    expect(code(grpcError(grpc.PERMISSION_DENIED))).toBeInstanceOf(ServiceError);
  });
});

describe('the gateway', () => {
  it("sends a decision under the caller's id, so that sending it twice counts once", async () => {
    const { client, calls } = fakeClient(() => ({ ok: true, sentence: 'counted', phase: 'waiting', revision: 3 }));
    await temporalGateway({ client }).act(act, { payload: '{}', keyId: 'k', signature: 's' });
    expect(calls).toMatchObject([
      { id: 'countdown/go-api-1.4.0', method: 'executeUpdate', args: [{ name: 'act' }, { updateId: 'approval-1' }] },
    ]);
  });

  it('sends nothing to a Temporal server that does not answer a ping, however long its client would go on trying', async () => {
    const { client, calls } = fakeClient(() => undefined);
    client.workflowService.getSystemInfo = (() => new Promise(() => undefined)) as never;
    await expect(
      temporalGateway({ client, pingTimeoutMs: 1 }).act(act, { payload: '{}', keyId: 'k', signature: 's' }),
    ).rejects.toMatchObject({ code: 'Unreachable' });
    expect(calls).toEqual([]);
  });

  it('aborts by saying who and why first, then cancelling', async () => {
    const { client, calls } = fakeClient(() => undefined);
    await temporalGateway({ client }).abort({ ...act, action: 'abort', comment: 'wrong image' });
    expect(calls.map(({ method }) => method)).toEqual(['signal', 'cancel']);
    expect(calls[0]?.args).toMatchObject([{ name: 'abort' }, { reason: 'wrong image', by: { subject: 'a.osei' } }]);
  });

  it('holds by signal, which lands without a worker', async () => {
    const { client, calls } = fakeClient(() => undefined);
    await temporalGateway({ client }).hold({ ...act, action: 'hold', comment: 'odd' });
    expect(calls).toMatchObject([{ method: 'signal', args: [{ name: 'hold' }, { reason: 'odd' }] }]);
  });

  const input = {
    release: { metadata: { name: 'go-api-1.4.0' }, spec: { service: { image: 'go-api:sha-1' } } },
    releaseDigest: 'sha256:new',
    rehearsal: false,
  } as unknown as CountdownInput;
  const launchingAt = (launchAt: string): CountdownInput => ({
    ...input,
    release: { ...input.release, spec: { ...input.release.spec, launchAt } },
  });
  const opened = { release: 'go-api-1.4.0', launchAt: '', checkpoints: [] };
  /** A Temporal on which the name belongs to a countdown that was started like this. */
  const having = (running: CountdownInput) =>
    fakeClient(({ method }) => (method === 'describe' ? { memo: memoOf(running, 'of another start') } : opened));

  it.each([
    ['another file', { ...input, releaseDigest: 'sha256:old' }, input, 'go-api-1.4.0 is already counting down from another release file'],
    [
      'a rehearsal, asked for the real thing',
      { ...input, rehearsal: true },
      input,
      'go-api-1.4.0 is a rehearsal that is under way; the real countdown is not started beside it',
    ],
    [
      'the real thing, asked for a rehearsal',
      input,
      { ...input, rehearsal: true },
      'go-api-1.4.0 is a real countdown that is under way; a rehearsal does not touch it',
    ],
    [
      'another launch time',
      launchingAt('2026-11-25T09:00:00Z'),
      launchingAt('2026-11-25T10:00:00Z'),
      'go-api-1.4.0 is already counting down to another launch time: 2026-11-25T09:00:00.000Z, and 2026-11-25T10:00:00.000Z was asked for',
    ],
    [
      'a launch time, where the file only had a length',
      input,
      launchingAt('2026-11-25T10:00:00Z'),
      'go-api-1.4.0 is already counting down to another launch time: the countdown of the file, and 2026-11-25T10:00:00.000Z was asked for',
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
    let memo: unknown;
    const { client } = fakeClient(({ method, args }) => {
      if (method === 'describe') return { memo };
      memo = (args[1] as { startWorkflowOperation: { options: { memo: unknown } } }).startWorkflowOperation.options.memo;
      return opened;
    });
    expect(await temporalGateway({ client }).start(input)).toEqual({ ...opened, started: 'started' });
  });

  describe('of a countdown that is over', () => {
    const notFound = new WorkflowNotFoundError('workflow execution already completed', 'countdown/go-api-1.4.0', undefined);
    const over = fakeClient(({ method }) => {
      if (method === 'describe') return { status: { name: 'COMPLETED' } };
      throw notFound;
    });
    const gateway = temporalGateway({ client: over.client });

    it.each([
      [
        'an approval',
        () => gateway.act(act, { payload: '{}', keyId: 'k', signature: 's' }),
        'a checkpoint can be approved only while it waits for people; it is over',
      ],
      ['a hold', () => gateway.hold({ ...act, action: 'hold' }), 'only a countdown that is under way can be held; it is over'],
      [
        'an abort',
        () => gateway.abort({ ...act, action: 'abort' }),
        'a countdown that has ended or is already rolling back cannot be aborted; it is over',
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
      message: expect.stringContaining('no rehearsal'),
    });
  });

  it('refuses a rehearsal where time cannot be skipped, rather than starting a real countdown', async () => {
    const { client, calls } = fakeClient(() => undefined);
    await expect(temporalGateway({ client }).start({ ...input, rehearsal: true })).rejects.toMatchObject({ code: 'Refused' });
    expect(calls).toEqual([]);
  });
});
