// Client of one cluster: raw JSON in and out, because typed clients drop unknown fields; every failure is an ApiFailure.
import { isAbsolute, resolve } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { IsomorphicFetchHttpLibrary, KubeConfig, RequestContext, type HttpMethod } from '@kubernetes/client-node';
import type { Environment } from '../../release/environment.ts';
import { errorCode } from '../evidence/errors.ts';
import { reasonOf, timedOut } from '../reason-of.ts';
import { named, refuse } from '../refusal.ts';
import { ApiFailure, type Resource, type Verb } from './api-failure.ts';
import type { Deployment, Node, Pod, ReplicaSet } from './objects.ts';

/** A loaded API server responds to small reads within 1 s; the 10 s of a quick activity must allow a retry. */
const REQUEST_TIMEOUT_MS = 3_000;
/** One page for services of usual size, at most a few MB. */
const PAGE_OBJECTS = 500;
/** 20,000 objects: a selector that matches more is not that of one service. */
const MAX_PAGES = 40;

export type PatchType = 'application/strategic-merge-patch+json' | 'application/json-patch+json';

export interface ClusterClient {
  cluster: string;
  get<T>(resource: Resource): Promise<T>;
  /** The response as text. */
  text(resource: Resource, query: Record<string, string>): Promise<string>;
  /** All objects, page by page; `selector` is a label selector. */
  list<T>(resource: Resource, selector?: string): Promise<T[]>;
  patch<T>(resource: Resource, body: unknown, type: PatchType): Promise<T>;
  /** The result of a patch after all admission, without writing it; needs the same permission. */
  dryRunPatch<T>(resource: Resource, body: unknown, type: PatchType): Promise<T>;
  create<T>(resource: Resource, body: unknown): Promise<T>;
}

/** Opens each cluster of the environment file once. */
export function createClusterClients(environment: Environment, environmentFolder = '.'): (cluster: string) => ClusterClient {
  const open = new Map<string, ClusterClient>();
  return (cluster) => {
    const known = open.get(cluster);
    if (known) return known;
    const spec = named(environment.spec.clusters, 'cluster', cluster);
    const path = isAbsolute(spec.kubeconfig) ? spec.kubeconfig : resolve(environmentFolder, spec.kubeconfig);
    const client = openCluster(cluster, path, spec.context);
    open.set(cluster, client);
    return client;
  };
}

/** Opens one cluster by its kubeconfig file. Nothing is read before the first request. */
export const openCluster = (cluster: string, kubeconfigFile: string, context?: string): ClusterClient =>
  createClusterClient(cluster, () => loadKubeConfig(cluster, kubeconfigFile, context));

function loadKubeConfig(cluster: string, path: string, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (cause) {
    const reason = errorCode(cause) === 'ENOENT' ? 'there is no such file' : firstLine((cause as Error).message);
    throw refuse('Misconfigured', `cluster ${cluster}: the kubeconfig ${path} cannot be read: ${reason}`);
  }
  if (context !== undefined) {
    if (!config.getContextObject(context))
      throw refuse('Misconfigured', `cluster ${cluster}: the kubeconfig ${path} has no context ${context}`);
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster()) throw refuse('Misconfigured', `cluster ${cluster}: the current context of ${path} names no cluster`);
  return config;
}

/** A YAML parser reports the position in the first line; the next lines quote the file, which has tokens. */
const firstLine = (message: string): string => message.split('\n')[0] ?? '';

interface Request {
  verb: Verb;
  resource: Resource;
  query: Record<string, string>;
  accept: string;
  body?: unknown;
  contentType?: string;
}

