import { setTimeout as pause } from 'node:timers/promises';
import { readRollout, readyOfNew, rolloutSeconds, type RolloutReading, type RolloutState } from '../../analysis/rollout/progress.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { ClusterClient } from './client.ts';
import type { RolloutOutcome, RolloutResult, WatchRolloutInput } from './contract.ts';
import { imageOf, type StatusCondition } from './objects.ts';
import { passingTrouble } from './passing-trouble.ts';
import { readDeploymentPods, type DeploymentPods } from './pods.ts';

/**
 * Three small reads twice a second, instead of a watch: a condition is noticed within a second, and there is no resourceVersion that can
 * expire, no re-list, no connection that dies silently.
 */
const LOOK_EVERY_MS = 500;
/** An unreachable API server is told and waited for; the timeout of the rollout still ends the wait. */
const RETRY_EVERY_MS = 1_000;
/** However long a busy server asks to stay away: longer, and the heartbeat (15 s) would miss. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * Follows one rollout until it is complete, has failed, was overwritten, or the time is over. Answers what was seen and does not judge.
 * Trouble with the API server is told and waited out; throws ApiFailure when a 401, 403 or 404 lasts for a minute or to the end of the time,
 * and when the Deployment is gone.
 */
export async function watchRollout(
  client: ClusterClient,
  store: EvidenceStore,
  input: WatchRolloutInput,
  { heartbeat, signal }: RunningActivity,
): Promise<RolloutResult> {
  const startedMs = performance.now();
  const seen: RolloutState[] = [];
  const troubles: { at: string; trouble: string }[] = [];
  const trouble = passingTrouble();
  let pods: DeploymentPods | null = null;
  let reading: RolloutReading = { state: 'going', text: 'not looked yet' };
  let firstTemplate: string | null = null;

  while (performance.now() - startedMs < input.timeoutMs) {
    signal.throwIfAborted();
    try {
      pods = await readDeploymentPods(client, input.target);
      trouble.over();
      const state = stateOf(pods, input.target.container);
      if (isNews(seen.at(-1), state)) seen.push(state);
      reading = readRollout(state, input);
      const template = JSON.stringify(pods.deployment.spec.template);
      firstTemplate ??= template;
      if (template !== firstTemplate && reading.state !== 'superseded') {
        reading = { state: 'superseded', at: state.at, detail: 'the pod template was changed while it rolled out' };
      }
      if (reading.state !== 'going') break;
      heartbeat({ text: reading.text, done: readyOfNew(state), total: state.wanted, unit: 'pods' });
      await pause(LOOK_EVERY_MS, undefined, { signal });
    } catch (error) {
      const { message, retryAfterMs } = trouble.bear(error);
      troubles.push({ at: new Date().toISOString(), trouble: message });
      heartbeat({ text: message, done: 0, total: 0, unit: 'pods' });
      await pause(Math.min(retryAfterMs ?? RETRY_EVERY_MS, LONGEST_PAUSE_MS), undefined, { signal });
    }
  }
  const refusal = trouble.refusal();
  if (refusal) throw refusal;

  const last = seen.at(-1);
  const outcome: RolloutOutcome = reading.state === 'going' ? 'timed-out' : reading.state;
  const conditionAt = reading.state === 'going' ? new Date().toISOString() : reading.at;
  const saw = {
    outcome,
    podsReady: last ? readyOfNew(last) : 0,
    podsWanted: last?.wanted ?? 0,
    seconds: rolloutSeconds(input.writtenAt, conditionAt) ?? (performance.now() - startedMs) / 1_000,
    conditionAt,
  };
  const told = reading.state === 'going' ? `after ${input.timeoutMs / 1_000} s: ${reading.text}` : reading.detail;
  const detail = outcome === 'complete' || pods === null ? told : [told, whyNotReady(pods)].filter(Boolean).join('; ');
  const lines = [{ asked: input }, ...seen, ...troubles, { saw: { ...saw, detail } }].map((line) => `${JSON.stringify(line)}\n`).join('');
  const evidence = await store.put(
    {
      kind: 'rollout-events',
      mediaType: 'application/x-ndjson',
      source: `deployment ${input.target.namespace}/${input.target.deployment} of cluster ${input.target.cluster}`,
    },
    new TextEncoder().encode(lines),
  );
  return { ...saw, detail, evidence: [evidence] };
}

function stateOf({ deployment: { metadata, spec, status = {} }, current }: DeploymentPods, container: string): RolloutState {
  return {
    at: new Date().toISOString(),
    generation: metadata.generation ?? 0,
    observedGeneration: status.observedGeneration ?? 0,
    image: imageOf(spec.template, container),
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

/** The same state twice a second for ten minutes is one line. */
function isNews(before: RolloutState | undefined, now: RolloutState): boolean {
  return before === undefined || JSON.stringify({ ...before, at: '' }) !== JSON.stringify({ ...now, at: '' });
}

/** `CrashLoopBackOff (2 pods)`: what the new pods say themselves. */
function whyNotReady({ pods }: DeploymentPods): string {
  const reasons = new Map<string, number>();
  for (const { ready, waiting, terminating } of pods) {
    if (!ready && !terminating) reasons.set(waiting || 'not ready', (reasons.get(waiting || 'not ready') ?? 0) + 1);
  }
  return [...reasons].map(([reason, count]) => `${reason} (${count} ${count === 1 ? 'pod' : 'pods'})`).join(', ');
}
