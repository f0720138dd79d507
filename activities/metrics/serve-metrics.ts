// `/metrics` of a process on its own address: scrapers have no token, and the server's port requires one.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { listenAddress } from '../listen-address.ts';

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** @param address `127.0.0.1:9480`; port 0 takes a free one. Throws when it is not one or cannot be listened on. */
export async function serveMetrics(address: string, registry: Registry): Promise<MetricsServer> {
  const { host, port } = listenAddress(address, 'TMINUS_METRICS_ADDRESS', '127.0.0.1:9480');
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      // Prometheus records a failed scrape; the rules name what is missing.
      (error: unknown) => response.writeHead(500, { 'content-type': 'text/plain' }).end(`${String(error)}\n`),
    );
  });
  await listening(server, host, port);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/metrics`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const listening = (server: Server, host: string, port: number): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', (error) => fail(new Error(`metrics cannot be served at ${host}:${port}: ${error.message}`)));
    server.listen(port, host, done);
  });
