import { status as grpc } from '@grpc/grpc-js';
import { expect, it } from '@jest/globals';
import { ServiceError, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { workerVersions } from './worker-versions.ts';

const NOW_MS = Date.parse('2026-11-24T09:00:00Z');
const grpcError = (code: number) =>
  new ServiceError('Failed', { cause: Object.assign(new Error('grpc'), { code, details: '', metadata: {} }) });

/** A Temporal that lists workers of these versions, and where a query ends like this. */
function fake({ polled, query }: { polled: string[]; query: () => unknown }) {
  const state = { queries: 0, described: 0, nowMs: NOW_MS };
  const client = {
    options: { namespace: 'shop' },
    workflowService: {
      describeTaskQueue: async () => {
        state.described += 1;
        return { pollers: polled.map((buildId) => ({ lastAccessTime: msNumberToTs(state.nowMs), deploymentOptions: { buildId } })) };
      },
    },
    withDeadline: async <T>(_: number, ask: () => Promise<T>) => await ask(),
    workflow: {
      getHandle: () => ({
        query: async () => {
          state.queries += 1;
          return query();
        },
      }),
    },
  };
  return { state, served: workerVersions(client as unknown as Client, () => state.nowMs) };
}

const noWorker = () => {
  throw grpcError(grpc.FAILED_PRECONDITION);
};
const running = (buildId: string | null) => ({ workflowId: `countdown/${buildId}`, release: 'go-api', buildId });

it('finds that no worker runs for a version that nobody polls for and nobody answers', async () => {
  const { served } = fake({ polled: ['b'], query: noWorker });
  expect(await served([running('a'), running('b'), running('a')])).toEqual([false, true, false]);
});

it('does not call a worker missing that answers, though Temporal lists it in no part of the queue it was asked for', async () => {
  const { served } = fake({ polled: [], query: () => ({ phase: 'counting' }) });
  expect(await served([running('a')])).toEqual([true]);
});

it('takes a countdown that ended meanwhile for served', async () => {
  const { served } = fake({
    polled: [],
    query: () => {
      throw new WorkflowNotFoundError('gone', 'countdown/a', undefined);
    },
  });
  expect(await served([running('a')])).toEqual([true]);
});

it('asks once per version in 15 s, and again after them', async () => {
  const { served, state } = fake({ polled: [], query: noWorker });
  await served([running('a'), running('a'), running(null)]);
  await served([running('a')]);
  expect(state).toMatchObject({ queries: 2, described: 1 });
  state.nowMs += 16_000;
  await served([running('a')]);
  expect(state).toMatchObject({ queries: 3, described: 2 });
});

it('says that Temporal is away rather than that workers are', async () => {
  const { served } = fake({
    polled: [],
    query: () => {
      throw grpcError(grpc.UNAVAILABLE);
    },
  });
  await expect(served([running('a')])).rejects.toMatchObject({ code: 'Unreachable' });
});
