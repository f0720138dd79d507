import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { evidenceKinds, recognize } from '../../analysis/evidence-kinds.ts';
import { readPodFailures } from '../../analysis/rollout/pod-failures.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { ApiFailure, type Resource } from './api-failure.ts';
import type { ClusterClient } from './client.ts';
import { readFailingPods } from './failing-pods.ts';
import { clientOf, failingPod, healthyDeployment, podOf, TARGET, type DeploymentObjects } from '../testing/deployment-objects.ts';

let folder: string;
let store: EvidenceStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'failing-pods-'));
  store = createFolderEvidenceStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LIMITS = { tailLines: '200', limitBytes: '131072' };
const oomKilled = {
  restartCount: 2,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
};
const probing = { started: true, state: { running: {} } };
const event = (minute: number, message = 'Back-off restarting failed container') => ({
  type: 'Warning',
  reason: 'BackOff',
  message,
  count: 3,
  lastTimestamp: `2026-11-24T06:${String(minute).padStart(2, '0')}:00Z`,
});

function answering(events: object[], log: string, asked: Record<string, string>[] = []): ClusterClient['text'] {
  return async (resource, query) => {
    asked.push(query);
    return resource.resource === 'events' ? JSON.stringify({ items: events }) : log;
  };
}

const failing = (pods: DeploymentObjects['pods']): DeploymentObjects => ({ ...healthyDeployment(), pods });
const readFrom = (objects: DeploymentObjects, text?: ClusterClient['text'], into = store) =>
  readFailingPods(
    clientOf(() => objects, text),
    into,
    TARGET,
    new AbortController().signal,
  );
async function stored({ evidence }: Awaited<ReturnType<typeof readFailingPods>>) {
  const bytes = await bytesOf(store, evidence[0]?.digest ?? '');
  return { bytes, failures: readPodFailures(bytes) };
}

it('keeps reason, container states, newest events and last log lines of a pod, also of the container before its restart', async () => {
  const asked: Record<string, string>[] = [];
  const events = Array.from({ length: 25 }, (_, minute) => event(minute)).toReversed();
  const found = await readFrom(failing([failingPod('go-api-new-1', oomKilled)]), answering(events, 'one\ntwo\n', asked));
  expect(found.facts).toEqual([
    {
      subject: 'pods of shop/go-api',
      text: '1 of 1 pods that are not ready: container go-api: OOMKilled (exit code 137), 2 restarts',
      values: { pods: 1 },
    },
  ]);
  const { failures } = await stored(found);
  expect(failures.pods).toMatchObject([
    {
      name: 'go-api-new-1',
      currentTemplate: true,
      cause: 'out of memory',
      containers: [{ name: 'go-api', kind: 'container', restarts: 2, lastState: { terminated: { exitCode: 137 } } }],
      logs: [
        { container: 'go-api', previous: false, lines: { read: ['one', 'two'] } },
        { container: 'go-api', previous: true, lines: { read: ['one', 'two'] } },
      ],
    },
  ]);
  const kept = failures.pods[0]?.events.read ?? [];
  expect([kept.length, kept[0]?.at, kept.at(-1)?.at]).toEqual([20, '2026-11-24T06:05:00Z', '2026-11-24T06:24:00Z']);
  expect(asked).toEqual([
    { fieldSelector: 'involvedObject.uid=go-api-new-1', limit: '500' },
    { container: 'go-api', ...LIMITS },
    { container: 'go-api', ...LIMITS, previous: 'true' },
  ]);
});

it('is recognised and read on the page of the evidence', async () => {
  const { bytes } = await stored(
    await readFrom(failing([failingPod('go-api-new-1', oomKilled)]), answering([event(1)], 'panic: no config')),
  );
  expect(recognize(bytes)).toBe('pod-failures');
  const { tables, findings } = evidenceKinds['pod-failures'].analyze(bytes);
  expect(findings).toEqual([]);
  expect(tables.map(({ title }) => title)).toEqual([
    'conditions',
    'containers',
    'events',
    'log of container go-api of pod go-api-new-1',
    'log of the previous container go-api of pod go-api-new-1',
  ]);
  expect(tables[3]?.rows).toEqual([['panic: no config']]);
});

