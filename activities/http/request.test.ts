import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readPage } from './read-page.ts';
import { RequestError } from './request-error.ts';
import { request, statusOf, wholeBody, type RequestOptions } from './request.ts';

/** Enough for anything on this machine; a test that reaches it fails. */
const LIMITS = { timeoutMs: 10_000, limitBytes: 1_000 };
/** Long enough for a connection on a busy machine, which the server has to see before it is closed. */
const SHORT_MS = 1_000;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const serve = async (listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listening(createServer(listener))}/secret-path`;

const get = async (url: string, options: Partial<RequestOptions> = {}): Promise<string> =>
  (await wholeBody(await request({ url, ...LIMITS, ...options }))).toString();

/** The reason of a request that has to fail. */
async function reasonWhen(url: string, options: Partial<RequestOptions> = {}): Promise<string> {
  const error = await get(url, options).then(
    (body) => new Error(`it was not refused: ${body.slice(0, 80)}`),
    (cause: unknown) => cause,
  );
  if (!(error instanceof RequestError)) throw error;
  return error.reason;
}

/** Writes without end, as fast as it is read. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(100)));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

/** Resolves when the client has closed the connection of the first request. */
function closedByClient(respond: RequestListener): { listener: RequestListener; closed: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener: RequestListener = (incoming, response) => {
    response.once('close', resolve);
    respond(incoming, response);
  };
  return { listener, closed: promise };
}

describe('a request', () => {
  it('sends exactly the bytes of its body, and our headers', async () => {
    let got: { incoming: IncomingMessage; body: string } | undefined;
    const url = await serve((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        got = { incoming, body: Buffer.concat(chunks).toString() };
        response.writeHead(201, { 'x-answer': 'yes' }).end('made');
      });
    });
    const body = ' { "key" : "ü" }\n';
    const response = await request({ url, body, headers: { 'content-type': 'application/json', 'x-signature': 'abc' }, ...LIMITS });
    expect(response).toMatchObject({ status: 201, headers: { 'x-answer': 'yes' } });
    expect((await wholeBody(response)).toString()).toBe('made');
    expect(got?.body).toBe(body);
    expect(got?.incoming).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-signature': 'abc', accept: '*/*', 'user-agent': 'tminus' },
    });
  });

  it.each([204, 404, 500])('gives the response whatever its status is: %i', async (status) => {
    const url = await serve((_incoming, response) => response.writeHead(status).end());
    expect((await request({ url, ...LIMITS })).status).toBe(status);
  });

  it('does not follow a redirect, and reports where it leads', async () => {
    let followed = false;
    const other = await serve((_incoming, response) => {
      followed = true;
      response.end('elsewhere');
    });
    const url = await serve((_incoming, response) => response.writeHead(302, { location: other }).end('moved'));
    const response = await request({ url, ...LIMITS });
    expect((await wholeBody(response)).toString()).toBe('moved');
    expect(statusOf(response)).toBe(`HTTP 302 (redirect to ${new URL(other).host}, not followed)`);
    expect(followed).toBe(false);
  });

  it('does not use the proxy of the environment', async () => {
    let proxied = false;
    const proxy = await serve((_incoming, response) => {
      proxied = true;
      response.end('proxy');
    });
    const url = await serve((_incoming, response) => response.end('direct'));
    process.env['HTTP_PROXY'] = new URL(proxy).origin;
    process.env['http_proxy'] = new URL(proxy).origin;
    try {
      expect(await get(url)).toBe('direct');
    } finally {
      delete process.env['HTTP_PROXY'];
      delete process.env['http_proxy'];
    }
    expect(proxied).toBe(false);
  });

  it('reuses an idle connection, unless a new one is asked for', async () => {
    const ports: (number | undefined)[] = [];
    const url = await serve((incoming, response) => {
      ports.push(incoming.socket.remotePort);
      response.end();
    });
    for (const newConnection of [false, false, true, true]) await get(url, { newConnection });
    expect(ports[1]).toBe(ports[0]);
    expect(new Set(ports).size).toBe(3);
  });

  it('closes the connection of an unread response', async () => {
    const { listener, closed } = closedByClient((_incoming, response) => endless(response));
    const response = await request({ url: await serve(listener), ...LIMITS });
    response.close();
    await closed;
  });
});

describe('the time limit', () => {
  it('covers the wait for the first byte', async () => {
    const { listener, closed } = closedByClient(() => undefined);
    expect(await reasonWhen(await serve(listener), { timeoutMs: SHORT_MS })).toBe('timed out after 1 s');
    await closed;
  });

  it('covers a body that comes slowly, to its last byte', async () => {
    const { listener, closed } = closedByClient((_incoming, response) => {
      const timer = setInterval(() => response.write('x'), SHORT_MS / 10);
      response.once('close', () => clearInterval(timer));
    });
    expect(await reasonWhen(await serve(listener), { timeoutMs: SHORT_MS })).toBe('timed out after 1 s');
    await closed;
  });
});

describe('the size limit', () => {
  it.each([
    [1_000, undefined],
    [1_001, 'the response exceeds 1000 bytes'],
  ])('with %i bytes where 1000 are allowed gives %j', async (sizeBytes, reason) => {
    const url = await serve((_incoming, response) => response.end('x'.repeat(sizeBytes)));
    if (reason === undefined) expect(await get(url)).toHaveLength(sizeBytes);
    else expect(await reasonWhen(url)).toBe(reason);
  });

  it('ends an endless body, and its connection', async () => {
    const { listener, closed } = closedByClient((_incoming, response) => endless(response));
    expect(await reasonWhen(await serve(listener))).toBe('the response exceeds 1000 bytes');
    await closed;
  });

  it('counts decompressed bytes: a gzip bomb of 10 kB is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * 1024 ** 2));
    expect(bomb.byteLength).toBeLessThan(20_000);
    const url = await serve((_incoming, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect(await reasonWhen(url, { limitBytes: 100_000 })).toBe('the response exceeds 100000 bytes');
  });

  it('gives the decompressed bytes of a response within it', async () => {
    const url = await serve((_incoming, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('plain')));
    expect(await get(url)).toBe('plain');
  });
});

describe('the reason of a failure', () => {
  it('names a connection that was closed before a response', async () => {
    expect(await reasonWhen(await serve((incoming) => incoming.socket.destroy()))).toBe('the connection was closed before a response');
  });

  it.each([
    ['of known length', { 'content-length': '100' }],
    ['in chunks', {}],
  ])('names a connection that was closed in the middle of a body %s', async (_what, headers) => {
    const url = await serve((_incoming, response) => {
      response.writeHead(200, headers);
      response.write('0123456789', () => setImmediate(() => response.destroy()));
    });
    expect(await reasonWhen(url)).toBe('the connection was closed in the middle of the response');
  });

  it('names the refused port', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((closed) => servers.pop()?.close(closed));
    expect(await reasonWhen(`http://127.0.0.1:${port}/`)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('names the host that has no address', async () => {
    // Without any name server it is EAI_AGAIN.
    expect(await reasonWhen('http://no-such-host.invalid/')).toMatch(/^getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host\.invalid$/);
  });

  it('names the certificate of an unknown authority', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'http-'));
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-days', '1'];
      execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });
      let reached = false;
      const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_incoming, response) => {
        reached = true;
        response.end();
      });
      expect(await reasonWhen(`https://127.0.0.1:${await listening(tls)}/`)).toMatch(/self-signed certificate/);
      expect(reached).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ['http://bot:s3cret@127.0.0.1/', 'the address contains a user name or password, which is not supported'],
    ['file:///etc/s3cret', 'the address is not one of http or https'],
    ['127.0.0.1/s3cret', 'the address is not one of http or https'],
  ])('refuses %s without quoting it', async (url, reason) => {
    expect(await reasonWhen(url)).toBe(reason);
  });

  it('never contains the path or the headers of the request, however it is printed', async () => {
    const url = await serve((incoming) => incoming.socket.destroy());
    const error: unknown = await request({ url, headers: { authorization: 'Bearer s3cret' }, ...LIMITS }).catch((cause: unknown) => cause);
    expect((error as Error).message).toBe(`no usable response from ${new URL(url).host}: the connection was closed before a response`);
    expect(inspect(error, { depth: 10 })).not.toMatch(/secret-path|s3cret/);
  });
});

