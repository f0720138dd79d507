// Ordinary events of a healthy service: pods are deleted, scaled, drained. As the cluster's administrator.
import { awaitRollout, kubectl } from './cluster.ts';
import { appName } from './manifests/go-api.ts';
import { requireLab } from './owner.ts';
import { nodeName, paths } from './paths.ts';
import type { LabPaths } from './paths.ts';

const NAMESPACE = 'shop';
const POLL_MS = 200;
/** The scheduler marks a pod it cannot place within a second. */
const PENDING_TIMEOUT_MS = 15_000;

/** Deletes one pod, as a crash of its machine would; its ReplicaSet creates another one. */
export async function deleteOnePod(): Promise<void> {
  const lab = running();
  const [pod = ''] = await podsInPhase(lab, 'Running');
  await kubectl(lab, ['-n', NAMESPACE, 'delete', 'pod', pod, '--wait=false']);
}

/** Changes the number of replicas by `by`. Does not wait for the pods. */
export async function scale(by: number): Promise<void> {
  const lab = running();
  const replicas = Number(await kubectl(lab, ['-n', NAMESPACE, 'get', 'deployment', appName, '-o', 'jsonpath={.spec.replicas}']));
  await kubectl(lab, ['-n', NAMESPACE, 'scale', `deployment/${appName}`, `--replicas=${replicas + by}`]);
}

/** Stops the node from taking new pods, and lets it take them again. */
export const cordon = (): Promise<string> => kubectl(running(), ['cordon', nodeName]);
export const uncordon = (): Promise<string> => kubectl(running(), ['uncordon', nodeName]);

/** Adds a pod that the node does not take. Answers once it is Pending; `uncordon` ends that. */
export async function pendingPod(): Promise<void> {
  const lab = running();
  await cordon();
  await scale(1);
  const deadline = Date.now() + PENDING_TIMEOUT_MS;
  while ((await podsInPhase(lab, 'Pending')).length === 0) {
    if (Date.now() > deadline) throw new Error(`no pod of ${NAMESPACE}/${appName} is Pending after ${PENDING_TIMEOUT_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Drains the node pod by pod. The lab has one node, so each evicted pod is replaced on it after an uncordon; evicting all at once would be
 * an outage, not a drain.
 */
export async function drainNode(): Promise<void> {
  const lab = running();
  for (const pod of await podsInPhase(lab, 'Running')) {
    await cordon();
    try {
      await kubectl(
        lab,
        ['create', '--raw', `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/eviction`, '-f', '-'],
        JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: NAMESPACE } }),
      );
    } finally {
      await uncordon();
    }
    await awaitRollout(lab, NAMESPACE, appName);
  }
}

function running(): LabPaths {
  const lab = paths();
  requireLab(lab);
  return lab;
}

async function podsInPhase(lab: LabPaths, phase: 'Running' | 'Pending'): Promise<string[]> {
  const selection = ['-l', `app=${appName}`, `--field-selector=status.phase=${phase}`];
  const names = await kubectl(lab, ['-n', NAMESPACE, 'get', 'pods', ...selection, '-o', 'jsonpath={.items[*].metadata.name}']);
  return names.split(' ').filter((name) => name !== '');
}
