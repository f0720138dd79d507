// The pods of a Deployment for a watch that goes on while the API server does not respond.
import { ApplicationFailure } from '@temporalio/common';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { readDeploymentPods, type ServingPod } from '../kubernetes/pods.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';

/** Three reads of at most 3 s each; several pages that take longer mean a failing API server. */
const PODS_TIMEOUT_MS = 10_000;

/** Pods of every template of the Deployment, or the reason why they are unknown. Throws on cancellation. */
export type ReadPods = () => Promise<ServingPod[] | string>;

export const podReader =
  (client: ClusterClient, target: DeploymentTarget, signal: AbortSignal): ReadPods =>
  async () => {
    const reading = readDeploymentPods(client, target).then(({ pods, others }) => [...pods, ...others], reasonOrBug);
    const read = await within(PODS_TIMEOUT_MS, reading, `cluster ${target.cluster}: listing the pods ${timedOut(PODS_TIMEOUT_MS)}`, signal);
    signal.throwIfAborted();
    return read;
  };

/** The message of a failure of the API server or its credentials. Throws any other error. */
export function reasonOrBug(error: unknown): string {
  if (error instanceof ApiFailure || error instanceof ApplicationFailure) return error.message;
  throw error;
}
