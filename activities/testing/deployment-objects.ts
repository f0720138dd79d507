// Objects of one Deployment in the form the API gives them, and a client that answers with them: each test changes the one field it is about.
import { ApiFailure, type Resource } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { Deployment, Pod, PodTemplate, ReplicaSet } from '../kubernetes/objects.ts';

export const TARGET = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
export const IMAGE = 'registry.example.com/go-api:v2';
export const OLD_IMAGE = 'registry.example.com/go-api:v1';

export interface DeploymentObjects {
  deployment: Deployment;
  replicaSets: ReplicaSet[];
  pods: Pod[];
}

const templateOf = (image: string): PodTemplate => ({ spec: { containers: [{ name: 'go-api', image }] } });

/** Two ready pods of revision 7; the ReplicaSet of revision 6 has none left. */
export function healthyDeployment(): DeploymentObjects {
  return {
    deployment: {
      metadata: {
        name: 'go-api',
        namespace: 'shop',
        uid: 'd',
        resourceVersion: '1',
        generation: 3,
        annotations: { 'deployment.kubernetes.io/revision': '7' },
      },
      spec: { replicas: 2, selector: { matchLabels: { app: 'go-api' } }, template: templateOf(IMAGE) },
      status: { observedGeneration: 3, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
    },
    replicaSets: [replicaSetOf('new', '7', IMAGE), replicaSetOf('old', '6', OLD_IMAGE)],
    pods: [podOf('go-api-new-1', 'new'), podOf('go-api-new-2', 'new')],
  };
}

function replicaSetOf(hash: string, revision: string, image: string): ReplicaSet {
  return {
    metadata: {
      name: `go-api-${hash}`,
      uid: hash,
      resourceVersion: '1',
      labels: { app: 'go-api', 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': revision },
      ownerReferences: [{ kind: 'Deployment', name: 'go-api', uid: 'd', controller: true }],
    },
    spec: { template: templateOf(image) },
  };
}

/** A ready pod of the ReplicaSet with this template hash. */
export function podOf(name: string, hash: string, change: { image?: string; imageId?: string; status?: Pod['status'] } = {}): Pod {
  const { image = hash === 'new' ? IMAGE : OLD_IMAGE, imageId = 'registry.example.com/go-api@sha256:9f2a', status } = change;
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      labels: { app: 'go-api', 'pod-template-hash': hash },
      ownerReferences: [{ kind: 'ReplicaSet', name: `go-api-${hash}`, uid: hash, controller: true }],
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'go-api', image }] },
    status: status ?? {
      phase: 'Running',
      podIP: '10.244.0.7',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [{ name: 'go-api', ready: true, restartCount: 0, image, imageID: imageId, state: { running: {} } }],
    },
  };
}

/** A pod that does not become ready, with the state its one container is in. */
export const failingPod = (name: string, container: Partial<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]>): Pod =>
  podOf(name, 'new', {
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
      containerStatuses: [{ name: 'go-api', ready: false, restartCount: 0, image: IMAGE, imageID: '', ...container }],
    },
  });

/** Answers with the objects as they are when asked. `text` is asked for logs and events; by default the cluster refuses both. */
export function clientOf(
  objects: () => DeploymentObjects,
  text: ClusterClient['text'] = async (resource) => {
    throw new ApiFailure({ verb: 'get', resource, cluster: 'lab', status: 403, detail: 'forbidden' });
  },
): ClusterClient {
  const unused = (): Promise<never> => Promise.reject(new Error('the test did not expect this request'));
  const lists = (resource: Resource): unknown[] => (resource.resource === 'replicasets' ? objects().replicaSets : objects().pods);
  return {
    cluster: 'lab',
    get: async <T>() => objects().deployment as T,
    list: async <T>(resource: Resource) => lists(resource) as T[],
    text,
    create: unused,
    patch: unused,
    dryRunPatch: unused,
  };
}
