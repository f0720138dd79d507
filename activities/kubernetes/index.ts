// What workflows ask of a cluster apart from effects, and what effects share with it. Each activity stands in a file of its own.
import type { Environment } from '../../release/environment.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { healthUrl } from '../health.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import { toApplicationFailure } from './api-failure.ts';
import { withFailpoints } from '../failpoint.ts';
import { createClusterClients, readDeployment, type ClusterClient } from './client.ts';
import { readableGeneration } from './capture-deployment.ts';
import type { DeploymentTarget, KubernetesActivities } from './contract.ts';
import { leaseGeneration, readLease } from './lease.ts';
import { verifyVersion } from './verify-version.ts';
import { watchRollout } from './watch-rollout.ts';

export interface KubernetesDependencies {
  store: EvidenceStore;
  environment: Environment;
  /** Opens a cluster by name; shared with the other activities so that a kubeconfig is read once. Default: kubeconfigs relative to the working folder. */
  clients?: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
}

/** Makes the activities. Their failures are ApplicationFailures with a type that retry policies name: what retrying cannot mend is non-retryable. */
export function createKubernetesActivities({
  store,
  environment,
  clients = createClusterClients(environment),
  activity = runningActivity,
}: KubernetesDependencies): KubernetesActivities {
  return {
    watchRollout: (input) =>
      asApplicationFailure(() =>
        withFailpoints('deployment-image.prove', () => watchRollout(clients(input.target.cluster), store, input, activity())),
      ),
    verifyVersion: (input) =>
      asApplicationFailure(() =>
        verifyVersion(
          clients(input.target.cluster),
          store,
          healthUrl(environment, input.healthTarget, input.healthPath),
          input,
          activity(),
        ),
      ),
  };
}

/** Highest fencing generation that ever wrote to the Deployment or claimed its Lease; 0 when none. What the service lock counts on from. */
export async function fencingGeneration(client: ClusterClient, target: DeploymentTarget): Promise<number> {
  return asApplicationFailure(async () => {
    const { namespace, deployment } = target;
    const annotated = readableGeneration(await readDeployment(client, namespace, deployment), `deployment ${namespace}/${deployment}`);
    return Math.max(annotated, leaseGeneration(await readLease(client, target), target));
  });
}

/** Turns failures of the API server into those that retry policies name. */
export async function asApplicationFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toApplicationFailure(error);
  }
}