/** Client of one API server. `load` is called again after a 401, once per request: tokens rotate. */
export function createClusterClient(cluster: string, load: () => KubeConfig): ClusterClient {
  const http = new IsomorphicFetchHttpLibrary();
  let config: KubeConfig | null = null;
  // One connection pool per kubeconfig; by default the library opens a TLS connection per request.
  let dispatcher: ReturnType<RequestContext['getDispatcher']>;

  const send: SendJson = async (request) => {
    const text = await sendForText({ query: {}, accept: 'application/json', ...request });
    return unlessUnreachable(cluster, request.verb, request.resource, async () => JSON.parse(text) as unknown);
  };

  async function sendForText(request: Request): Promise<string> {
    try {
      return await once(request);
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status !== 401) throw error;
      try {
        open();
      } catch {
        // The kubeconfig is being rewritten: the next request reads it again.
        throw error;
      }
      return once(request);
    }
  }

  async function once(request: Request): Promise<string> {
    const { verb, resource } = request;
    const known = config ?? open();
    const context = requestTo(known, request);
    await authenticate(cluster, known, context);
    const answer = await unlessUnreachable(cluster, verb, resource, async () => {
      if (dispatcher) context.setDispatcher(dispatcher);
      else dispatcher = context.getDispatcher();
      const response = await http.send(context).toPromise();
      return { status: response.httpStatusCode, headers: response.headers, text: await response.body.text() };
    });
    if (answer.status >= 200 && answer.status < 300) return answer.text;
    const { message, missing } = statusOf(answer.text);
    const gone = answer.status === 404 && missing !== undefined && missing === resource.name;
    throw new ApiFailure({
      verb,
      resource,
      cluster,
      status: answer.status,
      detail: message,
      retryAfterMs: retryAfterMs(answer.headers),
      gone,
    });
  }

  function open(): KubeConfig {
    config = load();
    dispatcher = undefined;
    return config;
  }

  return {
    cluster,
    get: async <T>(resource: Resource) => (await send({ verb: 'get', resource })) as T,
    text: (resource, query) => sendForText({ verb: 'get', resource, query, accept: '*/*' }),
    list: (resource, selector) => listPages(cluster, send, resource, selector),
    patch: async <T>(resource: Resource, body: unknown, contentType: PatchType) =>
      (await send({ verb: 'patch', resource, query: FIELD_MANAGER, body, contentType })) as T,
    dryRunPatch: async <T>(resource: Resource, body: unknown, contentType: PatchType) =>
      (await send({ verb: 'patch', resource, query: { ...FIELD_MANAGER, dryRun: 'All' }, body, contentType })) as T,
    create: async <T>(resource: Resource, body: unknown) =>
      (await send({ verb: 'create', resource, body, contentType: 'application/json' })) as T,
  };
}

type SendJson = (request: Omit<Request, 'query' | 'accept'> & Partial<Pick<Request, 'query'>>) => Promise<unknown>;

function requestTo(config: KubeConfig, { verb, resource, query, accept, body, contentType = '' }: Request): RequestContext {
  const url = new URL(`${config.getCurrentCluster()?.server ?? ''}${pathOf(resource)}`);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const context = new RequestContext(url.href, methods[verb]);
  context.setHeaderParam('accept', accept);
  context.setSignal(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
  if (body !== undefined) {
    context.setHeaderParam('content-type', contentType);
    context.setBody(JSON.stringify(body));
  }
  return context;
}

/** Token files and credential plugins. When they fail, nothing has been sent, so nothing must be read back. */
async function authenticate(cluster: string, from: KubeConfig, context: RequestContext): Promise<void> {
  try {
    await from.applySecurityAuthentication(context);
  } catch (cause) {
    throw ApplicationFailure.create({
      type: 'NoCredentials',
      message: `cluster ${cluster}: the kubeconfig gave no usable credentials: ${reasonOf(cause)}`,
    });
  }
  // fetch rejects such a header too, but quotes it in its message.
  const header = Object.entries(context.getHeaders()).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  if (/^[\t\x20-\x7e]*$/.test(header)) return;
  throw ApplicationFailure.create({
    type: 'NoCredentials',
    message: `cluster ${cluster}: the kubeconfig gave no usable credentials: the token has characters that are invalid in an HTTP header, such as a line break`,
  });
}

async function unlessUnreachable<T>(cluster: string, verb: Verb, resource: Resource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const isTimeout = (cause as Error).name === 'TimeoutError';
    throw new ApiFailure({ verb, resource, cluster, status: 0, detail: isTimeout ? timedOut(REQUEST_TIMEOUT_MS) : reasonOf(cause), cause });
  }
}

