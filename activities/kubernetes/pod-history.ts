// Containers, events and last log lines of a pod, each bounded.
import { sidecarsOf, type ContainerStatus } from '../../analysis/rollout/not-ready.ts';
import type { FailedContainer, FailedPodEvent } from '../../analysis/rollout/pod-failures.ts';
import { ApiFailure, type Resource } from './api-failure.ts';
import { podLogs, type ClusterClient } from './client.ts';
import type { Pod, PodEvent } from './objects.ts';

/** Events of a crashing pod repeat; the API server merges repetitions into one with a count. */
const MAX_EVENTS = 20;
/** The API lists events unordered, so all of a pod are read; 500 different ones do not occur in practice. */
const EVENTS_PAGE = 500;
const LOG_LINES = 200;
/** 200 lines of JSON have about 60 KiB; a stack dump is longer, and starts with the reason. */
const MAX_LOG_BYTES = 128 * 1024;
/** The failing one and two sidecars. With logs of the container before the restart: at most 5 x 3 x 2 x 128 KiB = 3.8 MB. */
const MAX_CONTAINERS_WITH_LOGS = 3;
/** Of an event or a condition; longer messages repeat the image name. */
export const MAX_MESSAGE_CHARACTERS = 1_000;

/** All containers of a pod as reported by the kubelet, init containers first. */
export function containersOf({ spec, status }: Pod): FailedContainer[] {
  const sidecars = sidecarsOf(spec);
  const containerOf = (kind: FailedContainer['kind'], { name, ready, restartCount, state = {}, lastState = {} }: ContainerStatus) => ({
    name,
    kind,
    ready,
    restarts: restartCount,
    state,
    lastState,
  });
  return [
    ...(status?.initContainerStatuses ?? []).map((each) => containerOf(sidecars.has(each.name) ? 'sidecar' : 'init container', each)),
    ...(status?.containerStatuses ?? []).map((each) => containerOf('container', each)),
  ];
}

/** Containers that have run and are not ready; of a restarted one also the log before the restart. */
export function logsToRead(containers: readonly FailedContainer[]): { container: string; previous: boolean }[] {
  const ended = ({ kind, state }: FailedContainer) => kind === 'init container' && state.terminated?.exitCode === 0;
  return containers
    .filter((each) => !each.ready && !ended(each))
    .filter(({ state, restarts }) => state.running !== undefined || state.terminated !== undefined || restarts > 0)
    .slice(0, MAX_CONTAINERS_WITH_LOGS)
    .flatMap(({ name, restarts }) => [
      { container: name, previous: false },
      ...(restarts > 0 ? [{ container: name, previous: true }] : []),
    ]);
}

/** The last log lines of a container. Throws ApiFailure. */
export async function readLog(
  client: ClusterClient,
  namespace: string,
  pod: string,
  { container, previous }: { container: string; previous: boolean },
): Promise<string[]> {
  const query = {
    container,
    tailLines: String(LOG_LINES),
    limitBytes: String(MAX_LOG_BYTES),
    ...(previous ? { previous: 'true' } : {}),
  };
  const text = await client.text(podLogs(namespace, pod), query);
  return text.split('\n').filter((line) => line !== '');
}

/** The newest events of one pod, oldest first, as `kubectl describe` lists them. Throws ApiFailure. */
export async function readEvents(client: ClusterClient, namespace: string, { metadata: { uid } }: Pod): Promise<FailedPodEvent[]> {
  const items = await listEvents(client, namespace, `involvedObject.uid=${uid}`);
  return items
    .map(({ type = '', reason = '', message = '', count, lastTimestamp, eventTime, series }) => ({
      at: series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '',
      type,
      reason,
      message: message.slice(0, MAX_MESSAGE_CHARACTERS),
      count: series?.count ?? count ?? 1,
    }))
    .sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    .slice(-MAX_EVENTS);
}

/** `client.list` supports only label selectors, and events need a field selector. */
async function listEvents(client: ClusterClient, namespace: string, fieldSelector: string): Promise<PodEvent[]> {
  const events: Resource = { group: '', version: 'v1', resource: 'events', namespace };
  const failed = (status: number, detail: string) =>
    new ApiFailure({ verb: 'list', resource: events, cluster: client.cluster, status, detail });
  const text = await client.text(events, { fieldSelector, limit: String(EVENTS_PAGE) }).catch((error: unknown) => {
    // The missing verb is `list`, not `get`.
    throw error instanceof ApiFailure && error.status === 403 ? failed(403, error.message) : error;
  });
  try {
    return (JSON.parse(text) as { items?: PodEvent[] }).items ?? [];
  } catch {
    throw failed(0, 'the answer is not JSON');
  }
}