it('describes the five worst of many pods, and those that a rollback deletes last', async () => {
  const leaving = failingPod('a-leaving', probing);
  leaving.metadata.deletionTimestamp = '2026-11-24T06:00:00Z';
  const pods = [
    leaving,
    ...[1, 2, 3, 4, 5].map((each) => failingPod(`b-${each}`, probing)),
    failingPod('c-killed', oomKilled),
    podOf('d', 'new'),
  ];
  const { failures } = await stored(await readFrom(failing(pods), answering([], '')));
  expect(failures.notReady).toBe(7);
  expect(failures.pods.map(({ name }) => name)).toEqual(['c-killed', 'b-1', 'b-2', 'b-3', 'b-4']);
});

it('reads the failed pods also when the rollback has been written and their template is no longer the current one', async () => {
  const objects = failing([failingPod('go-api-new-1', oomKilled)]);
  for (const { metadata } of objects.replicaSets)
    metadata.annotations = { 'deployment.kubernetes.io/revision': metadata.uid === 'old' ? '7' : '5' };
  const { failures } = await stored(await readFrom(objects, answering([], '')));
  expect(failures.pods).toMatchObject([{ name: 'go-api-new-1', currentTemplate: false, cause: 'out of memory' }]);
});

it('records what the cluster refuses, with the right that is missing, and keeps the rest', async () => {
  const found = await readFrom(failing([failingPod('go-api-new-1', oomKilled)]));
  const { failures } = await stored(found);
  expect(failures.pods[0]).toMatchObject({
    reason: 'container go-api: OOMKilled (exit code 137), 2 restarts',
    events: { read: null, trouble: expect.stringContaining('grant this identity the verb "list"') },
    logs: [{ lines: { read: null, trouble: expect.stringContaining('could not get pods/log shop/go-api-new-1') } }, {}],
  });
});

it('is a fact, and no failure, where not even the pods can be read', async () => {
  const refused = async (resource: Resource): Promise<never> => {
    throw new ApiFailure({ verb: 'get', resource, cluster: 'lab', status: 403, detail: 'forbidden' });
  };
  const client = { ...clientOf(healthyDeployment), get: () => refused({ group: 'apps', version: 'v1', resource: 'deployments' }) };
  const found = await readFailingPods(client, store, TARGET, new AbortController().signal);
  expect(found).toMatchObject({
    evidence: [],
    facts: [{ text: expect.stringContaining('the reasons why they are not ready are unknown: cluster lab') }],
  });
});

it('keeps the quota that stops a ReplicaSet though there is no pod', async () => {
  const objects = failing([]);
  const message = 'pods "go-api-x" is forbidden: exceeded quota';
  objects.replicaSets[0]!.status = { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] };
  const found = await readFrom(objects);
  expect(found.facts.at(-1)?.text).toBe(`pods cannot be created: go-api-new: ${message}`);
  expect((await stored(found)).failures.replicaSets).toMatchObject([{ name: 'go-api-new', conditions: [{ message }] }]);
});

it('leaves nothing where every pod is ready', async () => {
  expect(await readFrom(healthyDeployment())).toMatchObject({ evidence: [], facts: [{ values: { pods: 0 } }] });
});

it('is a fact where the evidence cannot be stored', async () => {
  const full = { put: () => Promise.reject(new EvidenceNotKept('The disk is full.')) } as unknown as EvidenceStore;
  const found = await readFrom(failing([failingPod('go-api-new-1', oomKilled)]), answering([], ''), full);
  expect(found).toMatchObject({ evidence: [], facts: [{}, { text: expect.stringContaining('could not be stored: The disk is full.') }] });
});

it('is over within 10 s where the cluster does not answer', async () => {
  const startedMs = performance.now();
  const found = await readFrom(failing([failingPod('go-api-new-1', oomKilled)]), () => new Promise(() => undefined));
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  expect((await stored(found)).failures.pods[0]).toMatchObject({
    cause: 'out of memory',
    events: { trouble: 'reading the events of pod go-api-new-1 timed out after 8 s' },
  });
}, 15_000);

it('ends at once when it is cancelled', async () => {
  const cancelled = new AbortController();
  const client = clientOf(
    () => failing([failingPod('go-api-new-1', oomKilled)]),
    () => new Promise(() => undefined),
  );
  const reading = readFailingPods(client, store, TARGET, cancelled.signal);
  cancelled.abort(new Error('cancelled'));
  await expect(reading).rejects.toThrow('cancelled');
});
