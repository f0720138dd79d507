// Which pods serve: those of the ReplicaSet that carries the Deployment's current template, and those that are left of others.
import type { DeploymentTarget } from './contract.ts';
import { listPods, listReplicaSets, readDeployment, type ClusterClient } from './client.ts';
import { REVISION, TEMPLATE_HASH, imageOf, type Deployment, type LabelSelector, type Pod, type ReplicaSet } from './objects.ts';

export interface ServingPod {
  name: string;
  /** Empty until the pod has one. */
  ip: string;
  node: string;
  /** As the pod's spec asks. */
  image: string;
  /** As the node resolved it; empty until the container runs. Two pods of one image but of different ids run different bytes. */
  imageId: string;
  ready: boolean;
  /** On its way out: it still answers for a moment, and counts for nothing. */
  terminating: boolean;
  restarts: number;
  /** Why the container does not run: `CrashLoopBackOff`, `ErrImageNeverPull`; empty when it does. */
  waiting: string;
  templateHash: string;
}

export interface DeploymentPods {
  deployment: Deployment;
  /** `pod-template-hash` of the ReplicaSet that carries the current template; empty when the controller has not made it yet. */
  templateHash: string;
  current: ReplicaSet | null;
  /** Pods of the current template. */
  pods: ServingPod[];
  /** Pods of other templates of the same Deployment. */
  others: ServingPod[];
}

/** An evicted pod stays listed as Failed for hours; it serves nobody and another has taken its place. */
const ENDED = ['Failed', 'Succeeded'];

/** Reads a Deployment with all of its pods. Throws ApiFailure. */
export async function readDeploymentPods(
  client: ClusterClient,
  { namespace, deployment: name, container }: DeploymentTarget,
): Promise<DeploymentPods> {
  const deployment = await readDeployment(client, namespace, name);
  const selector = labelSelector(deployment.spec.selector);
  const owned = (await listReplicaSets(client, namespace, selector)).filter(({ metadata }) =>
    isOwnedBy(metadata.ownerReferences, deployment.metadata.uid),
  );
  const current = currentReplicaSet(deployment, owned);
  const templateHash = current?.metadata.labels?.[TEMPLATE_HASH] ?? '';
  const uids = new Set(owned.map(({ metadata }) => metadata.uid));
  const pods = (await listPods(client, namespace, selector))
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uids.has(uid)))
    .filter(({ status }) => !ENDED.includes(status?.phase ?? ''))
    .map((pod) => servingPod(pod, container));
  const isCurrent = (pod: ServingPod) => templateHash !== '' && pod.templateHash === templateHash;
  return { deployment, templateHash, current, pods: pods.filter(isCurrent), others: pods.filter((pod) => !isCurrent(pod)) };
}

/** Pods of the current template that are not on their way out: whom to scrape, profile and count. */
export async function readServingPods(client: ClusterClient, target: DeploymentTarget): Promise<ServingPod[]> {
  return (await readDeploymentPods(client, target)).pods.filter(({ terminating }) => !terminating);
}

/** The controller gives the ReplicaSet of the current template the Deployment's own revision number; at rollback it renumbers the old one. */
function currentReplicaSet({ metadata }: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | null {
  const revision = metadata.annotations?.[REVISION];
  return owned.find((replicaSet) => revision !== undefined && replicaSet.metadata.annotations?.[REVISION] === revision) ?? null;
}

/** A label selector in the words of the API. */
export function labelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const words = {
    In: (key: string, values: string[]) => `${key} in (${values.join(',')})`,
    NotIn: (key: string, values: string[]) => `${key} notin (${values.join(',')})`,
    Exists: (key: string) => key,
    DoesNotExist: (key: string) => `!${key}`,
  };
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => words[operator](key, values)),
  ].join(',');
}

function isOwnedBy(owners: { uid: string; controller?: boolean }[] | undefined, uid: string): boolean {
  return owners?.some((owner) => owner.controller === true && owner.uid === uid) ?? false;
}

function servingPod(pod: Pod, container: string): ServingPod {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  return {
    name: pod.metadata.name,
    ip: pod.status?.podIP ?? '',
    node: pod.spec.nodeName ?? '',
    image: imageOf({ spec: pod.spec }, container) ?? '',
    imageId: status?.imageID ?? '',
    ready: pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    restarts: status?.restartCount ?? 0,
    waiting: status?.state?.waiting?.reason ?? '',
    templateHash: pod.metadata.labels?.[TEMPLATE_HASH] ?? '',
  };
}
