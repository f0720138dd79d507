import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { PreflightAnswer } from '../../analysis/preflight/answers.ts';
import { judgePreflight } from '../../analysis/preflight/judge.ts';
import { expandGuard, guardSchema } from '../../release/steps/guard.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { EvidenceNotKept } from '../evidence/errors.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { fakeCluster, FAKE_IMAGE } from '../testing/fake-cluster.ts';
import { ApiFailure } from '../kubernetes/api-failure.ts';
import type { ClusterClient } from '../kubernetes/client.ts';
import type { PreflightInput } from '../steps-contract.ts';
import { checksOf } from './checks.ts';
import { createPreflightActivities } from './run-preflight.ts';

const OWN = 'countdown/go-api-1.4.0/run-2';
const OTHER = 'countdown/go-api-1.3.0/run-1';
const LAUNCH = `${OTHER}/launch/launch/1/deployment-image/shop/go-api`;
const input: PreflightInput = {
  step: { type: 'preflight', name: 'preflight', maxClockSkewMs: 2_000 },
  quick: true,
  countdown: OWN,
  production: { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' },
  staging: null,
  image: FAKE_IMAGE,
  healthTarget: 'shop',
  healthPath: '/healthz',
  guard: null,
};

let folder: string;
let store: EvidenceStore;
let health: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preflight-'));
  store = createFolderEvidenceStore(folder);
  health = createServer((_, response) => response.end('{"status":"ok"}'));
  await new Promise<void>((ready) => health.listen(0, '127.0.0.1', ready));
});
afterEach(async () => {
  health.close();
  health.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

interface World {
  client?: ClusterClient;
  store?: EvidenceStore;
  quick?: boolean;
  checkTimeoutMs?: number;
}

async function run({ client = fakeCluster().client, quick = true, ...more }: World = {}) {
  const heartbeats: { text: string; done: number; total: number }[] = [];
  const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}`;
  const { runPreflight } = createPreflightActivities({
    store,
    environment: { spec: { clusters: { lab: {} }, prometheus: {}, targets: { shop: { url } } } } as never,
    clients: () => client,
    activity: () => ({ heartbeat: (progress) => heartbeats.push(progress), signal: new AbortController().signal }),
    ...more,
  });
  const report = await runPreflight({ ...input, quick });
  return { ...report, heartbeats };
}
const of = (findings: readonly Finding[], title: string): Finding | undefined => findings.find(({ subject }) => subject === title);

test('the quick half is asked again with what the launch or its rollback would fail on', () => {
  const full = { ...input, quick: false, guard: expandGuard(guardSchema.parse({ type: 'guard' })), staging: input.production };
  const titles = (half: PreflightInput): string[] => checksOf(half).map(({ title }) => title);
  expect(titles({ ...full, quick: true })).toEqual([
    'cluster',
    'rights',
    'deployment healthy',
    'not paused',
    'container',
    'dry run',
    'prometheus clock',
    'scrape targets',
    'request counters',
    'health',
    'evidence space',
    'last launch ended',
  ]);
  expect(titles(full)).toHaveLength(18);
});

test('the quick half passes on a healthy cluster within 3 s, and its answers name the half and judge the same again', async () => {
  const startMs = performance.now();
  const { findings, evidence, heartbeats } = await run();
  expect(performance.now() - startMs).toBeLessThan(3_000);
  expect(findings.map(({ outcome }) => outcome)).toEqual(findings.map(() => 'pass'));
  expect(findings).toHaveLength(9);
  expect(heartbeats.at(-1)).toMatchObject({ done: 9, total: 9 });
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(evidence[0]?.digest ?? '')) chunks.push(chunk);
  const stored = JSON.parse(Buffer.concat(chunks).toString()) as { input: PreflightInput; answers: PreflightAnswer[] };
  expect(stored.input.quick).toBe(true);
  expect(judgePreflight(stored.answers, [evidence[0]?.digest ?? ''])).toEqual(findings);
});

test('preflight asks its checks at the same time: one that waits keeps no other from being asked', async () => {
  const fake = fakeCluster().client;
  let asked = (): void => undefined;
  const leaseAsked = new Promise<void>((resolve) => (asked = resolve));
  // The health page answers only once the check after it is under way.
  health.removeAllListeners('request');
  health.on('request', (_, response) => void leaseAsked.then(() => response.end('{"status":"ok"}')));
  const client: ClusterClient = {
    ...fake,
    get: async <T>(resource: Parameters<ClusterClient['get']>[0]) => {
      if (resource.resource === 'leases') asked();
      return fake.get<T>(resource);
    },
  };
  expect(of((await run({ client })).findings, 'health')).toMatchObject({ outcome: 'pass' });
});

test('preflight fails when the evidence disk is nearly full', async () => {
  const space = async () => ({ freeBytes: 400 * 1024 ** 2, totalBytes: 20 * 1024 ** 3, freeFiles: 9_999, totalFiles: 10_000 });
  const { findings } = await run({ store: { ...store, space } });
  expect(of(findings, 'evidence space')).toMatchObject({
    code: 'PreflightFailed',
    outcome: 'fail',
    message: expect.stringMatching(/400 MiB of 20 GiB are free .*`tminus prune --older-than 90d`/),
  });
});

test('preflight fails with the message of the store, and without evidence, when evidence cannot be written', async () => {
  const refuse = async () => {
    throw new EvidenceNotKept('The evidence store /e cannot keep the bytes: the disk is full; free some space, then retry.');
  };
  for (const broken of [{ space: refuse, put: refuse }, { put: refuse }]) {
    const { findings, evidence } = await run({ store: { ...store, ...broken } });
    expect(evidence).toEqual([]);
    expect(of(findings, 'evidence space')).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('the disk is full; free some space, then retry; '),
    });
    expect(findings).toHaveLength(9);
  }
});

test('preflight refuses a service whose last launch has no end', async () => {
  const annotations = { 'tminus.dev/operation': LAUNCH, 'tminus.dev/countdown': OTHER, 'tminus.dev/fencing-generation': '7' };
  const lease = (state: string, holder = OTHER) => ({
    holder,
    annotations: { 'tminus.dev/operation': LAUNCH, 'tminus.dev/fencing-generation': '7', 'tminus.dev/operation-state': state },
  });
  const judged = async (change: Parameters<typeof fakeCluster>[0]) =>
    of((await run({ client: fakeCluster(change).client })).findings, 'last launch ended');

  expect(await judged({ annotations, lease: lease('open') })).toMatchObject({
    outcome: 'fail',
    message:
      `last launch ended: the last launch of shop/go-api (countdown ${OTHER}) has no end; ` +
      '`tminus leftovers` lists who restores it; `tminus restore` restores it',
  });
  // Claimed, and killed before the write.
  expect(await judged({ lease: lease('open') })).toMatchObject({ outcome: 'fail' });
  expect(await judged({ annotations, lease: null })).toMatchObject({
    outcome: 'fail',
    message: expect.stringContaining('no Lease records its end'),
  });
  expect(await judged({ annotations, lease: lease('open', OWN) })).toMatchObject({ outcome: 'pass' });
  expect(await judged({ annotations, lease: lease('kept') })).toMatchObject({ outcome: 'pass' });
  expect(await judged({})).toMatchObject({ outcome: 'pass', message: 'last launch ended: no operation is open' });
});

test('preflight does not pass a Lease that it may not read, and names the right', async () => {
  const fake = fakeCluster().client;
  const client: ClusterClient = {
    ...fake,
    get: async <T>(resource: Parameters<ClusterClient['get']>[0]) => {
      if (resource.resource === 'leases') throw new ApiFailure({ verb: 'get', resource, cluster: 'lab', status: 403, detail: 'forbidden' });
      return fake.get<T>(resource);
    },
  };
  expect(of((await run({ client })).findings, 'last launch ended')).toMatchObject({
    outcome: 'inconclusive',
    message: expect.stringMatching(
      /could not get leases\.coordination\.k8s\.io shop\/tminus-go-api: .*\(403\); grant this identity the verb "get"/,
    ),
  });
});

test('a check that never returns is inconclusive, and the others are answered', async () => {
  const hung = { ...store, space: () => new Promise<never>(() => undefined) };
  const { findings } = await run({ store: hung, checkTimeoutMs: 300 });
  expect(of(findings, 'evidence space')).toMatchObject({
    outcome: 'inconclusive',
    message: expect.stringContaining('timed out after 0.3 s'),
  });
  expect(findings.filter(({ outcome }) => outcome === 'pass')).toHaveLength(8);
});
