import type { EvidenceStore } from '../evidence/contract.ts';
import { refuse } from './api-failure.ts';
import type { ClusterClient } from './client.ts';
import type { DeploymentSnapshot, DeploymentTarget } from './contract.ts';
import { REVISION, fencingGenerationOf, imageOf } from './objects.ts';
import { readDeploymentPods } from './pods.ts';
import { storeSnapshot } from './snapshot.ts';

/** Records the Deployment as it is, whole template and annotations, before anything is changed. Reads only. */
export async function captureDeployment(
  client: ClusterClient,
  store: EvidenceStore,
  target: DeploymentTarget,
): Promise<DeploymentSnapshot> {
  const { deployment, templateHash } = await readDeploymentPods(client, target);
  const image = imageOf(deployment.spec.template, target.container);
  if (image === null) {
    const names = deployment.spec.template.spec.containers.map(({ name }) => name).join(', ');
    throw refuse(
      'Misconfigured',
      `deployment ${target.namespace}/${target.deployment} has no container ${target.container}; it has ${names}`,
    );
  }
  return {
    target,
    evidence: await storeSnapshot(store, target, deployment),
    image,
    replicas: deployment.spec.replicas ?? 1,
    revision: deployment.metadata.annotations?.[REVISION] ?? '',
    templateHash,
    fencingGeneration: fencingGenerationOf(deployment),
  };
}
