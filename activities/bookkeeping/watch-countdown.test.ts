import { expect, it } from '@jest/globals';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { watchCountdown } from './watch-countdown.ts';

const countdown = { workflowId: 'countdown/go-api', firstRunId: 'first', release: 'go-api', notify: [] };

/** A server on which a later countdown of the same name runs; `ended` says how the first one ended. */
const serverWith = (ended: () => Promise<unknown>) => ({
  workflow: {
    getHandle: (_id: string, runId?: string) => ({
      describe: async () => ({ runId: 'later', status: { name: 'RUNNING' }, raw: { workflowExecutionInfo: { firstRunId: 'later' } } }),
      result: () => (runId === 'first' ? ended() : new Promise(() => undefined)),
    }),
  },
});

const watched = (ended: () => Promise<unknown>) =>
  watchCountdown(
    {
      client: serverWith(ended) as unknown as Client,
      activity: () => ({ heartbeat: () => undefined, signal: new AbortController().signal }),
    },
    { countdown, dueAtMs: null },
  );

it('reports a launch although the next countdown of the name has started since', async () => {
  expect(await watched(async () => ({ ending: 'launched', message: '' }))).toMatchObject({ kind: 'closed', ending: 'launched' });
});

it.each([
  ['was terminated', new WorkflowFailedError('Workflow execution terminated', undefined, 'NON_RETRYABLE_FAILURE' as never)],
  ['is not kept any more', new WorkflowNotFoundError('not found', 'countdown/go-api', 'first')],
])('one that %s while the next of its name has begun has no ending', async (_, error) => {
  expect(await watched(() => Promise.reject(error))).toMatchObject({ kind: 'closed', ending: null });
});

it('asks no more than once in two seconds where the server answers that it runs and does not let anybody wait for its end', async () => {
  let described = 0;
  const stop = new AbortController();
  const handle = {
    describe: async () => {
      described += 1;
      return { runId: 'first', status: { name: 'RUNNING' }, raw: { workflowExecutionInfo: { firstRunId: 'first' } } };
    },
    result: () => new Promise((_, refused) => setTimeout(refused, 1, new Error('PERMISSION_DENIED'))),
  };
  const client = { workflow: { getHandle: () => handle } } as unknown as Client;
  const watching = watchCountdown(
    { client, activity: () => ({ heartbeat: () => undefined, signal: stop.signal }) },
    { countdown, dueAtMs: null },
  );
  await new Promise((soon) => setTimeout(soon, 300));
  stop.abort();
  await expect(watching).rejects.toThrow();
  expect(described).toBe(1);
});
