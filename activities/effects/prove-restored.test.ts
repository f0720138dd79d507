import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvidenceNotKept } from '../evidence/errors.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import { serveFakeApi, type FakeApiServer } from '../testing/fake-api-server.ts';
import { OLD, FakeClusterApi } from '../testing/fake-cluster-api.ts';
import type { Proof } from './contract.ts';
import type { DeploymentBefore } from './deployment-before.ts';
import { proveRestored } from './prove-restored.ts';
import { captureInput, countdownOf, entryOf, fakeEffects } from '../testing/one-effect.ts';

const countdown = countdownOf('run-1');
const write = { wrote: true, observedGeneration: 1, at: '2026-11-25T09:00:03.000Z' };
let api: FakeClusterApi;
let server: FakeApiServer;
let folder: string;

beforeEach(async () => {
  api = new FakeClusterApi();
  server = await serveFakeApi(api);
  folder = await mkdtemp(join(tmpdir(), 'proof-'));
});
afterEach(() => server.close());

interface Circumstances {
  store?: EvidenceStore;
  health?: string;
  /** Between the restore and its proof. */
  change?: () => void;
  withoutLease?: string;
  /** How long rollout and health are waited for; long enough for a busy machine unless the test waits it out. */
  withinMs?: number;
}

async function proof({
  store = createFolderEvidenceStore(folder),
  health = `${server.url}/healthz`,
  change,
  withoutLease,
  withinMs = 20_000,
}: Circumstances = {}): Promise<Proof> {
  const { before } = await fakeEffects(api, folder)['deployment-image'].capture(captureInput(countdown));
  change?.();
  const entry = { ...entryOf(before, countdown), within: { restoreMs: withinMs, proveMs: withinMs } };
  const activity = () => ({ heartbeat: () => undefined, signal: new AbortController().signal });
  const dependencies = { client: api.client, store, healthUrl: () => health, activity };
  return proveRestored(dependencies, {
    entry,
    before: before as DeploymentBefore,
    write: { ...write, ...(withoutLease && { withoutLease }) },
    failedAt: '2026-11-25T09:00:00.000Z',
  });
}
const codes = ({ findings }: Proof) => findings.map(({ code }) => code);

it('is restored when the rollout is complete and exactly the recorded version serves', async () => {
  const result = await proof();
  expect(result).toMatchObject({
    restored: true,
    facts: [{ text: expect.stringContaining('written 3 s after the failure, 3 of 3 pods') }],
  });
  expect(codes(result)).toEqual(expect.arrayContaining(['RollbackStartedInTime', 'RollbackHealthy']));
  expect(result.evidence).toHaveLength(2);
});

it('is restored also when its evidence cannot be stored, and reports that', async () => {
  const full = { put: () => Promise.reject(new EvidenceNotKept('The disk is full.')) } as unknown as EvidenceStore;
  const result = await proof({ store: full });
  expect(result).toMatchObject({ restored: true, evidence: [] });
  expect(result.findings.filter(({ code }) => code === 'EvidenceNotKept')).not.toEqual([]);
});

it('reports why the rollback was written without a claim on its Lease', async () => {
  const { findings, restored } = await proof({ withoutLease: 'cluster lab: could not get leases (403)' });
  expect(restored).toBe(true);
  expect(findings).toContainEqual(
    expect.objectContaining({ code: 'RollbackWithoutLease', message: expect.stringContaining('could not get leases (403)') }),
  );
});

it('is not restored when its health does not answer', async () => {
  const result = await proof({ health: 'http://127.0.0.1:6/healthz', withinMs: 1_500 });
  expect(result.restored).toBe(false);
  expect(codes(result)).toContain('RollbackUnhealthy');
});

it('is not restored when another image is asked for again', async () => {
  const change = () => api.change(({ spec }) => void (spec.template.spec.containers = [{ name: 'go-api', image: `${OLD}-other` }]));
  const result = await proof({ change, withinMs: 1_500 });
  expect(result.restored).toBe(false);
  expect(codes(result)).toContain('RollbackIncomplete');
});
