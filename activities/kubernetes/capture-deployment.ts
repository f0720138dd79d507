// Records the Deployment before the launch: the state that a rollback restores.
import { digestOf } from '../../verdict/digest.ts';
import { refuse } from '../refusal.ts';
import { readDeployment, type ClusterClient } from './client.ts';
import type { DeploymentSnapshot, DeploymentTarget } from './contract.ts';
import { REVISION, annotations, fencingGenerationOf, imageOf, type Deployment } from './objects.ts';
import { readDeploymentPods } from './pods.ts';
import { storeSnapshot, type SnapshotStores } from './snapshot.ts';

/**
 * Records the whole template and the annotations before anything is changed. Reads only. Refuses (non-retryable, `NotReady`) a Deployment that is
 * not complete and available: a rollback could not restore a healthy state.
 */
export async function captureDeployment(
  client: ClusterClient,
  stores: SnapshotStores,
  target: DeploymentTarget,
): Promise<{ snapshot: DeploymentSnapshot; deployment: Deployment }> {
  const { deployment, templateHash } = await readDeploymentPods(client, target);
  const name = `deployment ${target.namespace}/${target.deployment}`;
  const image = imageOf(deployment.spec.template, target.container);
  if (image === null) {
    const names = deployment.spec.template.spec.containers.map((container) => container.name).join(', ');
    throw refuse('Misconfigured', `${name} has no container ${target.container}; it has ${names}`);
  }
  assertAvailable(deployment, name);
  const snapshot = {
    target,
    ...(await storeSnapshot(stores, target, deployment)),
    image,
    replicas: deployment.spec.replicas ?? 1,
    revision: deployment.metadata.annotations?.[REVISION] ?? '',
    templateHash,
    templateDigest: digestOf(deployment.spec.template),
    uid: deployment.metadata.uid,
    fencingGeneration: readableGeneration(deployment, name),
    operation: deployment.metadata.annotations?.[annotations.operation] ?? null,
  };
  return { snapshot, deployment };
}

/** The Deployment. Refuses (non-retryable, `NotReady`) one that is not complete and available: nothing is changed during a rollout. */
export async function readHealthyDeployment(client: ClusterClient, { namespace, deployment: name }: DeploymentTarget): Promise<Deployment> {
  const deployment = await readDeployment(client, namespace, name);
  assertAvailable(deployment, `deployment ${namespace}/${name}`);
  return deployment;
}

function assertAvailable(deployment: Deployment, name: string): void {
  const reason = whyNotAvailable(deployment);
  if (reason) throw refuse('NotReady', `${name} is not complete and available: ${reason}; bring it to a healthy state first`);
}

/** The first reason why a Deployment cannot be recorded as healthy, or null. */
function whyNotAvailable({ metadata, spec, status = {} }: Deployment): string | null {
  const wanted = spec.replicas ?? 1;
  if (metadata.deletionTimestamp !== undefined) return 'it is being deleted';
  if (spec.paused === true) return 'it is paused (kubectl rollout resume)';
  if (wanted === 0) return 'it has 0 replicas';
  const observed = status.observedGeneration ?? 0;
  if (observed < (metadata.generation ?? 0)) return `the controller has observed generation ${observed} of ${metadata.generation}`;
  const counts = { updated: status.updatedReplicas, ready: status.readyReplicas, available: status.availableReplicas };
  for (const [state, count = 0] of Object.entries(counts)) if (count < wanted) return `${count} of ${wanted} replicas are ${state}`;
  // Old pods remain: the rollout is not complete.
  if ((status.replicas ?? 0) > wanted) return `${status.replicas} pods exist, ${wanted} are wanted`;
  return null;
}

/** The annotated generation; 0 when none. Refuses text that is not a number. */
export function readableGeneration(deployment: Pick<Deployment, 'metadata'>, name: string): number {
  const generation = fencingGenerationOf(deployment);
  if (Number.isFinite(generation)) return generation;
  throw refuse(
    'PreconditionChanged',
    `${name} has the annotation ${annotations.fencingGeneration} ` +
      `"${deployment.metadata.annotations?.[annotations.fencingGeneration]}", which is not a whole number; ` +
      'find out who wrote it, then remove it',
  );
}
