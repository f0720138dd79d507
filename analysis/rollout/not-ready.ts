// Why a pod is not ready, from the pod object alone. Pure: no Kubernetes client here.

export interface PodCondition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

interface Terminated {
  exitCode?: number;
  signal?: number;
  reason?: string;
  message?: string;
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: Terminated;
}

export interface ContainerStatus {
  name: string;
  ready: boolean;
  restartCount: number;
  /** False until the startup probe, or the start itself, has succeeded. */
  started?: boolean | null;
  state?: ContainerState;
  lastState?: ContainerState;
}

/** The part of a pod object that shows why it is not ready. */
export interface PodObject {
  spec: { initContainers?: { name: string; restartPolicy?: string }[] };
  status?: {
    reason?: string;
    message?: string;
    conditions?: PodCondition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** From the worst to those that may only need time. */
export const causes = ['out of memory', 'crash', 'image', 'configuration', 'unschedulable', 'probe', 'starting'] as const;
export type Cause = (typeof causes)[number];

export interface NotReady {
  cause: Cause;
  /** `container go-api: OOMKilled (exit code 137), 3 restarts`. Names no pod, so that pods with one reason read alike. */
  reason: string;
}

/** A pull error repeats the image three times; its cause is within this length. */
const MAX_MESSAGE_CHARACTERS = 300;

/** Null when the pod is ready. Reads in the order in which a pod starts: scheduling, init containers, containers, readiness gates. */
export function whyNotReady({ spec, status = {} }: PodObject): NotReady | null {
  const condition = (type: string) => status.conditions?.find((each) => each.type === type);
  const ready = condition('Ready');
  if (ready?.status === 'True') return null;
  const scheduled = condition('PodScheduled');
  if (scheduled?.status === 'False') {
    return { cause: 'unschedulable', reason: `${lower(scheduled.reason ?? 'Unschedulable')}: ${cut(scheduled.message ?? 'no message')}` };
  }
  const sidecars = sidecarsOf(spec);
  const found = [
    ...(status.initContainerStatuses ?? []).map((each) => (sidecars.has(each.name) ? ofContainer('sidecar', each) : ofInitContainer(each))),
    ...(status.containerStatuses ?? []).map((each) => ofContainer('container', each)),
  ].filter((each) => each !== null);
  const worst = causes.map((cause) => found.find((each) => each.cause === cause)).find((each) => each !== undefined);
  if (worst) return worst;
  if (condition('ContainersReady')?.status === 'True' && ready) {
    return { cause: 'probe', reason: `readiness gate: ${cut(ready.message ?? ready.reason ?? 'no message')}` };
  }
  return {
    cause: 'starting',
    reason: status.reason ? `${status.reason}: ${cut(status.message ?? 'no message')}` : 'no container status yet',
  };
}

/** Names of init containers that keep running (restartPolicy Always). */
export const sidecarsOf = ({ initContainers = [] }: PodObject['spec']): Set<string> =>
  new Set(initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));

/** An init container holds the others back until it ends with exit code 0. */
function ofInitContainer(status: ContainerStatus): NotReady | null {
  const { name, state = {} } = status;
  if (state.terminated?.exitCode === 0) return null;
  if (state.running) return { cause: 'starting', reason: `init container ${name} has not finished yet` };
  return ofState(`init container ${name}`, status);
}

/** A sidecar has probes like a container, and counts for readiness. */
function ofContainer(kind: 'container' | 'sidecar', status: ContainerStatus): NotReady | null {
  const { name, ready, started, restartCount, state = {}, lastState } = status;
  if (ready) return null;
  const who = `${kind} ${name}`;
  if (!state.running) return ofState(who, status);
  if (restartCount > 0 && lastState?.terminated?.reason === 'OOMKilled') return ofTerminated(who, lastState.terminated, restartCount);
  const restarts = restartCount > 0 ? `, ${times(restartCount)}` : '';
  return started === false
    ? { cause: 'probe', reason: `${who}: running, but its startup probe has not passed${restarts}` }
    : { cause: 'probe', reason: `${who}: running, but its readiness probe fails${restarts}` };
}

const IMAGE = /Image|^RegistryUnavailable$|^SignatureValidationFailed$/u;
const CONFIGURATION = /^(?:CreateContainer|RunContainer|PreCreateHook|PostStartHook|StartError|ContainerCannotRun)/u;
/** Waits for another container, so it is not the reason. */
const WAITS_FOR_OTHERS = new Set(['PodInitializing', 'ContainerCreating']);

function ofState(who: string, { state = {}, lastState, restartCount }: ContainerStatus): NotReady {
  if (state.terminated) return ofTerminated(who, state.terminated, restartCount);
  const { reason = 'waiting', message = '' } = state.waiting ?? {};
  if (reason === 'CrashLoopBackOff' && lastState?.terminated) return ofTerminated(who, lastState.terminated, restartCount, reason);
  const text = `${who}: ${reason}${message === '' ? '' : `: ${cut(message)}`}`;
  if (reason === 'CrashLoopBackOff') return { cause: 'crash', reason: `${who}: ${reason}, ${times(restartCount)}` };
  if (IMAGE.test(reason)) return { cause: 'image', reason: text };
  if (CONFIGURATION.test(reason)) return { cause: 'configuration', reason: text };
  return { cause: 'starting', reason: WAITS_FOR_OTHERS.has(reason) ? `${who}: ${reason}` : text };
}

function ofTerminated(who: string, { exitCode, signal, reason, message }: Terminated, restartCount: number, waiting?: string): NotReady {
  const ended = signal ? `signal ${signal}` : `exit code ${exitCode ?? 'unknown'}`;
  const restarts = restartCount > 0 ? `, ${times(restartCount)}` : '';
  if (reason === 'OOMKilled') return { cause: 'out of memory', reason: `${who}: OOMKilled (${ended})${restarts}` };
  const text = message ? `: ${cut(message)}` : '';
  if (reason !== undefined && CONFIGURATION.test(reason)) return { cause: 'configuration', reason: `${who}: ${reason} (${ended})${text}` };
  return { cause: 'crash', reason: `${who}: ${waiting ?? reason ?? 'terminated'} (${ended})${restarts}${text}` };
}

const times = (restarts: number): string => `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`;
const lower = (word: string): string => `${word.charAt(0).toLowerCase()}${word.slice(1)}`;

function cut(message: string): string {
  const line = message.replaceAll(/\s+/gu, ' ').trim();
  return line.length > MAX_MESSAGE_CHARACTERS ? `${line.slice(0, MAX_MESSAGE_CHARACTERS)}…` : line;
}
