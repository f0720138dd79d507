// One pod of the lab's target in a namespace of its own, with a few users: the smallest service that can be launched, guarded and rolled back.
import { kubectl, paths, stagingDatabaseUrl } from '../../lab/index.ts';
import { network, ports } from '../../lab/paths.ts';
import { pause } from '../e2e/installation.ts';

export const NAME = 'go-api';
const lab = paths();
/** A pod is ready 2 s after its start on an idle lab; four starting workers beside it cost it some more. */
const READY_TIMEOUT = '90s';
/** Scrapes come every 2 s. */
const COUNTED_TIMEOUT_MS = 30_000;
const COUNTED_POLL_MS = 250;
/** A launch of one pod that stands still for so long has failed. */
const PROGRESS_DEADLINE_SECONDS = 30;
/** 600 in a guard of 10 s: 381 without an error bound a share of 1 % from above. */
const REQUESTS_PER_SECOND = 60;

export interface Serving {
  image: string;
  /** All pods run this image, ready, and none of another is left. */
  settled: boolean;
}

export interface Service {
  namespace: string;
  /** From the host. */
  url: string;
  /** Waits until its first pod is ready, then lets users arrive, and waits until Prometheus has counted some of them. */
  ready(): Promise<void>;
  serving(): Promise<Serving>;
  /** Ends the users and deletes the namespace; does not wait for it. */
  close(): Promise<void>;
}

/** Deploys the image, without waiting for its pod. The tool gets the same rights as in the shop. */
export async function openService(namespace: string, image: string): Promise<Service> {
  await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  await apply([...(await rightsFor(namespace)), ...manifests(namespace, image)]);
  const read = (...args: string[]) => kubectl(lab, ['-n', namespace, ...args]);
  const port = await read('get', 'service', NAME, '-o', 'jsonpath={.spec.ports[0].nodePort}');
  const url = `http://${network.address}:${port}`;
  const users = new AbortController();
  return {
    namespace,
    url,
    async ready() {
      await read('rollout', 'status', `deployment/${NAME}`, `--timeout=${READY_TIMEOUT}`);
      void arrive(url, users.signal);
      await untilCounted(namespace);
    },
    async serving() {
      const { metadata, spec, status } = JSON.parse(await read('get', 'deployment', NAME, '-o', 'json')) as Deployment;
      const all = [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas];
      const settled = status.observedGeneration === metadata.generation && all.every((count) => count === spec.replicas);
      return { image: spec.template.spec.containers[0]!.image, settled };
    },
    async close() {
      users.abort();
      await kubectl(lab, ['delete', 'namespace', namespace, '--wait=false']);
    },
  };
}

/** Preflight asks whether the old version counts its requests, and a worker may be ready before the first scrape. */
async function untilCounted(namespace: string): Promise<void> {
  const query = `sum(http_request_duration_seconds_count{namespace="${namespace}",route="/api/user/profile"}) > 0`;
  const deadline = Date.now() + COUNTED_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`http://${network.address}:${ports.prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { data } = (await answer.json()) as { data: { result: unknown[] } };
    if (data.result.length > 0) return;
    if (Date.now() > deadline) throw new Error(`Prometheus has counted no request of ${namespace} within ${COUNTED_TIMEOUT_MS / 1_000} s`);
    await pause(COUNTED_POLL_MS);
  }
}

interface Deployment {
  metadata: { generation: number };
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
  status: Partial<Record<'observedGeneration' | 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas', number>>;
}

interface Named {
  kind: string;
  apiVersion: string;
  metadata: { name: string };
}

/** Roles and bindings of the shop, under the same names. */
async function rightsFor(namespace: string): Promise<object[]> {
  const { items } = JSON.parse(await kubectl(lab, ['-n', 'shop', 'get', 'roles,rolebindings', '-o', 'json'])) as { items: Named[] };
  return items.map((each) => ({ ...each, metadata: { name: each.metadata.name, namespace } }));
}

async function apply(items: object[]): Promise<void> {
  await kubectl(lab, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
}

function manifests(namespace: string, image: string): object[] {
  const labels = { app: NAME };
  const env = {
    DATABASE_URL: stagingDatabaseUrl,
    REDIS_URL: lab.redis.staging,
    // Several of these share the database with both shops, which has 100 connections in all.
    POOL_MAX_CONNS: '2',
  };
  const container = {
    name: NAME,
    image,
    imagePullPolicy: 'Never',
    ports: [
      { name: 'http', containerPort: 8080 },
      { name: 'pprof', containerPort: 6060 },
    ],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, timeoutSeconds: 2 },
    resources: { requests: { cpu: '10m', memory: '16Mi' } },
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: NAME, namespace },
      spec: { type: 'NodePort', selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME, namespace, labels },
      spec: {
        replicas: 1,
        progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
        selector: { matchLabels: labels },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels },
          spec: { automountServiceAccountToken: false, terminationGracePeriodSeconds: 5, containers: [container] },
        },
      },
    },
  ];
}

/** What becomes of a request is the guard's to find out, not its user's. */
async function arrive(url: string, left: AbortSignal): Promise<void> {
  while (!left.aborted) {
    void fetch(`${url}/api/user/profile?id=1`, { signal: left })
      .then((answer) => answer.arrayBuffer())
      .catch(() => undefined);
    await pause(1_000 / REQUESTS_PER_SECOND);
  }
}
