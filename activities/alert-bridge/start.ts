import { serve, type ServerType } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { listenAddress } from '../listen-address.ts';
import { configuredTarget } from '../notify/configured-target.ts';
import { createAlertBridge, type AppOptions } from './app.ts';
import { BridgeRefused, bridgeAuthentication, isLoopback } from './bridge-token.ts';

/** Beside the port of the server, 7480. */
export const DEFAULT_ADDRESS = '127.0.0.1:7481';

export interface RunningBridge {
  url: string;
  /** Lets running deliveries end, which takes up to 5 s. */
  close(): Promise<void>;
}

/**
 * Starts the alert bridge at `address`. Throws BridgeRefused, before it listens, if `spec.alertBridge` or a target is not configured, the token cannot be
 * read, or anyone on the network could write to the chats. Logs targets whose credentials cannot be read; the others work.
 */
export async function startAlertBridge(options: Omit<AppOptions, 'authenticate'> & { address: string }): Promise<RunningBridge> {
  const { address, environment, environmentFolder, log } = options;
  const { alertBridge, notify } = environment.spec;
  const { host, port } = listen(address);
  if (alertBridge === undefined)
    throw new BridgeRefused(
      'spec.alertBridge is not set in the environment file; set its token, such as { token: { env: ALERT_BRIDGE_TOKEN } }',
    );
  if (Object.keys(notify).length === 0) throw new BridgeRefused('spec.notify of the environment file has no target');
  if (alertBridge.token === undefined && !isLoopback(host))
    throw new BridgeRefused(
      `the alert bridge does not listen on ${host} without a token: anyone who reaches it could write to the chats; set spec.alertBridge.token`,
    );
  const authenticate = bridgeAuthentication(alertBridge, environmentFolder);
  await authenticate({ host });
  for (const name of Object.keys(notify))
    await configuredTarget(environment, environmentFolder, name).catch((error: Error) => log(`${name} cannot be used: ${error.message}`));
  const app = createAlertBridge({ ...options, authenticate });
  const server = await listening(app.fetch, host, port);
  const { port: actualPort } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`, close: () => closed(server) };
}

function listen(address: string): { host: string; port: number } {
  try {
    return listenAddress(address, 'TMINUS_ALERT_BRIDGE_ADDRESS', DEFAULT_ADDRESS);
  } catch (error) {
    throw new BridgeRefused((error as Error).message);
  }
}

function listening(fetch: Parameters<typeof serve>[0]['fetch'], hostname: string, port: number): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, hostname, port }, () => resolve(server));
    server.once('error', (error) => reject(new BridgeRefused(`the alert bridge cannot listen on ${hostname}:${port}: ${error.message}`)));
  });
}

const closed = (server: ServerType): Promise<void> =>
  new Promise((done) => {
    server.close(() => done());
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
