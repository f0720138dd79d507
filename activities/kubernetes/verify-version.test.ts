import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { fakeCluster, FAKE_IMAGE, type FakeCluster } from '../testing/fake-cluster.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import type { ClusterClient } from './client.ts';
import type { ActivityProgress } from '../running-activity.ts';
import { clientOf, healthyDeployment, IMAGE, OLD_IMAGE, podOf, TARGET, type DeploymentObjects } from '../testing/deployment-objects.ts';
import { verifyVersion } from './verify-version.ts';

let folder: string;
let health: Server;
let body: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-version-'));
  body = '{"status":"ok"}';
  health = createServer((_request, response) => void response.end(body));
  await new Promise<void>((done) => health.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  health.closeAllConnections();
  health.close();
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  image?: string;
  timeoutMs?: number;
  heartbeat?: (told: ActivityProgress) => void;
  store?: EvidenceStore;
}

function verify(client: ClusterClient, asked: Asked = {}) {
  const { image = IMAGE, timeoutMs = 300, heartbeat = () => undefined, store = createFolderEvidenceStore(folder) } = asked;
  const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}/healthz`;
  const input = { target: TARGET, image, healthTarget: 'shop', healthPath: '/healthz', timeoutMs };
  return verifyVersion({ client, store, url }, input, { heartbeat, signal: new AbortController().signal });
}

const verifyAfter = (change: (objects: DeploymentObjects) => void, asked: Asked = {}) => {
  const objects = healthyDeployment();
  change(objects);
  return verify(
    clientOf(() => objects),
    { timeoutMs: 20_000, ...asked },
  );
};

it('proves a version by its template and its bytes', async () => {
  expect(await verifyAfter(() => undefined)).toMatchObject({
    ok: true,
    pods: 2,
    imageIds: ['sha256:9f2a'],
    detail: `2 pods run ${IMAGE} (sha256:9f2a), 5 healthy responses in a row`,
  });
});

it('proves a version whose pods a webhook pointed at a mirror of the registry', async () => {
  const mirrored = { image: 'mirror.corp.internal/hub/go-api:v2', imageId: 'mirror.corp.internal/hub/go-api@sha256:9f2a' };
  const proof = await verifyAfter((objects) => {
    objects.pods = [podOf('go-api-new-1', 'new', mirrored), podOf('go-api-new-2', 'new', mirrored)];
  });
  expect(proof).toMatchObject({ ok: true, imageIds: ['sha256:9f2a'] });
});

it('takes one digest under two repository names for the same bytes', async () => {
  const proof = await verifyAfter((objects) => {
    objects.pods = [podOf('go-api-new-1', 'new'), podOf('go-api-new-2', 'new', { imageId: 'mirror.example.com/go-api@sha256:9f2a' })];
  });
  expect(proof).toMatchObject({ ok: true, imageIds: ['sha256:9f2a'] });
});

it('does not count a pod of another version that is on its way out', async () => {
  const proof = await verifyAfter((objects) => {
    const leaving = podOf('go-api-old-1', 'old');
    leaving.metadata.deletionTimestamp = '2026-11-24T06:00:00Z';
    objects.pods.push(leaving);
  });
  expect(proof).toMatchObject({ ok: true, pods: 2 });
});

it.each<[string, (objects: DeploymentObjects) => void, RegExp]>([
  [
    'the template asks for another image',
    ({ deployment }) => void (deployment.spec.template.spec.containers[0]!.image = OLD_IMAGE),
    /the pod template has .*:v1, not .*:v2$/,
  ],
  [
    'the controller has not observed the generation',
    ({ deployment }) => void (deployment.metadata.generation = 4),
    /not observed generation 4/,
  ],
  ['it has 0 replicas', ({ deployment }) => void (deployment.spec.replicas = 0), /has 0 replicas/],
  ['the ReplicaSet of the template is not there yet', (objects) => void (objects.replicaSets = []), /ReplicaSet of the current template/],
  [
    'a pod of another version is left',
    ({ pods }) => void pods.push(podOf('go-api-old-1', 'old')),
    /1 pods of another version remain: go-api-old-1 \(.*:v1\)/,
  ],
  [
    'a pod of another version is left that a webhook gave the image of this one',
    ({ pods }) => void pods.push(podOf('go-api-old-1', 'old', { image: IMAGE })),
    /1 pods of another version remain/,
  ],
  [
    'a pod is not ready',
    ({ pods }) =>
      void (pods[1]!.status = {
        ...pods[1]!.status,
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [
          { name: 'go-api', ready: false, restartCount: 0, started: true, image: IMAGE, imageID: '', state: { running: {} } },
        ],
      }),
    /^1 of 2 pods are ready; pod go-api-new-2: container go-api: running, but its readiness probe fails$/,
  ],
  ['a pod is missing', ({ pods }) => void pods.pop(), /^1 of 2 pods are ready$/],
  [
    'one tag names two builds',
    (objects) => void (objects.pods[1] = podOf('go-api-new-2', 'new', { imageId: 'registry.example.com/go-api@sha256:77aa' })),
    /different digests of .*:v2: sha256:77aa, sha256:9f2a$/,
  ],
])('does not prove a version when %s', async (_when, change, detail) => {
  expect(await verifyAfter(change, { timeoutMs: 200 })).toMatchObject({ ok: false, detail: expect.stringMatching(detail) });
});

it.each(['{"status":"down"}', 'ok', ''])('does not prove a version whose health page answers 200 with %j', async (answer) => {
  body = answer;
  expect(await verifyAfter(() => undefined, { timeoutMs: 200 })).toMatchObject({
    ok: false,
    detail: expect.stringContaining('is not healthy: 200'),
  });
});

it('answers without evidence, and with the reason, when the evidence cannot be stored', async () => {
  const full = { put: () => Promise.reject(new EvidenceNotKept('The disk is full.')) } as unknown as EvidenceStore;
  expect(await verifyAfter(() => undefined, { store: full })).toMatchObject({ ok: true, evidence: [], notKept: 'The disk is full.' });
});

it.each<FakeCluster['status']>([401, 403, 404])(
  'reports a moment in which the API server answers %i, and proves the version all the same',
  async (status) => {
    const fake = fakeCluster({ status });
    const told: string[] = [];
    const heartbeat = ({ text }: ActivityProgress) => {
      told.push(text);
      fake.status = 200;
    };
    const proof = await verify(fake.client, { image: FAKE_IMAGE, timeoutMs: 20_000, heartbeat });
    expect(proof).toMatchObject({ ok: true, pods: 3 });
    expect(told).toEqual([expect.stringContaining(`(${status})`)]);
  },
);

it('fails with the refusal, and not with a version that does not serve, when that lasts to the end', async () => {
  await expect(verify(fakeCluster({ status: 403 }).client)).rejects.toMatchObject({ name: 'ApiFailure', status: 403 });
});

it('does not prove a version whose healthy answers come only after the time is over', async () => {
  // Five answers with 100 ms between them take 400 ms.
  const proof = await verifyAfter(() => undefined, { timeoutMs: 250 });
  expect(proof).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/was healthy \d times before the timeout; 5 times in a row are required$/u),
  });
});
