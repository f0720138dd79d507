// The content of `pod-failures` evidence, captured beside a rollback: why pods did not become ready.
import { UnreadableEvidence, type Analysis, type Table } from '../analysis.ts';
import { causes, type Cause, type ContainerState, type PodCondition } from './not-ready.ts';

/** The data, or why it could not be read. */
export type Read<T> = { read: T; trouble: null } | { read: null; trouble: string };

export interface FailedContainer {
  name: string;
  kind: 'init container' | 'sidecar' | 'container';
  ready: boolean;
  restarts: number;
  state: ContainerState;
  lastState: ContainerState;
}

export interface FailedPodEvent {
  /** RFC 3339; empty where the event has no time. */
  at: string;
  type: string;
  reason: string;
  message: string;
  count: number;
}

export interface FailedPodLog {
  container: string;
  /** Log of the container before its last restart. */
  previous: boolean;
  lines: Read<string[]>;
}

export interface FailedPod {
  name: string;
  node: string;
  replicaSet: string;
  /** True for pods of the Deployment's current template; after a rollback is written, pods of the failed launch are not. */
  currentTemplate: boolean;
  terminating: boolean;
  cause: Cause;
  reason: string;
  conditions: PodCondition[];
  containers: FailedContainer[];
  events: Read<FailedPodEvent[]>;
  logs: FailedPodLog[];
}

export interface PodFailures {
  target: { cluster: string; namespace: string; deployment: string };
  /** RFC 3339. */
  readAt: string;
  replicaSets: { name: string; conditions: PodCondition[] }[];
  /** Number of pods that were not ready; only the worst are described. */
  notReady: number;
  pods: FailedPod[];
}

type Ranked = Pick<FailedPod, 'name' | 'cause' | 'terminating'>;

/**
 * The worst first; equal ones by name, so that the order is stable. A pod that is being stopped is not ready either, which is not a
 * failure, so it comes last.
 */
export const byCause = (one: Ranked, other: Ranked): number => rank(one) - rank(other) || (one.name < other.name ? -1 : 1);

const rank = ({ cause, terminating }: Ranked): number =>
  terminating && (cause === 'probe' || cause === 'starting') ? causes.length : causes.indexOf(cause);

/** Reads the stored document. Throws UnreadableEvidence. */
export function readPodFailures(bytes: Uint8Array): PodFailures {
  try {
    const { podFailures } = JSON.parse(new TextDecoder().decode(bytes)) as { podFailures?: PodFailures };
    if (Array.isArray(podFailures?.pods) && Array.isArray(podFailures.replicaSets)) return podFailures;
  } catch {
    // Reported below: truncated bytes are not a document either.
  }
  throw new UnreadableEvidence('not a record of failed pods', 'byte 0', 'capture the evidence again; the record is damaged');
}

/** Tables of pods, containers, events and log lines; no findings, because the rollout's own finding contains the reason. */
export function describePodFailures({ target, notReady, replicaSets, pods }: PodFailures): Analysis {
  const subject = `deployment ${target.namespace}/${target.deployment}`;
  const described = pods.length < notReady ? `, ${pods.length} of them described` : '';
  return {
    findings: [],
    facts: [
      { subject, text: `${notReady} pods were not ready${described}`, values: { notReady, described: pods.length } },
      ...pods.map(({ name, cause, reason }) => ({ subject: `pod ${name}`, text: `${cause}: ${reason}`, values: {} })),
    ],
    tables: [
      conditionTable(replicaSets, pods),
      containerTable(pods),
      eventTable(pods),
      ...pods.flatMap((pod) => pod.logs.map((log) => logTable(pod.name, log))),
    ],
  };
}

const columns = (...names: string[]) => names.map((name) => ({ name, unit: '' }));

function conditionTable(replicaSets: PodFailures['replicaSets'], pods: readonly FailedPod[]): Table {
  const owners = [...replicaSets, ...pods];
  return {
    title: 'conditions',
    columns: columns('object', 'condition', 'status', 'reason', 'message'),
    rows: owners.flatMap(({ name, conditions }) =>
      conditions.map(({ type, status, reason = null, message = null }) => [name, type, status, reason, message]),
    ),
    notes: [],
  };
}

function containerTable(pods: readonly FailedPod[]): Table {
  return {
    title: 'containers',
    columns: columns('pod', 'container', 'kind', 'ready', 'restarts', 'state', 'last state'),
    rows: pods.flatMap((pod) =>
      pod.containers.map(({ name, kind, ready, restarts, state, lastState }) => [
        pod.name,
        name,
        kind,
        ready ? 'yes' : 'no',
        restarts,
        stateText(state),
        stateText(lastState),
      ]),
    ),
    notes: [],
  };
}

function eventTable(pods: readonly FailedPod[]): Table {
  return {
    title: 'events',
    columns: columns('at', 'pod', 'type', 'reason', 'count', 'message'),
    rows: pods.flatMap(({ name, events }) =>
      (events.read ?? []).map(({ at, type, reason, count, message }) => [at, name, type, reason, count, message]),
    ),
    notes: pods.flatMap(({ name, events }) => (events.trouble === null ? [] : [`pod ${name}: ${events.trouble}`])),
  };
}

function logTable(pod: string, { container, previous, lines }: FailedPodLog): Table {
  return {
    title: `log of ${previous ? 'the previous ' : ''}container ${container} of pod ${pod}`,
    columns: columns('line'),
    rows: (lines.read ?? []).map((line) => [line]),
    notes: lines.trouble === null ? [] : [lines.trouble],
  };
}

function stateText({ waiting, running, terminated }: ContainerState): string {
  if (terminated) {
    const { exitCode, reason, message } = terminated;
    return `terminated: ${reason ?? 'no reason'} (exit code ${exitCode ?? 'unknown'})${message ? `: ${message}` : ''}`;
  }
  if (waiting) return `waiting: ${waiting.reason ?? 'no reason'}${waiting.message ? `: ${waiting.message}` : ''}`;
  return running ? `running since ${running.startedAt ?? 'unknown'}` : '';
}
