// The pods of a Deployment: those of the current template's ReplicaSet, and those of older ones.
import { whyNotReady, type NotReady } from '../../analysis/rollout/not-ready.ts';
import type { DeploymentTarget } from './contract.ts';
import { listPods, listReplicaSets, readDeployment, type ClusterClient } from './client.ts';
import {
  REVISION,
  TEMPLATE_HASH,
  imageOf,
  type Deployment,
  type LabelSelector,
  type Pod,
  type PodTemplate,
  type ReplicaSet,
} from './objects.ts';

export interface ServingPod {
  name: string;
  /** Empty until the pod has one. */
  ip: string;
  node: string;
  /** In the pod's spec. For display only: a webhook may have changed it (a registry mirror). */
  image: string;
  /** Image in the template of the pod's ReplicaSet: identifies the version. */
  templateImage: string;
  /** As resolved by the node; empty until the container runs. Compared by its digest (analysis/rollout/image-digest.ts). */
  imageId: string;
  ready: boolean;
  /** Being deleted: it may still respond, but does not count. */
  terminating: boolean;
  restarts: number;
  /** Null when it is ready. */
  notReady: NotReady | null;
  templateHash: string;
}

export interface DeploymentPods {
  deployment: Deployment;
  /** `pod-template-hash` of the ReplicaSet that carries the current template; empty when the controller has not created it yet. */
  templateHash: string;
  current: ReplicaSet | null;
  /** Pods of the current template. */
  pods: ServingPod[];
  /** Pods of other templates of the same Deployment. */
  others: ServingPod[];
}

/** A pod object with the ReplicaSet that owns it. */
export interface OwnedPod {
  pod: Pod;
  replicaSet: ReplicaSet;
}

/** An evicted pod stays listed as Failed for hours after its replacement. */
const ENDED = ['Failed', 'Succeeded'];

/** Reads a Deployment with all of its pods. Throws ApiFailure. */
export async function readDeploymentPods(client: ClusterClient, target: DeploymentTarget): Promise<DeploymentPods> {
  const { deployment, current, owned } = await readOwnedPods(client, target);
  const templateHash = current?.metadata.labels?.[TEMPLATE_HASH] ?? '';
  const isCurrent = ({ replicaSet }: OwnedPod) => templateHash !== '' && replicaSet === current;
  const templateOf = (each: OwnedPod) => (isCurrent(each) ? deployment.spec.template : each.replicaSet.spec.template);
  const served = owned.map((each) => ({ ours: isCurrent(each), pod: servingPod(each.pod, templateOf(each), target.container) }));
  return {
    deployment,
    templateHash,
    current,
    pods: served.filter(({ ours }) => ours).map(({ pod }) => pod),
    others: served.filter(({ ours }) => !ours).map(({ pod }) => pod),
  };
}

/** A Deployment, the ReplicaSet of its current template, and every pod that one of its ReplicaSets owns. Throws ApiFailure. */
export async function readOwnedPods(
  client: ClusterClient,
  { namespace, deployment: name }: DeploymentTarget,
): Promise<{ deployment: Deployment; current: ReplicaSet | null; replicaSets: ReplicaSet[]; owned: OwnedPod[] }> {
  const deployment = await readDeployment(client, namespace, name);
  const selector = labelSelector(deployment.spec.selector);
  const replicaSets = (await listReplicaSets(client, namespace, selector)).filter(
    ({ metadata }) => controllerOf(metadata) === deployment.metadata.uid,
  );
  const byUid = new Map(replicaSets.map((replicaSet) => [replicaSet.metadata.uid, replicaSet]));
  const owned = (await listPods(client, namespace, selector))
    .filter(({ status }) => !ENDED.includes(status?.phase ?? ''))
    .flatMap((pod) => {
      const replicaSet = byUid.get(controllerOf(pod.metadata) ?? '');
      return replicaSet === undefined ? [] : [{ pod, replicaSet }];
    });
  return { deployment, current: currentReplicaSet(deployment, replicaSets), replicaSets, owned };
}

/** The controller gives the ReplicaSet of the current template the Deployment's revision number; a rollback renumbers the old one. */
function currentReplicaSet({ metadata }: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | null {
  const revision = metadata.annotations?.[REVISION];
  return owned.find((replicaSet) => revision !== undefined && replicaSet.metadata.annotations?.[REVISION] === revision) ?? null;
}

/** A label selector in the syntax of the API's query parameter. */
export function labelSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const operators = {
    In: (key: string, values: string[]) => `${key} in (${values.join(',')})`,
    NotIn: (key: string, values: string[]) => `${key} notin (${values.join(',')})`,
    Exists: (key: string) => key,
    DoesNotExist: (key: string) => `!${key}`,
  };
  return [
    ...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`),
    ...matchExpressions.map(({ key, operator, values = [] }) => operators[operator](key, values)),
  ].join(',');
}

const controllerOf = ({ ownerReferences }: Pod['metadata']): string | undefined =>
  ownerReferences?.find(({ controller }) => controller === true)?.uid;

function servingPod(pod: Pod, template: PodTemplate, container: string): ServingPod {
  const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
  const notReady = whyNotReady(pod);
  return {
    name: pod.metadata.name,
    ip: pod.status?.podIP ?? '',
    node: pod.spec.nodeName ?? '',
    image: imageOf({ spec: pod.spec }, container) ?? '',
    templateImage: imageOf(template, container) ?? '',
    imageId: status?.imageID ?? '',
    ready: notReady === null,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    restarts: status?.restartCount ?? 0,
    notReady,
    templateHash: pod.metadata.labels?.[TEMPLATE_HASH] ?? '',
  };
}
