// A whole Temporal server in one process on SQLite, for a laptop, CI and the demo. A team runs docker-compose.yml instead.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export interface LocalTemporal {
  /** Database and configuration. */
  folder: string;
  /** gRPC port of the frontend; the other seven ports follow at fixed distances. */
  port: number;
}

/** Frontend, history, matching and worker, and for each the port by which they find each other. */
const SERVICE_OFFSETS = { frontend: 0, history: 1, matching: 2, worker: 6 } as const;
const MEMBERSHIP_OFFSET = -300;
const HTTP_OFFSET = 10;
/** Own servers of several installations on one machine stand this far apart; twenty are more than a laptop runs. */
const PORT_STEP = 20;
const FIRST_PORT = 7233;
const PORTS_TRIED = 20;

function portsOf(frontend: number): number[] {
  const services = Object.values(SERVICE_OFFSETS).map((offset) => frontend + offset);
  return [...services, ...services.map((port) => port + MEMBERSHIP_OFFSET), frontend + HTTP_OFFSET];
}

/** Which of the ports of a server with this frontend port other programs hold on loopback. */
export async function takenPorts(frontend: number): Promise<number[]> {
  const ports = portsOf(frontend);
  const free = await Promise.all(ports.map(isFree));
  return ports.filter((_, index) => !free[index]);
}

/** The first frontend port from 7233 on whose ports are all free; null where there is none. */
export async function freeFrontendPort(): Promise<number | null> {
  const candidates = Array.from({ length: PORTS_TRIED }, (_, index) => FIRST_PORT + PORT_STEP * index);
  for (const port of candidates) if ((await takenPorts(port)).length === 0) return port;
  return null;
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Never to be changed for a database that exists. Four is what one laptop needs. */
const HISTORY_SHARDS = 4;

/** Writes configuration and dynamic configuration; answers the path for `temporal-server --config-file PATH start`. */
export function writeTemporalConfig({ folder, port }: LocalTemporal): string {
  mkdirSync(folder, { recursive: true });
  const dynamic = join(folder, 'dynamic.json');
  writeFileSync(dynamic, JSON.stringify(dynamicConfig(), null, 2));
  const config = join(folder, 'server.json');
  writeFileSync(config, JSON.stringify(serverConfig(folder, port, dynamic), null, 2));
  return config;
}

/** JSON is YAML: the server reads both files as YAML. */
function serverConfig(folder: string, port: number, dynamic: string) {
  const store = {
    sql: {
      pluginName: 'sqlite',
      databaseName: join(folder, 'temporal.db'),
      connectAddr: 'localhost',
      connectProtocol: 'tcp',
      // synchronous 2: a power cut loses nothing that was acknowledged.
      connectAttributes: { cache: 'private', setup: 'true', journal_mode: 'wal', synchronous: '2' },
      maxConns: 1,
      maxIdleConns: 1,
      maxConnLifetime: '1h',
    },
  };
  const service = (offset: number, more: object = {}) => ({
    rpc: { grpcPort: port + offset, membershipPort: port + MEMBERSHIP_OFFSET + offset, bindOnLocalHost: true, ...more },
  });
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: { main: store, visibility: store },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: service(SERVICE_OFFSETS.frontend, { httpPort: port + HTTP_OFFSET }),
      history: service(SERVICE_OFFSETS.history),
      matching: service(SERVICE_OFFSETS.matching),
      worker: service(SERVICE_OFFSETS.worker),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${port}`,
          httpAddress: `127.0.0.1:${port + HTTP_OFFSET}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: dynamic, pollInterval: '10s' },
  };
}

function dynamicConfig() {
  const everywhere = (value: unknown) => [{ value }];
  return {
    // Rehearsals run on virtual time.
    'frontend.WorkflowTimeSkippingEnabled': everywhere(true),
    'frontend.WorkflowTimeSkippingMaxSkipPerSession': everywhere(100_000),
    // Ended countdowns are evidence by then. The server's own least is an hour, and it deletes up to half an hour late.
    'system.namespaceMinRetentionLocal': everywhere('1m'),
    'history.retentionTimerJitterDuration': everywhere('1s'),
  };
}
