// Watches one rollout.
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { rolloutOutcome } from '../../analysis/rollout/outcome.ts';
import { readRollout, readyOfNew } from '../../analysis/rollout/progress.ts';
import type { RolloutState } from '../../analysis/rollout/rollout-state.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { storeOrReport } from '../evidence/store-or-report.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { ClusterClient } from './client.ts';
import type { RolloutFacts } from '../../verdict/rollout.ts';
import type { WatchRolloutInput } from './contract.ts';
import { imageOf, type StatusCondition } from './objects.ts';
import { passingTrouble } from './passing-trouble.ts';
import { readDeploymentPods, type DeploymentPods } from './pods.ts';

/** Three small reads twice a second instead of a watch: no expiring resourceVersion, no re-list, no connection that dies silently. */
const SAMPLE_INTERVAL_MS = 500;
/** For an unreachable API server; the timeout of the rollout limits the wait. */
const RETRY_INTERVAL_MS = 1_000;
/** Limit for Retry-After, because of the heartbeat timeout (15 s). */
const MAX_PAUSE_MS = 5_000;
/** In one finding; the evidence has all. */
const MAX_REASONS = 3;

/**
 * Samples one rollout until it is complete, failed, overwritten or timed out; does not judge. Errors of the API server are reported and waited for.
 * Throws ApiFailure when a 401, 403 or 404 lasts for a minute or until the timeout, and when the Deployment is gone.
 */
export async function watchRollout(
  client: ClusterClient,
  store: EvidenceStore,
  input: WatchRolloutInput,
  { heartbeat, signal }: RunningActivity,
): Promise<RolloutFacts> {
  const startedMs = performance.now();
  const states: RolloutState[] = [];
  const troubles: { at: string; trouble: string }[] = [];
  const trouble = passingTrouble();
  let pods: DeploymentPods | null = null;
  let last: RolloutState | null = null;

  while (performance.now() - startedMs < input.timeoutMs) {
    signal.throwIfAborted();
    try {
      pods = await readDeploymentPods(client, input.target);
      trouble.over();
      last = stateOf(pods, input.target.container);
      const reading = readRollout([...states, last], input);
      if (reading.state !== 'going') break;
      if (hasChanged(states.at(-1), last)) states.push(last);
      heartbeat({ text: reading.text, done: readyOfNew(last), total: last.wanted, unit: 'pods' });
      await pause(SAMPLE_INTERVAL_MS, undefined, { signal });
    } catch (error) {
      const { message, retryAfterMs } = trouble.bear(error);
      troubles.push({ at: new Date().toISOString(), trouble: message });
      heartbeat({ text: message, done: 0, total: 0, unit: 'pods' });
      await pause(Math.min(retryAfterMs ?? RETRY_INTERVAL_MS, MAX_PAUSE_MS), undefined, { signal });
    }
  }
  const refusal = trouble.refusal();
  if (refusal) throw refusal;
  // The last sample is always recorded: its time is the end of a condition.
  if (last !== null && last !== states.at(-1)) states.push(last);

  const end = {
    endedAt: new Date().toISOString(),
    watchedSeconds: (performance.now() - startedMs) / 1_000,
    podReasons: pods === null ? '' : podReasons(pods),
  };
  const saw = rolloutOutcome(input, states, end);
  const kept = await storeOrReport(
    store,
    {
      kind: 'rollout-events',
      mediaType: 'application/x-ndjson',
      source: `deployment ${input.target.namespace}/${input.target.deployment} of cluster ${input.target.cluster}`,
    },
    new TextEncoder().encode([{ asked: input }, ...states, ...troubles, { saw, end }].map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  return { ...saw, ...('ref' in kept ? { evidence: [kept.ref] } : { evidence: [], notKept: kept.notKept }) };
}

function stateOf({ deployment: { metadata, spec, status = {} }, current }: DeploymentPods, container: string): RolloutState {
  return {
    at: new Date().toISOString(),
    generation: metadata.generation ?? 0,
    observedGeneration: status.observedGeneration ?? 0,
    image: imageOf(spec.template, container),
    template: createHash('sha256').update(JSON.stringify(spec.template)).digest('hex'),
    paused: spec.paused ?? false,
    wanted: spec.replicas ?? 1,
    replicas: status.replicas ?? 0,
    updated: status.updatedReplicas ?? 0,
    ready: status.readyReplicas ?? 0,
    available: status.availableReplicas ?? 0,
    conditions: (status.conditions ?? []).map(plain),
    replicaSet: current?.metadata.name ?? '',
    replicaSetConditions: (current?.status?.conditions ?? []).map(plain),
  };
}

const plain = ({ type, status, reason, message, lastTransitionTime }: StatusCondition) => ({
  type,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { message }),
  ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
});

/** Equal consecutive states are recorded once. */
function hasChanged(before: RolloutState | undefined, now: RolloutState): boolean {
  return before === undefined || JSON.stringify({ ...before, at: '' }) !== JSON.stringify({ ...now, at: '' });
}

/** Reasons of new pods that are not ready, the most frequent first: `container go-api: OOMKilled (exit code 137), 3 restarts (2 pods)`. */
function podReasons({ pods }: DeploymentPods): string {
  const counts = new Map<string, number>();
  for (const { notReady, terminating } of pods) {
    if (notReady !== null && !terminating) counts.set(notReady.reason, (counts.get(notReady.reason) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  const more = sorted.length > MAX_REASONS ? [`${sorted.length - MAX_REASONS} other reasons`] : [];
  return [...sorted.slice(0, MAX_REASONS).map(([reason, count]) => `${reason} (${count} ${count === 1 ? 'pod' : 'pods'})`), ...more].join(
    ', ',
  );
}
