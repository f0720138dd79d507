// Addresses and files of the lab. A machine runs one lab at a time, so its addresses are fixed.
import { join, resolve } from 'node:path';

/** A network namespace connected to the host by a veth pair. For the host it is like a remote cluster. */
export const network = {
  namespace: 'tminus-lab',
  /** Host side of the veth pair. An interface name has at most 15 characters. */
  hostInterface: 'tminus-lab0',
  hostAddress: '10.88.0.1',
  address: '10.88.0.2',
  prefixLength: 30,
  podRange: '10.244.0.0/16',
  nodePodRange: '10.244.0.0/24',
  serviceRange: '10.96.0.0/16',
  /** First address of the service range: the Service of the apiserver. */
  apiServiceAddress: '10.96.0.1',
} as const;

export const ports = {
  apiserver: 6443,
  etcdHealth: 2381,
  controllerManager: 10257,
  scheduler: 10259,
  kubeProxyHealth: 10256,
  prometheus: 9090,
  alertmanager: 9093,
  /** OTLP over HTTP. */
  spans: 4318,
  /** Jaeger's query API. */
  traces: 16686,
  pricing: 9000,
  postgres: 5432,
  redis: 6379,
  shop: 30080,
  shopStaging: 30081,
} as const;

export const nodeName = 'lab-node';

/** Sockets and mounts. Paths of Unix sockets have at most 107 bytes, so they cannot be in a checkout. */
const RUN = '/run/tminus-lab';

const DEFAULT_TEMPORAL_PORT = 7233;

export type LabPaths = ReturnType<typeof paths>;

/** All files and addresses of the lab of this checkout. `TMINUS_LAB_DIR` moves its state, `TMINUS_LAB_TEMPORAL_PORT` its Temporal. */
export function paths(env: NodeJS.ProcessEnv = process.env) {
  const checkout = resolve(import.meta.dirname, '..');
  const state = resolve(env['TMINUS_LAB_DIR'] ?? join(checkout, '.lab'));
  const temporalPort = Number(env['TMINUS_LAB_TEMPORAL_PORT'] ?? DEFAULT_TEMPORAL_PORT);
  const address = network.address;
  return {
    checkout,
    state,
    logs: join(state, 'logs'),
    keys: join(state, 'keys'),
    configs: join(state, 'configs'),
    data: join(state, 'data'),
    images: join(state, 'images'),
    auditLog: join(state, 'audit', 'audit.log'),
    adminKubeconfig: join(state, 'admin.kubeconfig'),
    tminusKubeconfig: join(state, 'tminus.kubeconfig'),
    environment: join(state, 'environment.yaml'),
    run: RUN,
    lock: '/run/tminus-lab.lock',
    processes: join(RUN, 'processes'),
    owner: join(RUN, 'owner.json'),
    containerdSocket: join(RUN, 'containerd.sock'),
    containerdState: join(RUN, 'containerd'),
    temporalPort,
    apiserver: `https://${address}:${ports.apiserver}`,
    prometheus: `http://${address}:${ports.prometheus}`,
    alertmanager: `http://${address}:${ports.alertmanager}`,
    spans: `http://${address}:${ports.spans}`,
    traces: `http://${address}:${ports.traces}`,
    temporal: `127.0.0.1:${temporalPort}`,
    targets: { shop: `http://${address}:${ports.shop}`, 'shop-staging': `http://${address}:${ports.shopStaging}` },
    redis: { production: `redis://${address}:${ports.redis}/0`, staging: `redis://${address}:${ports.redis}/1` },
  };
}