async function listPages<T>(cluster: string, send: SendJson, resource: Resource, selector?: string): Promise<T[]> {
  const items: T[] = [];
  let next = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = { limit: String(PAGE_OBJECTS), ...(selector ? { labelSelector: selector } : {}), ...(next ? { continue: next } : {}) };
    const answer = (await send({ verb: 'list', resource, query })) as { items: T[]; metadata?: { continue?: string } };
    items.push(...answer.items);
    next = answer.metadata?.continue ?? '';
    if (next === '') return items;
  }
  throw refuse(
    'Misconfigured',
    `cluster ${cluster}: more than ${MAX_PAGES * PAGE_OBJECTS} ${resource.resource} match ${selector ?? 'no selector'}`,
  );
}

/** Owner of the written fields in `metadata.managedFields`. */
const FIELD_MANAGER = { fieldManager: 'tminus' };
const methods: Record<Verb, HttpMethod> = { get: 'GET', list: 'GET', patch: 'PATCH', create: 'POST' };

/** API path of an object or of a list. */
export function pathOf({ group, version, resource, namespace, name, subresource }: Resource): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const parts = [
    ...(namespace === undefined ? [] : ['namespaces', namespace]),
    resource,
    ...(name === undefined ? [] : [name]),
    ...(subresource === undefined ? [] : [subresource]),
  ];
  return `${root}/${parts.map(encodeURIComponent).join('/')}`;
}

/** Message of a Status object, with the name of an object that was not found; else the start of the response (a proxy's page). */
function statusOf(text: string): { message: string; missing?: string | undefined } {
  try {
    const { message, reason, details } = JSON.parse(text) as { message?: string; reason?: string; details?: { name?: string } };
    if (message) return { message, missing: reason === 'NotFound' ? details?.name : undefined };
  } catch {
    // Not a Status object: its text is the message.
  }
  return { message: text.slice(0, 200).trim() || 'no message' };
}

function retryAfterMs(headers: Record<string, string>): number | null {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 && headers['retry-after'] ? seconds * 1_000 : null;
}

export const deployments = (namespace: string, name?: string): Resource => ({
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  namespace,
  ...(name ? { name } : {}),
});
export const replicaSets = (namespace: string): Resource => ({ group: 'apps', version: 'v1', resource: 'replicasets', namespace });
export const pods = (namespace: string): Resource => ({ group: '', version: 'v1', resource: 'pods', namespace });
export const podLogs = (namespace: string, name?: string): Resource => ({
  ...pods(namespace),
  ...(name ? { name } : {}),
  subresource: 'log',
});
export const nodes: Resource = { group: '', version: 'v1', resource: 'nodes' };

export const readDeployment = (client: ClusterClient, namespace: string, name: string) =>
  client.get<Deployment>(deployments(namespace, name));
export const listReplicaSets = (client: ClusterClient, namespace: string, selector: string) =>
  client.list<ReplicaSet>(replicaSets(namespace), selector);
export const listPods = (client: ClusterClient, namespace: string, selector: string) => client.list<Pod>(pods(namespace), selector);
export const listNodes = (client: ClusterClient) => client.list<Node>(nodes);

export interface LogRange {
  container: string;
  since: Date;
  /** The API server truncates the log here. */
  limitBytes: number;
}

/** A log whose lines begin with their time. `sinceTime` reaches the kubelet in whole seconds. */
export interface TimedLogRange {
  container: string;
  sinceS: number;
  limitBytes: number;
  /** The log of the container before its last restart. */
  previous: boolean;
}

/** The lines of a log from a second on, each with its time; cut off at `limitBytes`. Throws ApiFailure. */
export const readTimedLog = (
  client: ClusterClient,
  namespace: string,
  name: string,
  { container, sinceS, limitBytes, previous }: TimedLogRange,
) =>
  client.text(podLogs(namespace, name), {
    container,
    timestamps: 'true',
    sinceTime: new Date(1_000 * sinceS).toISOString(),
    limitBytes: String(limitBytes),
    ...(previous ? { previous: 'true' } : {}),
  });

/** The log of a container since a time; the last line may be truncated. */
export const readPodLog = (client: ClusterClient, namespace: string, name: string, { container, since, limitBytes }: LogRange) =>
  client.text(podLogs(namespace, name), { container, sinceTime: since.toISOString(), limitBytes: String(limitBytes) });
