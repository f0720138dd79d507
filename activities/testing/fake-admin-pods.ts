// The pods of a fake cluster with an admin port each, on loopback addresses of their own: they start, go away and fail as a test says.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Pod } from '../kubernetes/objects.ts';
import type { FakeClusterApi } from './fake-cluster-api.ts';
import { FakeAdmin, type AuditLine } from './fake-admin.ts';

/** What happens to one request. `lost`: it is handled, and the connection breaks before the response. */
export type Fate = 'answered' | 'lost' | 'never-arrives' | 'broken';

export class FakePods {
  /** By address. */
  readonly processes = new Map<string, FakeAdmin>();
  /** Addresses in the order in which their pods started. */
  readonly addresses: string[] = [];
  /** Addresses of pods that are not Ready. */
  readonly notReady = new Set<string>();
  fate: (method: string, address: string) => Fate = () => 'answered';
  /** Called after each handled change. */
  changed: () => void = () => undefined;
  port = 0;
  private readonly servers = new Map<string, Server>();
  private started = 0;

  /** Pods of the fake cluster from now on. */
  serve(api: FakeClusterApi): void {
    api.seen = (pods) => {
      const [first] = pods;
      return first === undefined ? [] : this.addresses.map((ip) => podAt(first, ip, !this.notReady.has(ip)));
    };
  }

  async start(): Promise<string> {
    this.started += 1;
    const ip = `127.0.17.${this.started}`;
    await this.listen(ip);
    this.addresses.push(ip);
    return ip;
  }

  /** A pod that is removed with its process. */
  async remove(ip: string): Promise<void> {
    this.addresses.splice(this.addresses.indexOf(ip), 1);
    await this.kill(ip);
  }

  /** The process ends; the pod stays. */
  async kill(ip: string): Promise<void> {
    const server = this.servers.get(ip);
    this.servers.delete(ip);
    server?.closeAllConnections();
    await new Promise((closed) => server?.close(closed));
  }

  /** The container starts again, with nothing of what it had in memory. */
  async restart(ip: string): Promise<void> {
    await this.kill(ip);
    await this.listen(ip);
  }

  async close(): Promise<void> {
    for (const ip of this.servers.keys()) await this.kill(ip);
  }

  process(ip: string): FakeAdmin {
    const found = this.processes.get(ip);
    if (!found) throw new Error(`no process at ${ip}`);
    return found;
  }

  /** What the services themselves recorded, by address. */
  audit(): AuditLine[] {
    return this.addresses.flatMap((ip) => this.process(ip).audit);
  }

  private async listen(ip: string): Promise<void> {
    const process = new FakeAdmin();
    const server = createServer((request, response) => void this.answer(ip, process, request, response));
    server.listen(this.port, ip);
    await once(server, 'listening');
    this.port ||= (server.address() as AddressInfo).port;
    this.processes.set(ip, process);
    this.servers.set(ip, server);
  }

  private async answer(ip: string, process: FakeAdmin, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const body = await text(request);
    const fate = this.fate(method, ip);
    if (fate === 'never-arrives') return void request.socket.destroy();
    const { status, json } = fate === 'broken' ? { status: 503, json: { error: 'not now' } } : process.handle(method, url, body);
    if (method !== 'GET') this.changed();
    if (fate === 'lost') return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  }
}

/** The same pod at another address. */
export function podAt(like: Pod, ip: string, ready: boolean): Pod {
  const name = `go-api-${ip}`;
  return {
    ...like,
    metadata: { ...like.metadata, name, uid: name },
    status: { ...like.status, podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}
