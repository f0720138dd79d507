import { status as grpc } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, type Client } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import type { Act, CountdownInput } from '../workflows/messages.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf } from './gateway-failure.ts';
import { temporalGateway } from './gateway.ts';
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

  it('refuses to start when a countdown of that name runs from another file', async () => {
    const { client } = fakeClient(({ method }) =>
      method === 'describe' ? { memo: { releaseDigest: 'sha256:old' } } : { release: 'go-api-1.4.0', launchAt: '', checkpoints: [] },
    );
    await expect(temporalGateway({ client }).start(input)).rejects.toMatchObject({
      code: 'Refused',
      message: expect.stringContaining('another release file'),
    });
  });

  it('answers the plan of the countdown that already runs from the same file', async () => {
    const { client } = fakeClient(({ method }) =>
      method === 'describe' ? { memo: { releaseDigest: 'sha256:new' } } : { release: 'go-api-1.4.0', launchAt: '', checkpoints: [] },
    );
    expect(await temporalGateway({ client }).start(input)).toMatchObject({ release: 'go-api-1.4.0' });
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