describe('a cancellation', () => {
  const cancelled = new Error('cancelled');

  it('before the request sends nothing, and is thrown as its own reason', async () => {
    let reached = false;
    const url = await serve((_incoming, response) => {
      reached = true;
      response.end();
    });
    await expect(get(url, { signal: AbortSignal.abort(cancelled) })).rejects.toBe(cancelled);
    expect(reached).toBe(false);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['before a response', () => undefined],
    ['in the middle of a body', (response) => void response.write('x')],
  ])('%s closes the connection, and is thrown as its own reason', async (_when, respond) => {
    const cancel = new AbortController();
    const { listener, closed } = closedByClient((_incoming, response) => {
      respond(response);
      setTimeout(() => cancel.abort(cancelled), 20);
    });
    await expect(get(await serve(listener), { signal: cancel.signal })).rejects.toBe(cancelled);
    await closed;
  });
});

describe('a page', () => {
  it('is the whole body of a 200', async () => {
    const url = await serve((_incoming, response) => response.end('page'));
    expect(Buffer.from(await readPage({ url, ...LIMITS })).toString()).toBe('page');
  });

  it.each([
    [500, 'no memory\nstack trace', 'HTTP 500: no memory'],
    [404, '', 'HTTP 404'],
    [204, '', 'HTTP 204'],
  ])('is refused with status %i and the first line of its body', async (status, body, reason) => {
    const url = await serve((_incoming, response) => response.writeHead(status).end(body));
    await expect(readPage({ url, ...LIMITS })).rejects.toMatchObject({ name: 'RequestError', reason });
  });
});
