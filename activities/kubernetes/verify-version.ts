import { setTimeout as pause } from 'node:timers/promises';
import type { EvidenceStore } from '../evidence/contract.ts';
import { askHealth, type HealthAnswer } from '../health.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { ClusterClient } from './client.ts';
import type { VerifyVersionInput, VersionProof } from './contract.ts';
import { passingTrouble } from './passing-trouble.ts';
import { readDeploymentPods, type DeploymentPods } from './pods.ts';

const LOOK_EVERY_MS = 500;
/**
 * Each question opens a new connection and may reach another pod. A service that answers every second question well would pass
 * five in a row by chance 1 time in 32; one of whose three pods is sick, 1 in 8 per round, and any bad answer starts the row again.
 */
const ANSWERS_IN_A_ROW = 5;
const BETWEEN_ANSWERS_MS = 100;

/**
 * Proves that exactly one version serves: every pod of the Deployment runs the image, ready, with the same bytes; none of another version
 * is left (those on their way out excepted); and health answers ok several times in a row. `ok: false` when the time is over first. Throws
 * ApiFailure when a 401, 403 or 404 lasts for a minute or to the end of the time, and when the Deployment is gone.
 */
export async function verifyVersion(
  client: ClusterClient,
  store: EvidenceStore,
  url: string,
  input: VerifyVersionInput,
  { heartbeat, signal }: RunningActivity,
): Promise<VersionProof> {
  const startedMs = performance.now();
  const within = () => performance.now() - startedMs < input.timeoutMs;
  const health: HealthAnswer[] = [];
  const trouble = passingTrouble();
  let pods: DeploymentPods | null = null;
  let detail = 'not looked yet';
  let ok = false;

  while (within() && !ok) {
    signal.throwIfAborted();
    try {
      pods = await readDeploymentPods(client, input.target);
      trouble.over();
      detail = whyNotOneVersion(pods, input.image) ?? (await whyNotHealthy()) ?? '';
    } catch (error) {
      detail = trouble.bear(error).message;
    }
    ok = detail === '';
    if (ok) break;
    heartbeat({ text: detail, done: 0, total: ANSWERS_IN_A_ROW, unit: 'answers' });
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
  const refusal = trouble.refusal();
  if (refusal) throw refusal;

  const seconds = (performance.now() - startedMs) / 1_000;
  const running = pods?.pods.filter(({ terminating }) => !terminating) ?? [];
  const saw = {
    ok,
    detail: ok
      ? `${running.length} pods run ${input.image} (${running[0]?.imageId || 'image id not told'}), ${ANSWERS_IN_A_ROW} healthy answers in a row`
      : detail,
    pods: running.length,
    seconds,
  };
  const lines = [{ asked: input, url }, ...running, ...(pods?.others ?? []), ...health, { saw }]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join('');
  const source = `pods and health of ${input.target.namespace}/${input.target.deployment} in cluster ${input.target.cluster}`;
  const evidence = await store.put({ kind: 'rollout-events', mediaType: 'application/x-ndjson', source }, new TextEncoder().encode(lines));
  return { ...saw, evidence: [evidence] };

  async function whyNotHealthy(): Promise<string | null> {
    for (let good = 0; good < ANSWERS_IN_A_ROW; good += 1) {
      if (good > 0) await pause(BETWEEN_ANSWERS_MS, undefined, { signal });
      const answer = await askHealth(url, signal);
      health.push(answer);
      if (!answer.ok) return `${url} is not healthy: ${answer.detail}`;
      if (!within()) return notInTime(good + 1);
    }
    return null;
  }

  function notInTime(good: number): string {
    const bad = health.findLast((answer) => !answer.ok);
    return bad
      ? `${url} is healthy only now and then: ${bad.detail}`
      : `${url} answered ok ${good} times of ${ANSWERS_IN_A_ROW}, but the time is over`;
  }
}

/** The first thing that keeps the Deployment from serving exactly one version, or null. */
function whyNotOneVersion({ deployment, templateHash, pods, others }: DeploymentPods, image: string): string | null {
  const { metadata, spec, status } = deployment;
  const wanted = spec.replicas ?? 1;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return `the controller has not seen generation ${metadata.generation} yet`;
  if (wanted === 0) return 'the Deployment asks for no pods, so nothing serves';
  if (templateHash === '') return 'the ReplicaSet of the current template is not known yet';
  const left = others.filter(({ terminating }) => !terminating);
  if (left.length > 0)
    return `${left.length} pods of another version are left: ${left.map(({ name, image: old }) => `${name} (${old})`).join(', ')}`;
  const running = pods.filter(({ terminating }) => !terminating);
  const wrong = running.find((pod) => pod.image !== image);
  if (wrong) return `pod ${wrong.name} runs ${wrong.image}, not ${image}`;
  const ready = running.filter((pod) => pod.ready);
  if (ready.length < wanted || ready.length < running.length)
    return `${ready.length} of ${Math.max(wanted, running.length)} pods are ready`;
  const ids = new Set(running.map(({ imageId }) => imageId).filter((id) => id !== ''));
  if (ids.size > 1) return `the pods run different bytes under the name ${image}: ${[...ids].join(', ')}`;
  return null;
}
