// The acts on a cluster, as workflows call them. Each stands in a file of its own.
import type { Environment } from '../../release/environment.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { healthUrl } from '../health.ts';
import { runningActivity, type RunningActivity } from '../running-activity.ts';
import { toApplicationFailure } from './api-failure.ts';
import { applyImage } from './apply-image.ts';
import { captureDeployment } from './capture-deployment.ts';
import { createClusterClients, readDeployment, type ClusterClient } from './client.ts';
import type { DeploymentTarget, KubernetesActivities } from './contract.ts';
import { fencingGenerationOf } from './objects.ts';
import { restoreTemplate } from './restore-template.ts';
import { verifyVersion } from './verify-version.ts';
import { watchRollout } from './watch-rollout.ts';

export interface KubernetesDependencies {
  store: EvidenceStore;
  environment: Environment;
  /** Opens a cluster by name; shared with the other activities so that a kubeconfig is read once. Default: kubeconfigs relative to the working folder. */
  clients?: (cluster: string) => ClusterClient;
  activity?: () => RunningActivity;
  now?: () => Date;
}

/** Makes the activities. Their failures are ApplicationFailures whose type workflows know: what retrying cannot mend is non-retryable. */
export function createKubernetesActivities({
  store,
  environment,
  clients = createClusterClients(environment),
  activity = runningActivity,
  now = () => new Date(),
}: KubernetesDependencies): KubernetesActivities {
  return {
    captureDeployment: (target) => told(() => captureDeployment(clients(target.cluster), store, target)),
    applyImage: (input) => told(() => applyImage(clients(input.target.cluster), store, input, now)),
    restoreTemplate: (input) => told(() => restoreTemplate(clients(input.snapshot.target.cluster), store, input, now)),
    watchRollout: (input) => told(() => watchRollout(clients(input.target.cluster), store, input, activity())),
    verifyVersion: (input) =>
      told(() =>
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

/** Highest fencing generation that ever wrote to the Deployment; 0 when none. What the service lock counts on from. */
export async function fencingGeneration(client: ClusterClient, { namespace, deployment }: DeploymentTarget): Promise<number> {
  return told(async () => fencingGenerationOf(await readDeployment(client, namespace, deployment)));
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toApplicationFailure(error);
  }
}
