import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Environment } from '../release/environment.ts';
import { askHealth, healthUrl } from './health.ts';

let server: Server;
let answer: { status: number; body: string };
let clientPorts: (number | undefined)[];
beforeEach(async () => {
  clientPorts = [];
  server = createServer((request, response) => {
    clientPorts.push(request.socket.remotePort);
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (status: number, body: string) => {
  answer = { status, body };
  return askHealth(`http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`);
};

it('is healthy with 200 and a body of status ok', async () => {
  expect(await ask(200, '{"status":"ok"}')).toMatchObject({ ok: true, detail: '200 {"status":"ok"}' });
});

it.each([
  [200, '{"status":"down"}'],
  [200, '{"status":"OK?"}'],
  [200, '{"healthy":true}'],
  [200, 'ok'],
  [200, 'null'],
  [200, ''],
  [503, '{"status":"ok"}'],
])('is not healthy with %i and the body %j', async (status, body) => {
  expect(await ask(status, body)).toMatchObject({ ok: false, detail: `${status} ${body}`.trim() });
});

it('opens a new connection for each request, so that a Service chooses a pod again', async () => {
  for (let request = 0; request < 3; request += 1) await ask(200, '{"status":"ok"}');
  expect(new Set(clientPorts).size).toBe(3);
});

it('is not healthy with a page larger than 64 KiB', async () => {
  expect(await ask(200, `{"status":"ok"}${' '.repeat(65_536)}`)).toMatchObject({ ok: false, detail: 'the response exceeds 65536 bytes' });
});

it('is not healthy where nothing answers', async () => {
  const { port } = server.address() as AddressInfo;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  expect(await askHealth(`http://127.0.0.1:${port}/healthz`)).toMatchObject({ ok: false, detail: expect.stringContaining('ECONNREFUSED') });
});

const environment = { spec: { targets: { shop: { url: 'http://shop.example.com/base/' } } } } as unknown as Environment;

it('stays with the host of the target', () => {
  expect(healthUrl(environment, 'shop', '/healthz')).toBe('http://shop.example.com/healthz');
});

it.each(['http://169.254.169.254/latest', '//other.example.com/x', '/\\other.example.com/x', '/\t/other.example.com/x'])(
  'refuses a path that leaves the host: %j',
  (path) => {
    expect(() => healthUrl(environment, 'shop', path)).toThrow('points to another host than that of target shop');
  },
);
