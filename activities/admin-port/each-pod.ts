// Work on every running pod of a Deployment, also on those that start meanwhile.
import { ApplicationFailure } from '@temporalio/common';
import pMap from 'p-map';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import { listPods, type ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { readDeploymentPods } from '../kubernetes/pods.ts';
import { PodFailure, type AdminPod } from './ask-pod.ts';

/** A rollout replaces a pod at a time; with more rounds than this it is not over, and the activity is retried. */
const MAX_ROUNDS = 5;

/** A pod takes milliseconds; a hundred hanging pods fit four request time-outs. */
const MAX_PARALLEL = 32;

/** What effects on pods need of a worker. */
export interface AdminPortDependencies {
  clients: (cluster: string) => ClusterClient;
  /** Port of the pods that serves switches and faults. Throws `Misconfigured` for an unknown cluster. */
  adminPort: (cluster: string) => number;
  now: () => Date;
}

/** Where the pods of a Deployment are found. */
export interface PodsOf {
  client: ClusterClient;
  target: DeploymentTarget;
  /** Selector of its pods, which finds them where the Deployment was deleted and its pods were orphaned. */
  selector: string;
}

/** Pods of any template that have an address and are not being deleted, sorted by name. Throws ApiFailure. */
export async function runningPods({ client, target, selector }: PodsOf): Promise<AdminPod[]> {
  const found = await readDeploymentPods(client, target)
    .then(({ pods, others }) => [...pods, ...others].filter(({ terminating }) => !terminating))
    .catch((error: unknown) => {
      if (error instanceof ApiFailure && error.gone) return orphans(client, target, selector);
      throw error;
    });
  return found
    .filter(({ ip }) => ip !== '')
    .map(({ name, ip, ready }) => ({ name, ip, ready }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function orphans(client: ClusterClient, { namespace }: DeploymentTarget, selector: string): Promise<AdminPod[]> {
  const pods = await listPods(client, namespace, selector);
  return pods
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === 'Running')
    .map(({ metadata, status }) => ({ name: metadata.name, ip: status?.podIP ?? '', ready: true }));
}

/** What was found on one pod. */
export interface OnPod<T> {
  pod: AdminPod;
  result: T;
}

/**
 * The result of each running pod. A pod that has gone away meanwhile needs nothing, and neither does one without a process behind the port that
 * Kubernetes does not report as ready either. Any other failure is thrown.
 */
export async function onEachPod<T>(pods: PodsOf, work: (pod: AdminPod) => Promise<T>): Promise<OnPod<T>[]> {
  const done = new Map<string, OnPod<T>>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const next = (await runningPods(pods)).filter(({ name }) => !done.has(name));
    const failures = new Map<string, unknown>();
    const doneBefore = done.size;
    await pMap(
      next,
      async (pod) => {
        try {
          done.set(pod.name, { pod, result: await work(pod) });
        } catch (error) {
          if (!hasNoProcess(pod, error)) failures.set(pod.name, error);
        }
      },
      { concurrency: MAX_PARALLEL },
    );
    if (failures.size > 0) await throwOfRunning(pods, failures);
    else if (done.size === doneBefore) return [...done.values()];
  }
  throw unreachable(`the pods of ${pods.target.namespace}/${pods.target.deployment} were replaced ${MAX_ROUNDS} times meanwhile`);
}

const hasNoProcess = ({ ready }: AdminPod, reason: unknown): boolean => !ready && reason instanceof PodFailure && reason.refusedConnection;

/** A refusal before a failure that may pass. */
async function throwOfRunning(pods: PodsOf, failures: ReadonlyMap<string, unknown>): Promise<void> {
  const running = await runningPods(pods);
  const standing = running.filter(({ name }) => failures.has(name)).map(({ name }) => failures.get(name));
  const [first] = standing.toSorted((a, b) => Number(isFinal(b)) - Number(isFinal(a)));
  if (first !== undefined) throw first instanceof PodFailure ? unreachable(first.message) : first;
}

const isFinal = (error: unknown): boolean => error instanceof ApplicationFailure && error.nonRetryable === true;

const unreachable = (message: string): ApplicationFailure => ApplicationFailure.create({ type: 'Unreachable', message });
