// Objects in a namespace of the shop: the Deployment that is launched, its Service, and the addresses of database and Redis.

import { ports } from '../paths.ts';

export const appName = 'go-api';
/** The shop's second service: the same program with another subcommand, one replica. */
export const pricingName = 'go-pricing';
const replicas = 3;

export interface ShopManifest {
  namespace: string;
  image: string;
  nodePort: number;
  databaseUrl: string;
  redisUrl: string;
  /** OTLP endpoint. */
  spansUrl: string;
  /** The pricing service is not launched: it keeps this image. */
  pricingImage: string;
  /** Value of FAULT that overrides the image's; undefined keeps the image's. */
  faultOverride: string | undefined;
}

/** Namespace, Secret, ConfigMap, ServiceAccount, Service and Deployment, in the order in which they are needed. */
export function shopManifests(shop: ShopManifest): object[] {
  const { namespace } = shop;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    // The default ServiceAccount of a namespace is created too late for the first pods.
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
    // Before the Deployments: pods get variables only for existing Services.
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

/** Resource attributes of spans; they distinguish traces of staging from those of production. */
function tracedAs(deploymentName: string): object[] {
  return [
    // First: a variable can refer only to earlier ones.
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
              // The fault of an image is for the shop, not for the pricing service.
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

/** A pod of the shop is ready within 2 s, so a launch without progress for 20 s has failed. */
const PROGRESS_DEADLINE_SECONDS = 20;

/** The Deployment before any launch. */
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
          // Longer than the shop drains requests.
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
              // A pod that crashes in its first second must not become ready: that would count as progress and extend the deadline.
              readinessProbe: { ...probe, initialDelaySeconds: 2, failureThreshold: 2 },
              // Slower than readiness: a pod without its database should leave the Service, not restart.
              livenessProbe: { ...probe, periodSeconds: 5, failureThreshold: 12 },
              // No limits: CPU throttling would add latency.
              resources: { requests: { cpu: '20m', memory: '32Mi' } },
            },
          ],
        },
      },
    },
  };
}
