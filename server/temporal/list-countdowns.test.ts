import { expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { defaultDataConverter } from '@temporalio/common/lib/converter/data-converter.js';
import proto from '@temporalio/proto';
import { listCountdowns } from './list-countdowns.ts';
import type { RunningCountdown } from './worker-versions.ts';

interface Execution {
  name: string;
  running: boolean;
  version?: string;
}

const at = (seconds: number) => proto.google.protobuf.Timestamp.fromObject({ seconds });
const bytes = (text: string) => new TextEncoder().encode(text);
const raw = ({ name, running, version }: Execution, index: number) => ({
  execution: { workflowId: `countdown/${name}`, runId: `run-${index}` },
  type: { name: 'countdown' },
  status: running ? 1 : 2,
  historyLength: { toNumber: () => 5 },
  // The list is newest first, as Temporal gives it.
  startTime: at(1_764_000_000 - index),
  ...(running ? {} : { closeTime: at(1_764_000_500 - index) }),
  searchAttributes: {
    indexedFields: version
      ? {
          TemporalWorkerDeploymentVersion: {
            metadata: { encoding: bytes('json/plain'), type: bytes('Keyword') },
            data: bytes(JSON.stringify(version)),
          },
        }
      : {},
  },
});

/** A Temporal with these executions, which answers page by page. */
function fake(executions: Execution[]) {
  const asked: string[] = [];
  const listWorkflowExecutions = async ({
    query,
    pageSize,
    nextPageToken,
  }: {
    query: string;
    pageSize: number;
    nextPageToken?: Uint8Array;
  }) => {
    asked.push(query);
    const open = query.includes('= "Running"') && !query.includes('!=');
    const found = executions.map(raw).filter(({ status }) => (status === 1) === open);
    const from = nextPageToken ? Number(Buffer.from(nextPageToken).toString()) : 0;
    const next = from + pageSize;
    return { executions: found.slice(from, next), nextPageToken: next < found.length ? Buffer.from(String(next)) : new Uint8Array() };
  };
  const options = { namespace: 'shop', loadedDataConverter: defaultDataConverter };
  return { asked, client: { options, workflowService: { listWorkflowExecutions } } as unknown as Client };
}

const named = (count: number, name: string, running: boolean): Execution[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name}-${index}`, running }));
const allServed = async (running: readonly RunningCountdown[]) => running.map(() => true);

it('lists every countdown that runs, however many, and goes through those that have ended page by page without losing one', async () => {
  const { client } = fake([...named(1_203, 'open', true), ...named(1_100, 'closed', false)]);
  const seen = new Set<string>();
  let page: string | null = null;
  const sizes: number[] = [];
  do {
    const { items, nextPage } = await listCountdowns({ client, served: allServed }, page);
    sizes.push(items.length);
    for (const { release } of items) seen.add(release);
    page = nextPage;
  } while (page !== null);
  expect(sizes).toEqual([1_703, 500, 100]);
  expect(seen.size).toBe(2_303);
});

it('has one row for a release that was started again: the one that runs', async () => {
  const { client } = fake([
    { name: 'go-api', running: true },
    { name: 'go-api', running: false },
  ]);
  expect((await listCountdowns({ client, served: allServed }, null)).items).toMatchObject([{ release: 'go-api', running: true }]);
});

it('asks for a worker of the version of each countdown that runs, and of none that has ended', async () => {
  const { client } = fake([
    { name: 'served', running: true, version: 'tminus:8c1f0a6d2b3e' },
    { name: 'stranded', running: true, version: 'tminus:1b2c3d4e5f60' },
    { name: 'over', running: false, version: 'tminus:1b2c3d4e5f60' },
  ]);
  const asked: RunningCountdown[] = [];
  const served = async (running: readonly RunningCountdown[]) => {
    asked.push(...running);
    return running.map(({ buildId }) => buildId === '8c1f0a6d2b3e');
  };
  const { items } = await listCountdowns({ client, served }, null);
  expect(asked.map(({ buildId }) => buildId)).toEqual(['8c1f0a6d2b3e', '1b2c3d4e5f60']);
  expect(items.map(({ release, hasWorker, workerVersion }) => [release, hasWorker, workerVersion])).toEqual([
    ['served', true, '8c1f0a6d2b3e'],
    ['stranded', false, '1b2c3d4e5f60'],
    ['over', null, '1b2c3d4e5f60'],
  ]);
});

it('lists a countdown whose memo it cannot decrypt without its details, and all others whole', async () => {
  const { client } = fake(named(2, 'shop', true));
  const list = client.workflowService.listWorkflowExecutions.bind(client.workflowService);
  client.workflowService.listWorkflowExecutions = (async (asked: Parameters<typeof list>[0]) => {
    const answer = await list(asked);
    const [first] = answer.executions ?? [];
    if (first) first.memo = { fields: { rehearsal: { metadata: { encoding: bytes('binary/encrypted') }, data: bytes('x') } } };
    return answer;
  }) as typeof list;
  const { items } = await listCountdowns({ client, served: async (running) => running.map(() => true) }, null);
  expect(items.map(({ release }) => release).sort()).toEqual(['shop-0', 'shop-1']);
});
