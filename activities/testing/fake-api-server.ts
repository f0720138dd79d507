// A fake API server over HTTP, for what opens a kubeconfig by itself; it also answers `/healthz` as the service would.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiFailure, type Resource } from '../kubernetes/api-failure.ts';
import type { FakeClusterApi } from './fake-cluster-api.ts';

export interface FakeApiServer {
  url: string;
  /** `PATCH /apis/...` and the like, in order. */
  requests: string[];
  kubeconfig: string;
  close(): Promise<void>;
}

export async function serveFakeApi(api: FakeClusterApi): Promise<FakeApiServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url = '/' } = request;
      const body = await textOf(request);
      if (method !== 'GET') requests.push(`${method} ${url.split('?')[0]}`);
      const { status, answer } =
        url === '/healthz' ? { status: 200, answer: { status: 'ok' } } : await answerOf(api, method, new URL(url, 'http://fake'), body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    })();
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    kubeconfig: kubeconfigOf(url),
    close: () => new Promise((done) => server.close(() => done()).closeAllConnections()),
  };
}

async function answerOf(api: FakeClusterApi, method: string, url: URL, body: string): Promise<{ status: number; answer: unknown }> {
  const resource = resourceOf(url.pathname);
  try {
    if (method === 'POST') return { status: 201, answer: await api.client.create(resource, JSON.parse(body)) };
    if (method === 'PATCH')
      return { status: 200, answer: await api.client.patch(resource, JSON.parse(body), 'application/json-patch+json') };
    if (resource.name !== undefined) return { status: 200, answer: await api.client.get(resource) };
    return { status: 200, answer: { items: await api.client.list(resource, url.searchParams.get('labelSelector') ?? '') } };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const { status, message, gone } = error;
    return { status, answer: { kind: 'Status', message, ...(gone ? { reason: 'NotFound', details: { name: resource.name } } : {}) } };
  }
}

function resourceOf(path: string): Resource {
  const [, group = '', version = '', namespace = '', resource = '', name] =
    /^\/(?:api|apis\/([^/]+))\/([^/]+)\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  return { group, version, namespace, resource, ...(name === undefined ? {} : { name }) };
}

async function textOf(request: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'me', user: { token: 'fake' } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'me' } }],
  });
