// For the lab tests: a namespace of its own on a real cluster, and the part of a kubelet that a test needs.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppsV1Api, CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { RunningActivity } from '../running-activity.ts';
import { createClusterClient, deployments, type ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { ActivityProgress } from '../running-activity.ts';
import type { Deployment } from '../kubernetes/objects.ts';
import { readDeploymentPods } from '../kubernetes/pods.ts';

/**
 * Kubeconfig of the lab's administrator, for these tests make namespaces of their own and play kubelet. Throws with a sentence when there is none: a
 * lab test that is skipped proves nothing.
 */
export function labKubeconfig(): string {
  const path = resolve(process.env['TMINUS_LAB_KUBECONFIG'] ?? '.lab/admin.kubeconfig');
  if (!existsSync(path)) throw new Error(`the lab is not up: there is no ${path}; run scripts/lab up, or set TMINUS_LAB_KUBECONFIG`);
  return path;
}

export interface LabNamespace {
  client: ClusterClient;
  kubeconfig: KubeConfig;
  namespace: string;
  store: ReturnType<typeof createFolderEvidenceStore>;
  target: DeploymentTarget;
  createDeployment(change?: Partial<Deployment['spec']>): Promise<Deployment>;
  read(): Promise<Deployment>;
  change(body: unknown): Promise<Deployment>;
  deleteReplicaSet(name: string): Promise<void>;
  /** Marks pods of an image Running and Ready, as a kubelet would, until stopped. */
  playKubelet(images: readonly string[]): { stop(): Promise<void> };
  close(): Promise<void>;
}

/** Names nobody has: no real node takes the pods, so the test alone decides which of them are ready. */
const NO_NODE = { 'tminus.dev/no-such-node': 'true' };

export const OLD = 'registry.local/go-api:sha-old0001';
export const NEW = 'registry.local/go-api:sha-new0002';

export async function openLabNamespace(prefix: string): Promise<LabNamespace> {
  const path = labKubeconfig();
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromFile(path);
  const client = createClusterClient('lab', () => kubeconfig);
  const namespace = `${prefix}-${process.pid}-${Date.now().toString(36)}`;
  await client.create({ group: '', version: 'v1', resource: 'namespaces' }, { metadata: { name: namespace } });
  await until('the service account of the namespace', async () => {
    await client.get({ group: '', version: 'v1', resource: 'serviceaccounts', namespace, name: 'default' });
    return true;
  });
  const folder = await mkdtemp(join(tmpdir(), 'tminus-kubernetes-'));
  const target = { cluster: 'lab', namespace, deployment: 'go-api', container: 'go-api' };
  const core = kubeconfig.makeApiClient(CoreV1Api);
  const apps = kubeconfig.makeApiClient(AppsV1Api);
  return {
    client,
    kubeconfig,
    namespace,
    target,
    store: createFolderEvidenceStore(folder),
    createDeployment: (change) => client.create<Deployment>(deployments(namespace), deploymentOf(namespace, change)),
    read: () => client.get<Deployment>(deployments(namespace, 'go-api')),
    change: (body) => client.patch<Deployment>(deployments(namespace, 'go-api'), body, 'application/strategic-merge-patch+json'),
    deleteReplicaSet: async (name) => {
      await apps.deleteNamespacedReplicaSet({ namespace, name, propagationPolicy: 'Background' });
    },
    playKubelet: (images) => playKubelet(client, core, target, images),
    close: async () => {
      await core.deleteNamespace({ name: namespace });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function deploymentOf(namespace: string, change: Partial<Deployment['spec']> = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'go-api', namespace },
    spec: {
      replicas: 3,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'go-api' } },
      template: {
        metadata: { labels: { app: 'go-api' }, annotations: { 'example.org/note': 'kept' } },
        spec: {
          nodeSelector: NO_NODE,
          terminationGracePeriodSeconds: 0,
          containers: [
            { name: 'sidecar', image: 'registry.local/sidecar:1' },
            { name: 'go-api', image: OLD, env: [{ name: 'GREETING', value: 'ni hao' }], ports: [{ containerPort: 8080 }] },
          ],
        },
      },
      ...change,
    },
  };
}

function playKubelet(
  client: ClusterClient,
  core: CoreV1Api,
  target: DeploymentTarget,
  images: readonly string[],
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      const { pods, others } = await readDeploymentPods(client, target);
      for (const pod of [...pods, ...others]) {
        if (pod.ready || pod.terminating || !images.includes(pod.image)) continue;
        const now = new Date().toISOString();
        const status = {
          phase: 'Running',
          conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'True', lastTransitionTime: now })),
          containerStatuses: [
            {
              name: target.container,
              ready: true,
              restartCount: 0,
              image: pod.image,
              imageID: `sha256:${pod.image}`,
              state: { running: { startedAt: now } },
            },
          ],
        };
        // A pod may be deleted between list and patch; the next round sees what is there then.
        await core
          .patchNamespacedPodStatus(
            { namespace: target.namespace, name: pod.name, body: { status } },
            setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
          )
          .catch(() => undefined);
      }
      await new Promise((done) => setTimeout(done, 100));
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
}

/** Waits for an event of the real cluster. Throws with the last reason after `withinMs`. */
export async function until(what: string, ask: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const endsAt = performance.now() + withinMs;
  let last = '';
  while (performance.now() < endsAt) {
    try {
      if (await ask()) return;
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`waited ${withinMs / 1_000} s for ${what}${last ? `: ${last}` : ''}`);
}

export function recordedActivity(): RunningActivity & { reported: ActivityProgress[] } {
  const reported: ActivityProgress[] = [];
  return { reported, heartbeat: (progress) => void reported.push(progress), signal: new AbortController().signal };
}
