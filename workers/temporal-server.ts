// A whole Temporal server in one process on SQLite, for a laptop, CI and the demo. A team runs docker-compose.yml instead.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LocalTemporal {
  /** Database and configuration. */
  folder: string;
  /** gRPC port of the frontend; the other seven ports follow at fixed distances. */
  port: number;
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
    rpc: { grpcPort: port + offset, membershipPort: port - 300 + offset, bindOnLocalHost: true, ...more },
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
    services: { frontend: service(0, { httpPort: port + 10 }), history: service(1), matching: service(2), worker: service(6) },
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
          httpAddress: `127.0.0.1:${port + 10}`,
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
  };
}
