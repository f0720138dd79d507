// Kubernetes activities of workflows, without effects, and what effects share with them. One file per activity.
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
  /** Opens a cluster by name; shared, so that a kubeconfig is read once. Default: kubeconfigs relative to the working directory. */
  clients?: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
}

/** Failures are ApplicationFailures with a type for retry policies; permanent ones are non-retryable. */
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
          { client: clients(input.target.cluster), store, url: healthUrl(environment, input.healthTarget, input.healthPath) },
          input,
          activity(),
        ),
      ),
  };
}

/** Highest fencing generation that wrote to the Deployment or claimed its Lease; 0 when none. The service lock increments it. */
export async function fencingGeneration(client: ClusterClient, target: DeploymentTarget): Promise<number> {
  return asApplicationFailure(async () => {
    const { namespace, deployment } = target;
    const annotated = readableGeneration(await readDeployment(client, namespace, deployment), `deployment ${namespace}/${deployment}`);
    return Math.max(annotated, leaseGeneration(await readLease(client, target), target));
  });
}

/** Converts failures of the API server into typed ApplicationFailures. */
export async function asApplicationFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toApplicationFailure(error);
  }
}
