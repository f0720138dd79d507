// Starts the HTTP server. By default it can be reached from this machine only.
import { createServer as createTlsServer } from 'node:https';
import { serve, type ServerType } from '@hono/node-server';
import { createApp, type AppOptions } from './app.ts';

export interface ServerOptions extends Omit<AppOptions, 'links' | 'loopback'> {
  /** 0 takes a free one. */
  port: number;
  /** Where to listen; anything but loopback needs `tls` or an https `pageBase`, which says that a TLS proxy stands in front. */
  host?: string;
  /** Where people reach it; by default the address it listens on. */
  pageBase?: string;
  /** PEM texts. */
  tls?: { cert: string; key: string };
}

export interface RunningServer {
  url: string;
  /** Ends open streams, too. */
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '[::1]', 'localhost']);

/** The server does not start as it is configured; the message is one sentence with the way out. */
export class ServerRefused extends Error {
  override readonly name = 'ServerRefused';
}

/**
 * Throws ServerRefused, before it listens, when tokens would travel in clear over a network, or when other machines can reach it and nobody
 * said who may start countdowns.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, host = '127.0.0.1', pageBase, tls, hosts = [], ...rest } = options;
  assertNotInClear(host, tls !== undefined || (pageBase?.startsWith('https:') ?? false));
  // An address elsewhere means a proxy in front: then the network reaches it, though it listens on loopback itself.
  const loopback = LOOPBACK.has(host) && (pageBase === undefined || LOOPBACK.has(new URL(pageBase).hostname));
  assertStartersNamed(loopback, rest.startPolicy.starters, pageBase ?? host);
  const scheme = tls ? 'https' : 'http';
  // The app must know its own address, and with port 0 that is known only once it listens.
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
    `the server does not listen on ${host} without TLS: tokens would travel in clear. ` +
      `Where a TLS proxy stands in front, set TMINUS_PAGE_BASE to the https address at which people reach it, such as https://tminus.example`,
  );
}

/** Whoever may start a countdown runs a load script on the load worker at once: on a laptop that is its owner, elsewhere somebody has to say. */
function assertStartersNamed(loopback: boolean, starters: readonly string[], reachedAt: string): void {
  if (loopback || starters.length > 0) return;
  throw new ServerRefused(
    `the server does not start at ${reachedAt}, where other machines reach it, without spec.start.groups in its environment file: ` +
      `anybody with a token could start a countdown, and with it a load script; ` +
      `name the groups that may, such as groups: [release-managers]`,
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
    // Streams of pages stay open for ever; waiting for them would never end.
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}
