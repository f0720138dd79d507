// An API server in memory, as far as writes to a Deployment and its Lease go: versions, conflicts, both kinds of patch, ReplicaSets with a
// revision each, and `kubectl rollout undo`, which takes the annotations of the old ReplicaSet back with its template.
import { ApiFailure, type Resource, type Verb } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { Lease } from '../kubernetes/lease.ts';
import {
  REVISION,
  TEMPLATE_HASH,
  type Container,
  type Deployment,
  type EnvVar,
  type Pod,
  type PodTemplate,
  type ReplicaSet,
} from '../kubernetes/objects.ts';

export const OLD = 'registry.local/go-api:sha-old0001';
export const NEW = 'registry.local/go-api:sha-new0002';
export const target: DeploymentTarget = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };

type ReplicaSetWithTemplate = ReplicaSet & { spec: { template: PodTemplate } };

export class FakeClusterApi {
  deployment: Deployment | null = deploymentOf();
  lease: Lease | null = null;
  replicaSets: ReplicaSetWithTemplate[] = [];
  /** `PATCH deployments`, in order. */
  writes: string[] = [];
  /** Asked before each request; throws to fail it. */
  before: (verb: Verb, resource: Resource) => void | Promise<void> = () => undefined;
  /** Asked after each request that changed something; throws to lose its answer. */
  after: (verb: Verb, resource: Resource) => void = () => undefined;
  /** Changes the pods before they are listed. */
  seen: (pods: Pod[]) => Pod[] = (pods) => pods;
  /** Pods without a Deployment. */
  private left: Pod[] = [];
  private version = 100;

  constructor() {
    this.rollOut();
  }

  readonly client: ClusterClient = {
    cluster: 'lab',
    get: async <T>(resource: Resource) => {
      await this.before('get', resource);
      return copied(this.found(resource)) as T;
    },
    text: async () => '',
    list: async <T>(resource: Resource, selector = '') => {
      await this.before('list', resource);
      if (resource.resource === 'pods') return copied(this.seen(this.pods())) as T[];
      const hash = /pod-template-hash=(\S+)/.exec(selector)?.[1];
      return copied(this.replicaSets.filter(({ metadata }) => hash === undefined || metadata.labels?.[TEMPLATE_HASH] === hash)) as T[];
    },
    create: async <T>(resource: Resource, body: unknown) => {
      await this.before('create', resource);
      if (this.lease) throw new ApiFailure({ verb: 'create', resource, cluster: 'lab', status: 409, detail: 'already exists' });
      this.lease = { ...(copied(body) as Lease) };
      return this.changed('create', resource, this.lease) as T;
    },
    patch: async <T>(resource: Resource, body: unknown) => {
      await this.before('patch', resource);
      const found = this.found(resource, 'patch');
      const asked = versionOf(body);
      if (asked !== undefined && asked !== found.metadata.resourceVersion)
        throw new ApiFailure({ verb: 'patch', resource, cluster: 'lab', status: 409, detail: 'conflict' });
      if (Array.isArray(body)) jsonPatch(found, body as Operation[]);
      else strategicMerge(found, body as Partial<Deployment>);
      return this.changed('patch', resource, found) as T;
    },
    dryRunPatch: () => Promise.reject(new Error('not fake')),
  };

  /** Somebody else's change, around the client. */
  change(change: (deployment: Deployment) => void): void {
    if (!this.deployment) throw new Error('the Deployment is gone');
    change(this.deployment);
    this.changed('patch', { group: 'apps', version: 'v1', resource: 'deployments' }, this.deployment);
    this.writes.pop();
  }

  /** Those of the current ReplicaSet, ready. */
  private pods(): Pod[] {
    const template = this.deployment?.spec.template;
    const owner = this.replicaSets.find((each) => same(templateOf(each), template));
    if (!template || !owner) return this.left;
    return Array.from({ length: this.deployment?.spec.replicas ?? 1 }, (_, index) => podOf(owner, template, index));
  }

