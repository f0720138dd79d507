// Why pods are not ready, read in parallel with the rollback that removes them; bounded in time and size.
import { ApplicationFailure } from '@temporalio/common';
import { whyNotReady } from '../../analysis/rollout/not-ready.ts';
import { byCause, type FailedPod, type PodFailures, type Read } from '../../analysis/rollout/pod-failures.ts';
import type { EvidenceRef, Fact } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { storeOrReport } from '../evidence/store-or-report.ts';
import { timedOut } from '../reason-of.ts';
import { ApiFailure } from './api-failure.ts';
import type { ClusterClient } from './client.ts';
import type { DeploymentTarget } from './contract.ts';
import type { ReplicaSet } from './objects.ts';
import { containersOf, logsToRead, MAX_MESSAGE_CHARACTERS, readEvents, readLog } from './pod-history.ts';
import { readOwnedPods, type OwnedPod } from './pods.ts';

/** Together with the store's 2 s: 10 s. */
const READ_TIMEOUT_MS = 8_000;
/** Pods of one template fail alike. */
const MAX_PODS = 5;

/**
 * Reads conditions, container states, events and last log lines of pods that are not Ready, of any template: after the rollback the failed pods have
 * an old one. Refused or late reads are recorded; a failed store becomes a fact. Throws only when `signal` aborts.
 */
export async function readFailingPods(
  client: ClusterClient,
  store: EvidenceStore,
  target: DeploymentTarget,
  signal: AbortSignal,
): Promise<{ facts: Fact[]; evidence: EvidenceRef[] }> {
  const read = reader(signal);
  const subject = `pods of ${target.namespace}/${target.deployment}`;
  const found = await read('the pods', readOwnedPods(client, target));
  if (found.read === null)
    return { facts: [{ subject, text: `the reasons why they are not ready are unknown: ${found.trouble}`, values: {} }], evidence: [] };

  const failures = await describe(client, target, found.read, read);
  const facts = factsOf(subject, failures);
  if (failures.notReady === 0 && failures.replicaSets.length === 0) return { facts, evidence: [] };
  const description = { kind: 'pod-failures', mediaType: 'application/json', source: `${subject} in cluster ${target.cluster}` } as const;
  const kept = await storeOrReport(store, description, new TextEncoder().encode(JSON.stringify({ podFailures: failures })));
  signal.throwIfAborted();
  if ('ref' in kept) return { facts, evidence: [kept.ref] };
  return {
    facts: [...facts, { subject, text: `their conditions, events and logs could not be stored: ${kept.notKept}`, values: {} }],
    evidence: [],
  };
}

type Reader = <T>(what: string, work: Promise<T>) => Promise<Read<T>>;

/** One deadline for all reads. A refusal becomes its message; a bug is thrown. */
function reader(signal: AbortSignal): Reader {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
  const over = new Promise<'over'>((done) => deadline.addEventListener('abort', () => done('over'), { once: true }));
  return async (what, work) => {
    try {
      const first = await Promise.race([work.then((read) => ({ read, trouble: null })), over]);
      signal.throwIfAborted();
      if (first !== 'over') return first;
      return { read: null, trouble: `reading ${what} ${timedOut(READ_TIMEOUT_MS)}` };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiFailure || error instanceof ApplicationFailure) return { read: null, trouble: error.message };
      throw error;
    }
  };
}

async function describe(
  client: ClusterClient,
  { cluster, namespace, deployment }: DeploymentTarget,
  { current, replicaSets, owned }: { current: ReplicaSet | null; replicaSets: ReplicaSet[]; owned: OwnedPod[] },
  read: Reader,
): Promise<PodFailures> {
  const failing = owned
    .flatMap((each) => {
      const notReady = whyNotReady(each.pod);
      const { name, deletionTimestamp } = each.pod.metadata;
      return notReady === null ? [] : [{ ...each, ...notReady, name, terminating: deletionTimestamp !== undefined }];
    })
    .sort(byCause);
  const pods = failing.slice(0, MAX_PODS).map(async ({ pod, replicaSet, cause, reason, name, terminating }): Promise<FailedPod> => {
    const containers = containersOf(pod);
    const [events, logs] = await Promise.all([
      read(`the events of pod ${name}`, readEvents(client, namespace, pod)),
      Promise.all(
        logsToRead(containers).map(async (log) => ({
          ...log,
          lines: await read(`the log lines of pod ${name}`, readLog(client, namespace, name, log)),
        })),
      ),
    ]);
    return {
      name,
      node: pod.spec.nodeName ?? '',
      replicaSet: replicaSet.metadata.name,
      currentTemplate: replicaSet === current,
      terminating,
      cause,
      reason,
      conditions: (pod.status?.conditions ?? []).map(shortened),
      containers,
      events,
      logs,
    };
  });
  return {
    target: { cluster, namespace, deployment },
    readAt: new Date().toISOString(),
    replicaSets: replicaSets.flatMap(({ metadata: { name }, status }) =>
      status?.conditions?.length ? [{ name, conditions: status.conditions.map(shortened) }] : [],
    ),
    notReady: failing.length,
    pods: await Promise.all(pods),
  };
}

function shortened<T extends { message?: string }>(condition: T): T {
  return condition.message === undefined ? condition : { ...condition, message: condition.message.slice(0, MAX_MESSAGE_CHARACTERS) };
}

/** One fact per reason, the worst first, and one per ReplicaSet that cannot create pods. */
function factsOf(subject: string, { notReady, pods, replicaSets }: PodFailures): Fact[] {
  const reasons = new Map<string, number>();
  for (const { reason, terminating } of pods) {
    const text = terminating ? `${reason} (being deleted)` : reason;
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  const refused = replicaSets.flatMap(({ name, conditions }) =>
    conditions
      .filter(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
      .map(({ message = 'no message' }) => `${name}: ${message}`),
  );
  return [
    ...(notReady === 0 ? [{ subject, text: 'all remaining pods are ready', values: { pods: 0 } }] : []),
    ...[...reasons].map(([reason, count]) => ({
      subject,
      text: `${count} of ${notReady} pods that are not ready: ${reason}`,
      values: { pods: count },
    })),
    ...refused.map((text) => ({ subject, text: `pods cannot be created: ${text}`, values: {} })),
  ];
}
