import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { judgeRollback } from '../../verdict/rollback.ts';
import { rolloutOutcome, type WatchEnd, type WatchedRollout } from '../../analysis/rollout/outcome.ts';
import type { RolloutState } from '../../analysis/rollout/rollout-state.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { fakeCluster, FAKE_IMAGE } from '../testing/fake-cluster.ts';
import { clientOf, failingPod, healthyDeployment, IMAGE, TARGET, type DeploymentObjects } from '../testing/deployment-objects.ts';
import { watchRollout } from './watch-rollout.ts';

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const activity = { heartbeat: () => undefined, signal: new AbortController().signal };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-rollout-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const asked = { target, observedGeneration: 3, image: FAKE_IMAGE, timeoutMs: 60_000 };
const watch = (writtenAt?: string) =>
  watchRollout(
    fakeCluster().client,
    createFolderEvidenceStore(folder),
    { ...asked, ...(writtenAt === undefined ? {} : { writtenAt }) },
    activity,
  );
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const healthy = { ok: true, detail: 'ok', pods: 3, seconds: 0.3, imageIds: [], evidence: [] };
const limits = { rollbackMs: 30_000, healthMs: 60_000, startedAfterMs: null };

it('times a rollback from its write, so that a watch begun again by another worker does not call a late one quick', async () => {
  const rollout = await watch(secondsAgo(40));
  expect(rollout).toMatchObject({ outcome: 'complete' });
  expect(rollout.seconds).toBeGreaterThanOrEqual(40);
  expect(judgeRollback('shop/go-api', rollout, healthy, limits)[0]).toMatchObject({ code: 'RolledBackLate', outcome: 'fail' });
  expect(judgeRollback('shop/go-api', await watch(secondsAgo(4)), healthy, limits)[0]).toMatchObject({ code: 'RolledBackInTime' });
});

it('takes no time below zero when the clock that noted the write is ahead', async () => {
  expect((await watch(secondsAgo(-5))).seconds).toBe(0);
});

it('times the watch itself where the time of the write is not known, as in older workflows', async () => {
  expect((await watch()).seconds).toBeLessThan(5);
});

it.each([401, 403, 404])('reports a moment in which the API server answers %i, and goes on watching', async (status) => {
  const fake = fakeCluster({ status });
  const told: string[] = [];
  const heartbeat = ({ text }: { text: string }) => {
    told.push(text);
    fake.status = 200;
  };
  expect(await watchRollout(fake.client, createFolderEvidenceStore(folder), asked, { ...activity, heartbeat })).toMatchObject({
    outcome: 'complete',
  });
  expect(told).toEqual([expect.stringContaining(`(${status})`)]);
});

it('fails with the refusal, and not with a late rollout, when that lasts to the end', async () => {
  const { client } = fakeCluster({ status: 403 });
  await expect(watchRollout(client, createFolderEvidenceStore(folder), { ...asked, timeoutMs: 300 }, activity)).rejects.toMatchObject({
    name: 'ApiFailure',
    status: 403,
  });
});

const watchObjects = (objects: () => DeploymentObjects, timeoutMs = 60_000, store: EvidenceStore = createFolderEvidenceStore(folder)) =>
  watchRollout(clientOf(objects), store, { target: TARGET, observedGeneration: 3, image: IMAGE, timeoutMs }, activity);
const quota = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' } as const;

it('bears a ReplicaFailure that passes', async () => {
  let samples = 0;
  const rollout = await watchObjects(() => {
    const objects = healthyDeployment();
    // Each sample asks for three kinds of objects.
    samples += 1 / 3;
    if (samples <= 2) {
      objects.deployment.status = { ...objects.deployment.status, updatedReplicas: 0, availableReplicas: 0 };
      objects.replicaSets[0]!.status = { conditions: [quota] };
    }
    return objects;
  });
  expect(rollout).toMatchObject({ outcome: 'complete' });
});

it('names why the new pods are not ready', async () => {
  const objects = healthyDeployment();
  objects.deployment.status = { ...objects.deployment.status, availableReplicas: 0, readyReplicas: 0 };
  const killed = {
    restartCount: 3,
    state: { waiting: { reason: 'CrashLoopBackOff' } },
    lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
  };
  objects.pods = [failingPod('go-api-new-1', killed), failingPod('go-api-new-2', killed)];
  expect(await watchObjects(() => objects, 300)).toMatchObject({
    outcome: 'timed-out',
    detail: 'after 0.3 s: 0 of 2 pods ready; container go-api: OOMKilled (exit code 137), 3 restarts (2 pods)',
  });
});

it('is superseded when a field of the template other than the image is changed', async () => {
  let samples = 0;
  const rollout = await watchObjects(() => {
    const objects = healthyDeployment();
    samples += 1 / 3;
    objects.deployment.status = { ...objects.deployment.status, availableReplicas: 0 };
    if (samples > 2) objects.deployment.spec.template.spec.nodeSelector = { zone: 'b' };
    return objects;
  });
  expect(rollout).toMatchObject({ outcome: 'superseded', detail: 'the pod template was changed during the rollout' });
});

it.each<[string, EvidenceStore['put'], RegExp]>([
  ['the disk is full', () => Promise.reject(new EvidenceNotKept('The disk is full.')), /^The disk is full\.$/],
  ['the store hangs', () => new Promise(() => undefined), /timed out after 2 s/],
])('answers without evidence, and with the reason, when %s', async (_when, put, notKept) => {
  const rollout = await watchObjects(healthyDeployment, 60_000, { put } as unknown as EvidenceStore);
  expect(rollout).toMatchObject({ outcome: 'complete', evidence: [], notKept: expect.stringMatching(notKept) });
});

it('records what its result can be read from again', async () => {
  const store = createFolderEvidenceStore(folder);
  const objects = healthyDeployment();
  objects.deployment.status = { ...objects.deployment.status, updatedReplicas: 0, availableReplicas: 0 };
  objects.replicaSets[0]!.status = { conditions: [quota] };
  const { evidence, ...saw } = await watchObjects(() => objects, 1_200, store);
  const text = new TextDecoder().decode(await bytesOf(store, evidence[0]?.digest ?? ''));
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { asked: WatchedRollout } & RolloutState & { end: WatchEnd });
  const [first, last] = [lines[0], lines.at(-1)];
  expect(first && last && rolloutOutcome(first.asked, lines.slice(1, -1), last.end)).toEqual(saw);
  expect(saw.detail).toMatch(/^after 1\.2 s: the ReplicaSet has not created a new pod for 1 s, limit 15 s: FailedCreate/);
});
