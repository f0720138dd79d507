// Activities as a countdown sees them, with the outside world in a few variables. Kept honest by the lab tests of the real ones.
import type { DeploymentSnapshot } from '../../activities/kubernetes/contract.ts';
import type { StepReport } from '../../activities/steps-contract.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { Act, CountdownInput } from '../../workflows/messages.ts';
import { loadRelease } from '../../release/load.ts';
import { hexDigest } from '../../verdict/digest.ts';
import { person, type FakeActivities } from '../temporal-world.ts';

export const RELEASE = `
apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: NAME }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: test
  countdown: 72h
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers], count: 2 }
`;

export function inputFor(name: string, text = RELEASE): CountdownInput {
  const file = text.replace('NAME', name);
  const loaded = loadRelease(file, 'release.yaml');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return {
    release: loaded.release,
    releaseDigest: `sha256:${hexDigest(file)}`,
    scripts: { 'k6/shop.js': `sha256:${hexDigest('script')}` },
    requestedBy: person('requester'),
    rehearsal: false,
    allowUnverified: false,
  };
}

export interface FakeWorld {
  image: string;
  writes: string[];
  audit: AuditRecord[];
  told: string[];
  activities: FakeActivities;
}

const passed = (code: string, subject: string): Finding => ({ code, subject, outcome: 'pass', measured: 1, limit: 2, unit: '', message: `${subject} is well`, evidence: [] });
export const report = (...findings: Finding[]): StepReport => ({ findings, facts: [], evidence: [] });
export const slow: Finding = {
  code: 'LatencyAboveLimit',
  subject: 'POST /api/order/create',
  outcome: 'fail',
  measured: 420,
  limit: 300,
  unit: 'ms',
  message: 'p99 of POST /api/order/create is 420 ms, limit 300 ms',
  evidence: [],
};
export const unseen: Finding = { ...slow, code: 'GuardNoData', subject: 'guard', outcome: 'inconclusive', message: 'no samples for up{}' };

/** A world in which everything goes well; a test overrides what goes wrong. */
export function fakeWorld(): FakeWorld {
  const world: FakeWorld = { image: 'registry.local/go-api:sha-4f9c2ab', writes: [], audit: [], told: [], activities: null as never };
  const evidence = { digest: `sha256:${'0'.repeat(64)}`, sizeBytes: 1, mediaType: 'application/json', kind: 'deployment-snapshot' as const, capturedAt: '2026-11-23T00:00:00Z', source: 'fake' };
  const landed = new Set<string>();
  const write = (operation: string, image: string) => {
    const wrote = !landed.has(operation);
    if (wrote) {
      landed.add(operation);
      world.writes.push(`${operation} ${image}`);
      world.image = image;
    }
    return { wrote, observedGeneration: world.writes.length, at: '2026-11-23T00:00:00Z' };
  };
  world.activities = {
    acquireLock: async () => ({ acquired: true, generation: 1 }),
    releaseLock: async () => undefined,
    storeAudit: async (_release, _runId, records) => void world.audit.push(...records),
    notify: async ({ message }) => {
      world.told.push(message);
      return [];
    },
    verifyAct: async ({ payload }) => JSON.parse(payload) as Act,
    runPreflight: async () => report(passed('PreflightPassed', 'preflight')),
    runLoadTest: async () => report(passed('LatencyWithinLimit', 'POST /api/order/create')),
    runGuard: async () => ({ ...report(passed('GuardPassed', 'guard')), watchedMs: 1000 }),
    captureDeployment: async (target): Promise<DeploymentSnapshot> => ({ target, evidence, image: world.image, replicas: 3, revision: '1', templateHash: 'abc', fencingGeneration: 0 }),
    applyImage: async ({ operation, image }) => write(operation.id, image),
    restoreTemplate: async ({ operation, snapshot }) => write(operation.id, snapshot.image),
    watchRollout: async () => ({ outcome: 'complete', detail: 'done', podsReady: 3, podsWanted: 3, seconds: 6.2, conditionAt: '2026-11-23T00:00:00Z', evidence: [] }),
    verifyVersion: async () => ({ ok: true, detail: 'ok', pods: 3, seconds: 0.3, evidence: [] }),
  };
  return world;
}
