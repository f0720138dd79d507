import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Environment } from '../../release/environment.ts';
import { temporalWorld, type World } from '../../test/temporal-world.ts';
import { patient } from '../../workflows/activity-options.ts';
import { WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { createNotifyActivities } from './notify.ts';

jest.setTimeout(60_000);

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

it('is retried by Temporal, which keeps the delivered targets: every target gets the message once, under one id', async () => {
  const got: string[] = [];
  const refusals = [503, 503];
  const server = createServer(({ url, headers }, response) => {
    const status = url === '/oncall' ? (refusals.shift() ?? 204) : 204;
    got.push(`${url} ${String(headers['webhook-id'])} ${status}`);
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const targets = ['oncall', 'managers', 'page', 'archive'];
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const notify = Object.fromEntries(targets.map((name) => [name, { type: 'webhook', url: { value: `${address}/${name}` } }]));
  const activities = createNotifyActivities({ environment: { spec: { notify } } as unknown as Environment, environmentFolder: '.' });
  const announcement = {
    key: 'go-api/run/7',
    release: 'go-api',
    service: 'shop/go-api',
    checkpoint: 'final-poll',
    verdict: 'no-go',
    message: 'rollback incomplete',
    at: '2026-11-24T06:00:00Z',
    rehearsal: false,
    targets,
    launchAt: '2026-11-24T09:00:00Z',
  };
  try {
    const untold = await temporal.withWorkers(activities, () =>
      temporal.client.activity.execute<unknown>('notify', {
        id: randomUUID(),
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [announcement],
        ...patient,
        retry: { ...patient.retry, nonRetryableErrorTypes: [...patient.retry.nonRetryableErrorTypes] },
      }),
    );
    expect(untold).toEqual([]);
    expect(got.sort()).toEqual(
      ['archive', 'managers', 'oncall', 'page'].flatMap((name) =>
        (name === 'oncall' ? [204, 503, 503] : [204]).map((status) => `/${name} go-api/run/7 ${status}`),
      ),
    );
  } finally {
    server.close();
  }
});
