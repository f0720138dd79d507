// A cluster whose answers a test writes, in the form the API gives them. Nothing can be written to it; fake-cluster-api.ts takes writes.
import { ApiFailure, type Resource, type Verb } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import { withImage, type Deployment } from '../kubernetes/objects.ts';

/** What a pod is, where it differs from a pod that runs and is Ready. */
interface FakeState {
  ready?: boolean;
  /** No node has taken it. */
  pending?: boolean;
  terminating?: boolean;
  waiting?: string;
  restarts?: number;
}

export interface FakeCluster {
  image: string;
  names: string[];
  /** By the pod's name. */
  states: Record<string, FakeState>;
  /** What the spec asks for; as many as there are names when left out. */
  replicas: number | null;
  restarts: number;
  /** Status with which every question is answered; 200 answers it. */
  status: number;
  paused: boolean;
  allowed: boolean;
  nodeImages: string[];
  /** Annotations of the Deployment, beside its revision. */
  annotations: Record<string, string>;
  /** The Lease of the Deployment; null when there is none. */
  lease: { holder: string; annotations: Record<string, string> } | null;
  /** What admission makes of an image that is written. */
  rewrites: (image: string) => string;
}

const HASH = '7d4b9c';
export const FAKE_IMAGE = 'registry.local/go-api:sha-91d03ce';
export const fakePods = [1, 2, 3].map((each) => `go-api-${HASH}-x${each}`);

export function fakeCluster(change: Partial<FakeCluster> = {}): FakeCluster & { client: ClusterClient } {
  const state: FakeCluster = {
    image: FAKE_IMAGE,
    names: [...fakePods],
    states: {},
    replicas: null,
    restarts: 0,
    status: 200,
    paused: false,
    allowed: true,
    nodeImages: [FAKE_IMAGE],
    annotations: {},
    lease: null,
    rewrites: (image) => image,
    ...change,
  };
  const answer = (verb: Verb, resource: Resource): unknown => {
    if (state.status !== 200) throw new ApiFailure({ verb, resource, cluster: 'lab', status: state.status, detail: 'fake' });
    if (resource.resource === 'selfsubjectaccessreviews') return { status: { allowed: state.allowed } };
    if (resource.resource === 'deployments') {
      const { metadata, ...rest } = deployment(state);
      return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...state.annotations } } };
    }
    if (resource.resource === 'replicasets') return [replicaSet];
    if (resource.resource === 'leases') {
      if (state.lease === null) throw new ApiFailure({ verb, resource, cluster: 'lab', status: 404, detail: 'fake', gone: true });
      return { metadata: { annotations: state.lease.annotations }, spec: { holderIdentity: state.lease.holder } };
    }
    if (resource.resource === 'nodes')
      return [
        {
          metadata: { name: 'lab-node' },
          status: { conditions: [{ type: 'Ready', status: 'True' }], images: [{ names: state.nodeImages }] },
        },
      ];
    return state.names.map((name) => pod(name, state));
  };
  const client: ClusterClient = {
    cluster: 'lab',
    get: async <T>(resource: Resource) => answer('get', resource) as T,
    text: async (resource: Resource) => answer('get', resource) as string,
    list: async <T>(resource: Resource) => answer('list', resource) as T[],
    create: async <T>(resource: Resource) => answer('create', resource) as T,
    patch: async () => {
      throw new Error('nothing that reads this cluster writes');
    },
    dryRunPatch: async <T>(resource: Resource, body: unknown) => {
      const { metadata, spec } = answer('patch', resource) as ReturnType<typeof deployment>;
      const asked = body as Pick<Deployment, 'metadata' | 'spec'>;
      const image = asked.spec.template.spec.containers[0]?.image ?? '';
      return {
        metadata: { ...metadata, annotations: { ...metadata.annotations, ...asked.metadata.annotations } },
        spec: { ...spec, template: withImage(spec.template, 'go-api', state.rewrites(image)) },
      } as T;
    },
  };
  return Object.assign(state, { client });
}

const revision = { 'deployment.kubernetes.io/revision': '7' };
const labels = { app: 'go-api', 'pod-template-hash': HASH };

function deployment({ image, names, paused, replicas }: FakeCluster) {
  const all = replicas ?? names.length;
  return {
    metadata: { name: 'go-api', namespace: 'shop', uid: 'd', resourceVersion: '1', generation: 3, annotations: revision },
    spec: {
      replicas: all,
      paused,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'go-api' } },
      template: { spec: { containers: [{ name: 'go-api', image, imagePullPolicy: 'Never' }] } },
    },
    status: { observedGeneration: 3, replicas: all, updatedReplicas: all, readyReplicas: all, availableReplicas: all },
  };
}

const owner = (kind: string, uid: string) => [{ kind, name: kind, uid, controller: true }];
const replicaSet = {
  metadata: {
    name: `go-api-${HASH}`,
    uid: 'r',
    resourceVersion: '1',
    annotations: revision,
    labels,
    ownerReferences: owner('Deployment', 'd'),
  },
  spec: {},
};

function pod(name: string, { image, restarts, states }: FakeCluster) {
  const { ready = true, pending = false, terminating = false, waiting, restarts: own = restarts } = states[name] ?? {};
  return {
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      labels,
      ownerReferences: owner('ReplicaSet', 'r'),
      ...(terminating ? { deletionTimestamp: '2026-11-24T00:00:00Z' } : {}),
    },
    spec: { ...(pending ? {} : { nodeName: 'lab-node' }), containers: [{ name: 'go-api', image }] },
    status: {
      phase: pending ? 'Pending' : 'Running',
      podIP: pending ? '' : '10.244.0.7',
      conditions: [{ type: 'Ready', status: ready && !pending ? 'True' : 'False' }],
      containerStatuses: pending
        ? []
        : [
            {
              name: 'go-api',
              ready,
              restartCount: own,
              image,
              imageID: 'sha256:1',
              ...(waiting === undefined ? {} : { state: { waiting: { reason: waiting } } }),
            },
          ],
    },
  };
}
