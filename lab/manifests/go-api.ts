// What runs in a namespace of the shop: the Deployment people launch to, its Service, and where its database and Redis are.

import { ports } from '../paths.ts';

export const appName = 'go-api';
/** The shop's second service: the same program under another verb, one replica. */
export const pricingName = 'go-pricing';
const replicas = 3;

export interface ShopManifest {
  namespace: string;
  image: string;
  nodePort: number;
  databaseUrl: string;
  redisUrl: string;
  /** Where spans go, over OTLP. */
  spansUrl: string;
  /** The pricing service is not what goes live: it stays on this image. */
  pricingImage: string;
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
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: appName, namespace },
      data: { REDIS_URL: shop.redisUrl, OTEL_EXPORTER_OTLP_ENDPOINT: shop.spansUrl },
    },
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
    // Before the Deployments: only a Service that is there becomes a variable in their pods.
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: pricingName, namespace },
      spec: { selector: { app: pricingName }, ports: [{ name: 'grpc', port: ports.pricing, targetPort: 'grpc' }] },
    },
    pricing(shop),
    deployment(shop),
  ];
}

/** Where spans were made, by the variable every OpenTelemetry SDK reads: staging's traces are told from production's by it. */
function tracedAs(deploymentName: string): object[] {
  return [
    // First: only a variable that stands before another one can be part of it.
    { name: 'K8S_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'OTEL_RESOURCE_ATTRIBUTES', value: `k8s.namespace.name=$(K8S_NAMESPACE),k8s.deployment.name=${deploymentName}` },
  ];
}

function pricing({ namespace, pricingImage: image }: ShopManifest): object {
  const probe = { grpc: { port: ports.pricing }, periodSeconds: 1 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: pricingName, namespace, labels: { app: pricingName } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: pricingName } },
      template: {
        metadata: { labels: { app: pricingName } },
        spec: {
          serviceAccountName: appName,
          automountServiceAccountToken: false,
          containers: [
            {
              name: pricingName,
              image,
              args: ['pricing'],
              imagePullPolicy: 'Never',
              ports: [{ name: 'grpc', containerPort: ports.pricing }],
              envFrom: [{ configMapRef: { name: appName } }],
              // The fault of an image is the shop's, not its neighbour's.
              env: [...tracedAs(pricingName), { name: 'FAULT', value: '' }],
              readinessProbe: probe,
              resources: { requests: { cpu: '10m', memory: '16Mi' } },
            },
          ],
        },
      },
    },
  };
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
              env: [
                ...tracedAs(appName),
                { name: 'PRICING_ADDRESS', value: `$(GO_PRICING_SERVICE_HOST):${ports.pricing}` },
                ...(faultOverride === undefined ? [] : [{ name: 'FAULT', value: faultOverride }]),
              ],
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
