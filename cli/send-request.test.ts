import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from '@jest/globals';
import { RequestFailed, sendRequest } from './send-request.ts';

const TIMEOUT_MS = 10_000;
const SHORT_MS = 200;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(url: string, timeoutMs = TIMEOUT_MS): Promise<RequestFailed> {
  try {
    await text((await sendRequest({ url, timeoutMs, headers: { authorization: 'Bearer s3cret' } })).body);
  } catch (error) {
    if (error instanceof RequestFailed) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

it('sends JSON by POST with the given headers, and a GET without a body', async () => {
  const got: unknown[] = [];
  const url = await serve((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk) => (body += String(chunk)));
    incoming.on('end', () => {
      const { authorization, accept, 'content-type': type, 'user-agent': agent } = incoming.headers;
      got.push([incoming.method, body, authorization, accept, agent, type]);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain'));
    });
  });
  const headers = { authorization: 'Bearer t' };
  const { body, ok } = await sendRequest({ url, headers, json: { action: 'hold' }, timeoutMs: TIMEOUT_MS });
  expect([ok, await text(body)]).toEqual([true, 'plain']);
  (await sendRequest({ url, headers, timeoutMs: TIMEOUT_MS })).close();
  expect(got).toEqual([
    ['POST', '{"action":"hold"}', 'Bearer t', '*/*', 'tminus', 'application/json'],
    ['GET', '', 'Bearer t', '*/*', 'tminus', undefined],
  ]);
});

it('does not send the token to the target of a redirect', async () => {
  let followed = false;
  const other = await serve((_incoming, response) => {
    followed = true;
    response.end();
  });
  const url = await serve((_incoming, response) => response.writeHead(307, { location: other }).end());
  const reply = await sendRequest({ url, timeoutMs: TIMEOUT_MS });
  reply.close();
  expect(reply).toMatchObject({ status: 307, ok: false });
  expect(followed).toBe(false);
});

it.each<[string, RequestListener]>([
  ['does not respond', () => undefined],
  [
    'does not end its response',
    (_incoming, response) => {
      const timer = setInterval(() => response.write('x'), SHORT_MS / 10);
      response.once('close', () => clearInterval(timer));
    },
  ],
])('times out if the server %s', async (_what, listener) => {
  expect(await failureOf(await serve(listener), SHORT_MS)).toMatchObject({ message: 'timed out after 0.2 s', neverSent: false });
});

it.each<[string, RequestListener, string]>([
  ['before a response', (incoming) => incoming.socket.destroy(), 'the connection was closed before a response'],
  [
    'in the middle of one',
    (_incoming, response) => {
      response.write('half', () => setImmediate(() => response.destroy()));
    },
    'the connection was closed in the middle of the response',
  ],
])('fails if the connection breaks %s, and may have been received', async (_when, listener, message) => {
  expect(await failureOf(await serve(listener))).toMatchObject({ message, neverSent: false });
});

it('reports a refused connection as never sent, without the token', async () => {
  const url = await serve(() => undefined);
  await new Promise((closed) => servers.pop()?.close(closed));
  const failure = await failureOf(url);
  expect(failure).toMatchObject({ message: `connect ECONNREFUSED ${new URL(url).host}`, neverSent: true });
  expect(inspect(failure, { depth: 10 })).not.toContain('s3cret');
});
