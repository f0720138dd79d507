import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiFailure, toApplicationFailure } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import { createClusterClient, createClusterClients, deployments, pods, readDeployment, readPodLog, type ClusterClient } from './client.ts';
import { labelSelector, readDeploymentPods } from './pods.ts';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let client: ClusterClient;
let loads: number;
let unreadable: boolean;
let asked: string[];

const say =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));

beforeEach(async () => {
  loads = 0;
  unreadable = false;
  asked = [];
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`);
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  client = createClusterClient('prod-east', () => {
    loads += 1;
    if (unreadable) throw refuse('Misconfigured', 'the kubeconfig cannot be read: it is empty');
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'u', token: `token-${loads}` }],
      contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
      currentContext: 'x',
    });
    return config;
  });
});
afterEach(
  () =>
    new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    }),
);

const failure = async (act = () => readDeployment(client, 'shop', 'go-api') as Promise<unknown>): Promise<ApiFailure> => {
  const error = await act().then(
    () => new Error('it did not fail'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ApiFailure)) throw error;
  return error;
};

describe('the cluster client', () => {
  it.each<[number, string, boolean, RegExp]>([
    [401, 'Forbidden', false, /could not get deployments\.apps shop\/go-api: the credentials were rejected \(401\)/],
    [403, 'Forbidden', false, /could not get deployments\.apps shop\/go-api: forbidden \(403\); grant this identity the verb "get"/],
    [404, 'NotFound', false, /not found \(404\)/],
    [409, 'Conflict', false, /changed at the same time \(409\)/],
    [429, 'TooManyRequests', false, /too many requests \(429\)/],
    [500, 'ApiServerFailing', false, /the API server failed \(500: etcd is away\)/],
    [503, 'ApiServerFailing', false, /the API server failed \(503: etcd is away\)/],
    [422, 'Refused', true, /rejected \(422: etcd is away\)/],
  ])('converts %i to a message with verb and resource, and to the failure %s', async (status, type, nonRetryable, sentence) => {
    answer = say(status, { message: 'etcd is away' });
    const error = await failure();
    expect(error.message).toMatch(sentence);
    expect(error.message).toMatch(/^cluster prod-east: /);
    expect(toApplicationFailure(error)).toMatchObject({ type, nonRetryable, message: error.message });
  });

  it('is final for an object that the API server reports as not found, and left to the caller for a 404 of a proxy', async () => {
    const missing = (name: string) => ({
      kind: 'Status',
      reason: 'NotFound',
      message: `deployments.apps "${name}" not found`,
      details: { name, group: 'apps', kind: 'deployments' },
    });
    answer = say(404, missing('go-api'));
    expect(toApplicationFailure(await failure())).toMatchObject({ type: 'NotFound', nonRetryable: true });
    for (const body of ['404 page not found', missing('other'), { kind: 'Status', reason: 'NotFound', message: 'no such cluster' }]) {
      answer = say(404, body);
      expect(toApplicationFailure(await failure())).toMatchObject({ type: 'NotFound', nonRetryable: false });
    }
  });

  it('reports a change that admission denies with its reason, not as a missing permission', async () => {
    answer = say(403, { message: 'admission webhook "images.example.org" denied the request: not signed' });
    expect((await failure()).message).toBe(
      'cluster prod-east: could not get deployments.apps shop/go-api: rejected (403: admission webhook "images.example.org" denied the request: not signed)',
    );
  });

  it('tries a patch without writing it where a dry run is asked for', async () => {
    answer = say(200, { metadata: { name: 'go-api' } });
    const body = { metadata: { annotations: { a: 'b' } } };
    const path = '/apis/apps/v1/namespaces/shop/deployments/go-api?fieldManager=tminus';
    await client.dryRunPatch(deployments('shop', 'go-api'), body, 'application/strategic-merge-patch+json');
    await client.patch(deployments('shop', 'go-api'), body, 'application/strategic-merge-patch+json');
    expect(asked.map((line) => line.trim().replace(/ Bearer.*/u, ''))).toEqual([`PATCH ${path}&dryRun=All`, `PATCH ${path}`]);
  });

  it('comes back when the server asked for it', async () => {
    answer = say(429, {}, { 'retry-after': '7' });
    const error = await failure();
    expect(error.retryAfterMs).toBe(7_000);
    expect(toApplicationFailure(error)).toMatchObject({ nextRetryDelay: 7_000 });
  });

  it('reads the kubeconfig again after a 401, once: tokens rotate', async () => {
    answer = (request, response) =>
      say(request.headers.authorization === 'Bearer token-2' ? 200 : 401, { metadata: { name: 'go-api' } })(request, response);
    expect(await readDeployment(client, 'shop', 'go-api')).toMatchObject({ metadata: { name: 'go-api' } });
    expect(loads).toBe(2);
    answer = say(401, {});
    expect((await failure()).status).toBe(401);
    expect(loads).toBe(3);
  });

  it('is still not known, and not misconfigured, while a kubeconfig is written anew', async () => {
    answer = say(200, { metadata: { name: 'go-api' } });
    await readDeployment(client, 'shop', 'go-api');
    unreadable = true;
    answer = say(401, {});
    expect((await failure()).status).toBe(401);
    unreadable = false;
    answer = (request, response) => say(request.headers.authorization === 'Bearer token-3' ? 200 : 401, {})(request, response);
    await readDeployment(client, 'shop', 'go-api');
  });

  it('reports an unknown outcome when the connection breaks or the response is not JSON', async () => {
    answer = (request) => void request.socket.destroy();
    expect(await failure()).toMatchObject({
      status: 0,
      outcomeUnknown: true,
      message: expect.stringContaining('no response from the API server'),
    });
    answer = say(200, '<html>');
    expect(await failure()).toMatchObject({ status: 0, outcomeUnknown: true });
    answer = say(502, 'Bad Gateway');
    expect(await failure()).toMatchObject({ status: 502, outcomeUnknown: true });
    answer = say(409, {});
    expect(await failure()).toMatchObject({ conflict: true, outcomeUnknown: false });
  });

  it('reads lists page by page', async () => {
    answer = (request, response) =>
      request.url?.includes('continue=next')
        ? say(200, { items: [{ n: 2 }], metadata: {} })(request, response)
        : say(200, { items: [{ n: 1 }], metadata: { continue: 'next' } })(request, response);
    expect(await client.list(pods('shop'), 'app=go-api')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(asked[1]).toContain('/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%3Dgo-api&continue=next');
  });

  it('reads the log of a pod since a time and up to a limit, and names a missing permission', async () => {
    answer = say(200, 'serving\n{"msg":"Query"}\n');
    const range = { container: 'go-api', since: new Date('2026-11-25T21:40:00.500Z'), limitBytes: 1_024 };
    expect(await readPodLog(client, 'shop-staging', 'go-api-1', range)).toBe('serving\n{"msg":"Query"}\n');
    expect(asked[0]).toContain(
      'GET /api/v1/namespaces/shop-staging/pods/go-api-1/log?container=go-api&sinceTime=2026-11-25T21%3A40%3A00.500Z&limitBytes=1024',
    );
    answer = say(403, {});
    expect((await failure(() => readPodLog(client, 'shop-staging', 'go-api-1', range))).message).toBe(
      'cluster prod-east: could not get pods/log shop-staging/go-api-1: forbidden (403); grant this identity the verb "get"',
    );
  });

  it('refuses clusters that the environment file does not name', () => {
    const clients = createClusterClients({ spec: { clusters: { lab: { kubeconfig: '/no/such/file' } } } } as never);
    expect(() => clients('prod')).toThrow('the environment file has no cluster prod; it has lab');
    expect(() => clients('toString')).toThrow('has no cluster toString');
  });

  it('names an unreadable kubeconfig', async () => {
    const clients = createClusterClients({ spec: { clusters: { lab: { kubeconfig: 'no/such/file' } } } } as never, '/folder');
    await expect(clients('lab').get(deployments('shop', 'go-api'))).rejects.toMatchObject({
      type: 'Misconfigured',
      message: expect.stringContaining('/folder/no/such/file'),
    });
  });
});

describe('the pods that serve', () => {
  it('are those of the current ReplicaSet alone: no evicted, terminating or foreign pod', async () => {
    const revision = { 'deployment.kubernetes.io/revision': '2' };
    const owner = (kind: string, uid: string) => [{ kind, name: uid, uid, controller: true }];
    const pod = (name: string, hash: string, more: object = {}, phase = 'Running') => ({
      metadata: { name, labels: { 'pod-template-hash': hash }, ownerReferences: owner('ReplicaSet', hash), ...more },
      spec: { containers: [] },
      status: { phase },
    });
    answer = (request, response) => {
      const items = request.url?.includes('/replicasets')
        ? [
            {
              metadata: {
                name: 'new',
                uid: 'new',
                annotations: revision,
                labels: { 'pod-template-hash': 'new' },
                ownerReferences: owner('Deployment', 'd'),
              },
              spec: { template: { spec: { containers: [] } } },
            },
            {
              metadata: {
                name: 'old',
                uid: 'old',
                annotations: { 'deployment.kubernetes.io/revision': '1' },
                labels: { 'pod-template-hash': 'old' },
                ownerReferences: owner('Deployment', 'd'),
              },
              spec: { template: { spec: { containers: [] } } },
            },
          ]
        : [
            pod('a', 'new'),
            pod('evicted', 'new', {}, 'Failed'),
            pod('leaving', 'new', { deletionTimestamp: 'now' }),
            pod('b', 'old'),
            pod('foreign', 'new', { ownerReferences: owner('ReplicaSet', 'other') }),
          ];
      const deployment = {
        metadata: { name: 'go-api', uid: 'd', annotations: revision },
        spec: { selector: { matchLabels: { app: 'go-api' } }, template: { spec: { containers: [] } } },
      };
      say(200, request.url?.includes('/deployments/') ? deployment : { items })(request, response);
    };
    const { pods } = await readDeploymentPods(client, { cluster: 'c', namespace: 'shop', deployment: 'go-api', container: 'go-api' });
    expect(pods.map(({ name, terminating }) => [name, terminating])).toEqual([
      ['a', false],
      ['leaving', true],
    ]);
  });

  it('are selected by every form of a label selector', () => {
    expect(
      labelSelector({
        matchLabels: { app: 'a' },
        matchExpressions: [
          { key: 'tier', operator: 'In', values: ['x', 'y'] },
          { key: 'old', operator: 'DoesNotExist' },
        ],
      }),
    ).toBe('app=a,tier in (x,y),!old');
  });
});
