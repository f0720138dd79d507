// Proves that exactly one version serves.
import { setTimeout as pause } from 'node:timers/promises';
import { imageDigest, imageDigests } from '../../analysis/rollout/image-digest.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { storeOrReport } from '../evidence/store-or-report.ts';
import { askHealth, type HealthAnswer } from '../health.ts';
import type { RunningActivity } from '../running-activity.ts';
import type { ClusterClient } from './client.ts';
import type { VerifyVersionInput, VersionProof } from './contract.ts';
import { imageOf } from './objects.ts';
import { passingTrouble } from './passing-trouble.ts';
import { readDeploymentPods, type DeploymentPods, type ServingPod } from './pods.ts';

const SAMPLE_INTERVAL_MS = 500;
/**
 * Each request opens a new connection and may reach another pod. A service that fails every second request passes five in a row 1 time in 32; one with
 * one sick pod of three, 1 time in 8.
 */
const RESPONSES_IN_A_ROW = 5;
const RESPONSE_INTERVAL_MS = 100;

export interface VerifyVersionDependencies {
  client: ClusterClient;
  store: EvidenceStore;
  /** Health page. */
  url: string;
}

/**
 * Waits until the template has the image, all pods are of its ReplicaSet, ready and of one image digest, and health is ok several times in a row; `ok:
 * false` after the timeout. Throws ApiFailure when a 401, 403 or 404 lasts for a minute or until the timeout, and when the Deployment is gone.
 */
export async function verifyVersion(
  { client, store, url }: VerifyVersionDependencies,
  input: VerifyVersionInput,
  { heartbeat, signal }: RunningActivity,
): Promise<VersionProof> {
  const startedMs = performance.now();
  const within = () => performance.now() - startedMs < input.timeoutMs;
  const health: HealthAnswer[] = [];
  const trouble = passingTrouble();
  let pods: DeploymentPods | null = null;
  let detail = 'no sample yet';
  let ok = false;

  while (within() && !ok) {
    signal.throwIfAborted();
    try {
      pods = await readDeploymentPods(client, input.target);
      trouble.over();
      detail = whyNotOneVersion(pods, input) ?? (await whyNotHealthy()) ?? '';
    } catch (error) {
      detail = trouble.bear(error).message;
    }
    ok = detail === '';
    if (ok) break;
    heartbeat({ text: detail, done: 0, total: RESPONSES_IN_A_ROW, unit: 'responses' });
    await pause(SAMPLE_INTERVAL_MS, undefined, { signal });
  }
  const refusal = trouble.refusal();
  if (refusal) throw refusal;

  const running = pods?.pods.filter(({ terminating }) => !terminating) ?? [];
  const imageIds = imageDigests(running.map(({ imageId }) => imageId));
  const saw = {
    ok,
    detail: ok
      ? `${running.length} pods run ${input.image} (${imageIds[0] ?? 'image id not reported'}), ${RESPONSES_IN_A_ROW} healthy responses in a row`
      : detail,
    pods: running.length,
    seconds: (performance.now() - startedMs) / 1_000,
    imageIds,
    at: new Date().toISOString(),
  };
  const lines = [{ asked: input, url }, ...running, ...(pods?.others ?? []), ...health, { saw }];
  const source = `pods and health of ${input.target.namespace}/${input.target.deployment} in cluster ${input.target.cluster}`;
  const kept = await storeOrReport(
    store,
    { kind: 'rollout-events', mediaType: 'application/x-ndjson', source },
    new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  );
  return { ...saw, ...('ref' in kept ? { evidence: [kept.ref] } : { evidence: [], notKept: kept.notKept }) };

  async function whyNotHealthy(): Promise<string | null> {
    for (let good = 0; good < RESPONSES_IN_A_ROW; good += 1) {
      if (good > 0) await pause(RESPONSE_INTERVAL_MS, undefined, { signal });
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
      ? `${url} is healthy only intermittently; the last failing response was ${bad.detail}`
      : `${url} was healthy ${good} times before the timeout; ${RESPONSES_IN_A_ROW} times in a row are required`;
  }
}

/** The first reason why the Deployment does not serve exactly one version, or null. */
function whyNotOneVersion(
  { deployment, templateHash, pods, others }: DeploymentPods,
  { image, target }: Pick<VerifyVersionInput, 'image' | 'target'>,
): string | null {
  const { metadata, spec, status } = deployment;
  const wanted = spec.replicas ?? 1;
  const asked = imageOf(spec.template, target.container);
  if (asked !== image) return `the pod template has ${asked ?? `no container ${target.container}`}, not ${image}`;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return `the controller has not observed generation ${metadata.generation} yet`;
  if (wanted === 0) return 'the Deployment has 0 replicas, so nothing serves';
  if (templateHash === '') return 'the ReplicaSet of the current template does not exist yet';
  const left = others.filter(({ terminating }) => !terminating);
  if (left.length > 0)
    return `${left.length} pods of another version remain: ${left.map(({ name, templateImage }) => `${name} (${templateImage})`).join(', ')}`;
  return whyNotReadyOrMixed(
    pods.filter(({ terminating }) => !terminating),
    wanted,
    image,
  );
}

function whyNotReadyOrMixed(running: readonly ServingPod[], wanted: number, image: string): string | null {
  const ready = running.filter((pod) => pod.ready);
  if (ready.length < wanted || ready.length < running.length) {
    const sick = running.find(({ notReady }) => notReady !== null);
    const reason = sick?.notReady ? `; pod ${sick.name}: ${sick.notReady.reason}` : '';
    return `${ready.length} of ${Math.max(wanted, running.length)} pods are ready${reason}`;
  }
  const digests = new Set(running.map(({ imageId }) => imageDigest(imageId)).filter((digest) => digest !== ''));
  if (digests.size > 1) return `the pods run different digests of ${image}: ${[...digests].sort().join(', ')}`;
  return null;
}
