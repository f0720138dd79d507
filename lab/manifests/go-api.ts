// What runs in a namespace of the shop: the Deployment people launch to, its Service, and where its database and Redis are.

export const appName = 'go-api';
const replicas = 3;

export interface ShopManifest {
  namespace: string;
  image: string;
  nodePort: number;
  databaseUrl: string;
  redisUrl: string;
  /** Value of FAULT that overrides the image's own; undefined leaves the image's. */
  faultOverride: string | undefined;
}

/** Namespace, Secret, ConfigMap, ServiceAccount, Service and Deployment, in the order in which they are needed. */
export function shopManifests(shop: ShopManifest): object[] {
  const { namespace } = shop;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    // Made here, for the one Kubernetes makes for every namespace comes a moment too late for the first pods.
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: appName, namespace } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: appName, namespace }, stringData: { DATABASE_URL: shop.databaseUrl } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: appName, namespace }, data: { REDIS_URL: shop.redisUrl } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: appName, namespace },
      spec: {
        type: 'NodePort',
        selector: { app: appName },
        ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: shop.nodePort }],
      },
    },
    deployment(shop),
  ];
}

/** 20 s: a pod of the shop is ready within 2 s, so a launch that stands still for 20 s is a failed one. */
const PROGRESS_DEADLINE_SECONDS = 20;

/** The Deployment alone, whole, as it is before anybody launched anything. */
export function deployment({ namespace, image, faultOverride }: ShopManifest): object {
  const probe = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 1, timeoutSeconds: 2 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: appName, namespace, labels: { app: appName } },
    spec: {
      replicas,
      progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
      revisionHistoryLimit: 10,
      selector: { matchLabels: { app: appName } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { app: appName } },
        spec: {
          serviceAccountName: appName,
          automountServiceAccountToken: false,
          // Longer than the shop's own draining.
          terminationGracePeriodSeconds: 20,
          containers: [
            {
              name: appName,
              image,
              imagePullPolicy: 'Never',
              ports: [
                { name: 'http', containerPort: 8080 },
                { name: 'pprof', containerPort: 6060 },
              ],
              envFrom: [{ secretRef: { name: appName } }, { configMapRef: { name: appName } }],
              ...(faultOverride === undefined ? {} : { env: [{ name: 'FAULT', value: faultOverride }] }),
              // A pod that dies in its first second must never count as ready: each blink would be progress, and put off the progress deadline.
              readinessProbe: { ...probe, initialDelaySeconds: 2, failureThreshold: 2 },
              // Slower to judge than readiness: a pod whose database is away should leave the Service, not die.
              livenessProbe: { ...probe, periodSeconds: 5, failureThreshold: 12 },
              // No limits: throttling would show as latency of the service.
              resources: { requests: { cpu: '20m', memory: '32Mi' } },
            },
          ],
        },
      },
    },
  };
}
