// Starts the HTTP server, by default on loopback.
import { createServer as createTlsServer } from 'node:https';
import { serve, type ServerType } from '@hono/node-server';
import { createApp, type AppOptions } from './app.ts';

export interface ServerOptions extends Omit<AppOptions, 'links' | 'loopback'> {
  /** 0: any free port. */
  port: number;
  /** Listen address. Any other than loopback requires `tls`, or an https `pageBase` of a TLS proxy in front. */
  host?: string;
  /** Address for people; default: the listen address. */
  pageBase?: string;
  /** In PEM. */
  tls?: { cert: string; key: string };
}

export interface RunningServer {
  url: string;
  /** Closes open streams too. */
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '[::1]', 'localhost']);

/** The configuration is refused; the message includes the hint. */
export class ServerRefused extends Error {
  override readonly name = 'ServerRefused';
}

/**
 * Throws ServerRefused, before it listens, if tokens would be sent over a network without TLS, or if other machines can reach the server
 * and `spec.start.groups` is empty.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, host = '127.0.0.1', pageBase, tls, hosts = [], ...rest } = options;
  assertNotInClear(host, tls !== undefined || (pageBase?.startsWith('https:') ?? false));
  // A `pageBase` with another host means a proxy in front: the network reaches the server even if it listens on loopback.
  const loopback = LOOPBACK.has(host) && (pageBase === undefined || LOOPBACK.has(new URL(pageBase).hostname));
  assertStartersNamed(loopback, rest.startPolicy.starters, pageBase ?? host);
  const scheme = tls ? 'https' : 'http';
  // The app needs its own address, which with port 0 is known only after listening.
  let app: ReturnType<typeof createApp> | null = null;
  const server = await listening(host, port, tls, (request) => {
    if (!app) return new Response('starting', { status: 503, headers: { 'Retry-After': '1' } });
    return app.fetch(request);
  });
  const address = server.address();
  const actualPort = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host.includes(':') ? `[${host}]` : host;
  const url = (pageBase ?? `${scheme}://${shown}:${actualPort}`).replace(/\/$/, '');
  const local = LOOPBACK.has(host) ? [`127.0.0.1:${actualPort}`, `localhost:${actualPort}`, `[::1]:${actualPort}`] : [];
  app = createApp({ ...rest, links: { pageBase: url }, loopback, hosts: [...local, ...hosts] });
  return { url, close: () => closed(server) };
}

function assertNotInClear(host: string, encrypted: boolean): void {
  if (LOOPBACK.has(host) || encrypted) return;
  throw new ServerRefused(
    `the server does not listen on ${host} without TLS: tokens would be sent in plain text. ` +
      `Behind a TLS proxy, set TMINUS_PAGE_BASE to its https address, such as https://tminus.example`,
  );
}

/** A start runs a load script on the load worker. On a laptop only its owner can start; elsewhere the allowed groups must be configured. */
function assertStartersNamed(loopback: boolean, starters: readonly string[], reachedAt: string): void {
  if (loopback || starters.length > 0) return;
  throw new ServerRefused(
    `the server at ${reachedAt} is reachable from other machines and spec.start.groups is not set in its environment file: ` +
      `anyone with a token could start a countdown and its load script; ` +
      `set the groups that may start, such as groups: [release-managers]`,
  );
}

function listening(
  hostname: string,
  port: number,
  tls: ServerOptions['tls'],
  fetch: (request: Request) => Response | Promise<Response>,
): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port, ...(tls ? { createServer: createTlsServer, serverOptions: tls } : {}) }, () =>
      resolve(server),
    );
    server.once('error', reject);
  });
}

function closed(server: ServerType): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    // Event streams never end by themselves.
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