  /** As the Deployment controller does it, and every pod ready at once. */
  private rollOut(): void {
    const { deployment } = this;
    if (!deployment) return;
    const { metadata, spec } = deployment;
    const known = this.replicaSets.find((each) => same(templateOf(each), spec.template));
    const revision = String(Math.max(0, ...this.replicaSets.map((each) => Number(each.metadata.annotations?.[REVISION]))) + 1);
    const current = known ?? replicaSetOf(deployment, this.replicaSets.length + 1);
    if (!known) this.replicaSets.push(current);
    const isCurrent = known !== undefined && metadata.annotations?.[REVISION] === known.metadata.annotations?.[REVISION];
    if (!isCurrent) {
      metadata.annotations = { ...metadata.annotations, [REVISION]: revision };
      current.metadata.annotations = { ...metadata.annotations };
    } else current.metadata.annotations = { ...metadata.annotations };
    const pods = spec.replicas ?? 1;
    deployment.status = {
      observedGeneration: metadata.generation ?? 1,
      replicas: pods,
      updatedReplicas: pods,
      readyReplicas: pods,
      availableReplicas: pods,
      conditions: [
        { type: 'Available', status: 'True' },
        { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', lastUpdateTime: '2026-11-25T09:00:00Z' },
      ],
    };
  }

  /** `kubectl delete deployment --cascade=orphan`: the pods stay. */
  orphan(): void {
    const left = this.pods();
    this.deployment = null;
    this.left = left;
  }

  /** `kubectl rollout undo --to-revision`: the template and the annotations of an old ReplicaSet. */
  rolloutUndo(image: string): void {
    const old = this.replicaSets.find((each) => each.spec.template.spec.containers[0]?.image === image);
    if (!old) throw new Error(`no ReplicaSet has ${image}`);
    this.change(({ metadata, spec }) => {
      spec.template = templateOf(old);
      metadata.annotations = { ...old.metadata.annotations };
    });
  }

  private found(resource: Resource, verb: Verb = 'get'): Deployment | Lease {
    const object = resource.resource === 'deployments' ? this.deployment : this.lease;
    if (!object) throw new ApiFailure({ verb, resource, cluster: 'lab', status: 404, detail: 'not found', gone: true });
    return object;
  }

  private changed(verb: Verb, resource: Resource, object: Deployment | Lease): unknown {
    object.metadata = { ...object.metadata, resourceVersion: String((this.version += 1)) };
    if ('template' in (object.spec ?? {})) {
      object.metadata.generation = (object.metadata.generation ?? 0) + 1;
      this.rollOut();
    }
    this.writes.push(`${verb.toUpperCase()} ${resource.resource}`);
    const answer = copied(object);
    this.after(verb, resource);
    return answer;
  }
}

interface Operation {
  op: 'add' | 'replace';
  path: string;
  value: unknown;
}

const versionOf = (body: unknown): unknown =>
  Array.isArray(body)
    ? (body as Operation[]).find(({ path }) => path === '/metadata/resourceVersion')?.value
    : (body as Partial<Lease>).metadata?.resourceVersion;

function jsonPatch(object: unknown, operations: readonly Operation[]): void {
  for (const { path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    const parent = keys.reduce((at, key) => at[key] as Record<string, unknown>, object as Record<string, unknown>);
    parent[last] = copied(value);
  }
}

function strategicMerge(object: Deployment | Lease, body: Partial<Deployment> & Partial<Lease>): void {
  object.metadata.annotations = { ...object.metadata.annotations, ...body.metadata?.annotations };
  if ('spec' in object && 'template' in (object.spec ?? {})) {
    const { template } = (object as Deployment).spec;
    for (const change of body.spec?.template?.spec.containers ?? []) {
      const container = template.spec.containers.find(({ name }) => name === change.name);
      if (container) mergeContainer(container, change);
    }
  } else object.spec = { ...object.spec, ...body.spec } as never;
}

/** `env` is merged by name, `$patch: delete` removes an entry, null removes a field; an empty list is left out. */
function mergeContainer(container: Container, { env: changes, ...fields }: Container): void {
  Object.assign(container, fields);
  if (!changes) return;
  const env = [...(container.env ?? [])];
  for (const { $patch, ...change } of changes as (EnvVar & { $patch?: string })[]) {
    const at = env.findIndex(({ name }) => name === change.name);
    const merged = Object.fromEntries(
      Object.entries({ ...env[at], ...change }).filter(([, value]) => value !== null && value !== ''),
    ) as unknown as EnvVar;
    if ($patch === 'delete') env.splice(at, at < 0 ? 0 : 1);
    else if (at < 0) env.push(merged);
    else env[at] = merged;
  }
  const { env: _, ...rest } = container;
  for (const key of Object.keys(container)) delete (container as unknown as Record<string, unknown>)[key];
  Object.assign(container, rest, env.length > 0 ? { env } : {});
}

function deploymentOf(): Deployment {
  return {
    metadata: { name: 'go-api', namespace: 'shop', uid: 'uid-1', resourceVersion: '1', generation: 1, annotations: {} },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'go-api' } },
      template: { metadata: { labels: { app: 'go-api' } }, spec: { containers: [{ name: 'go-api', image: OLD }] } },
    },
  };
}

function replicaSetOf({ metadata, spec }: Deployment, number: number): ReplicaSetWithTemplate {
  const hash = `hash${number}`;
  const template = copied(spec.template);
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [TEMPLATE_HASH]: hash } };
  return {
    metadata: {
      name: `go-api-${hash}`,
      uid: `rs-${number}`,
      resourceVersion: '1',
      labels: { [TEMPLATE_HASH]: hash },
      ownerReferences: [{ kind: 'Deployment', name: metadata.name, uid: metadata.uid, controller: true }],
    },
    spec: { template },
  };
}

function podOf({ metadata: { name, uid, labels } }: ReplicaSet, { spec }: PodTemplate, index: number): Pod {
  return {
    metadata: {
      name: `${name}-${index}`,
      uid: `${uid}-${index}`,
      resourceVersion: '1',
      ...(labels ? { labels } : {}),
      ownerReferences: [{ kind: 'ReplicaSet', name, uid, controller: true }],
    },
    spec: { nodeName: 'node-1', containers: spec.containers },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${index + 1}`,
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: spec.containers.map(({ name: container, image }) => ({
        name: container,
        ready: true,
        restartCount: 0,
        image,
        imageID: `sha256:${image}`,
      })),
    },
  };
}

function templateOf({ spec: { template } }: ReplicaSetWithTemplate): PodTemplate {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return copied({ ...template, metadata: { ...template.metadata, labels } });
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** As it comes over the wire: structuredClone would make objects of another realm, which deep equality tells apart. */
const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
