// Activities as a countdown sees them, with the outside world in a few variables. Kept honest by the lab tests of the real ones.
import type { ActionRequest } from '../../verdict/action.ts';
import type { LastGood } from '../../activities/bookkeeping-contract.ts';
import type { GuardCarry, GuardReport, StepReport } from '../../activities/steps-contract.ts';
import type { TriggerReport } from '../../activities/triggers/contract.ts';
import { judgeDrill } from '../../analysis/drill/judge.ts';
import { EMPTY_TALLY } from '../../analysis/guard/guard-tally.ts';
import { restoreIdOf } from '../../analysis/rollout/restore-id.ts';
import { loadRelease } from '../../release/load.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { Finding, FindingCode } from '../../verdict/finding.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { hexDigest } from '../../verdict/digest.ts';
import { Context } from '@temporalio/activity';
import { person, signedInput, type FakeActivities } from '../temporal-world.ts';

/** The standard plan of a 72-hour countdown, with a shorter load test and two approvals. */
const fileOf = (name: string): string => `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: ${name} }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: test
  countdown: 72h
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers], count: 2 }
  checkpoints:
    - name: load-and-diagnosis
      at: T-72h
      steps:
        - { type: preflight }
        - { type: loadTest, stages: [{ duration: 60s, rate: 300 }], profiles: on-breach }
        - { type: diagnosis }
    - { name: final-poll, at: T-1h, approval: {} }
    - { name: launch, at: T-0, steps: [{ type: launch }, { type: guard }] }
`;

/** A drill before the standard plan. */
const DRILL = `    - name: drill
      at: T-72h
      steps:
        - type: drill
          trigger: order-errors
          fault: { type: service, settings: { pricing-errors: "100" } }
          steady: 2s
          limits: { detect: 5s, recover: 5s }
`;
const CONTINGENCY = `  contingency:
    triggers: [{ name: order-errors, type: metrics, minRate: 100, maxErrorRate: 1% }]
    actions:
      - { name: pricing-off, type: switch, switch: pricing, value: false }
      - { name: orders-queued, type: environment, variable: ORDERS_MODE, value: queue }
`;

/** The standard plan behind a drill of two actions. `fields`: more of the step, such as `load: { rate: 300 }`. */
export const inputWithDrill = (name: string, fields = ''): CountdownInput =>
  inputOf(
    name,
    fileOf(name)
      .replace('  checkpoints:\n', `${CONTINGENCY}  checkpoints:\n${DRILL}${fields === '' ? '' : `          ${fields}\n`}`)
      .replace('at: T-72h\n      steps:\n        - { type: preflight }', 'at: T-71h\n      steps:\n        - { type: preflight }'),
  );

export const inputFor = (name: string): CountdownInput => inputOf(name, fileOf(name));

function inputOf(name: string, file: string): CountdownInput {
  const loaded = loadRelease(file, 'release.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join('\n'));
  return signedInput({
    release: loaded.release,
    releaseDigest: `sha256:${hexDigest(name)}`,
    scripts: { 'k6/shop.js': `sha256:${hexDigest('script')}` },
    requestedBy: person('requester'),
    rehearsal: false,
  });
}

export interface FakeWorld {
  image: string;
  writes: string[];
  /** Changes of a drill, and their restores. */
  changes: string[];
  audit: AuditRecord[];
  told: string[];
  good: LastGood[];
  /** Names of undos, and how they were settled. */
  settled: string[];
  /** Whether the old version serves after a restore. */
  proveRestored(): Promise<boolean>;
  /** New pods have nothing of what the old ones were set to in memory. */
  restartPods(): void;
  activities: Omit<FakeActivities, 'registerUndo'>;
}

/** What was written, by the commit of the image. */
export const written = ({ writes }: FakeWorld) => writes.map((line) => line.split('sha-')[1]);

const passed = (code: FindingCode, subject: string): Finding => ({
  code,
  subject,
  outcome: 'pass',
  measured: 1,
  limit: 2,
  unit: '',
  message: `${subject} is well`,
  evidence: [],
});
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

/** A carry that a test recognises by its number of requests. */
export const carried = (requests: number): GuardCarry => ({ tally: { ...EMPTY_TALLY, requests }, parts: [], oldTraffic: null });

/** What the guard answers, by the finding that decided. */
export const guarded = (outcome: GuardReport['outcome'], ...findings: Finding[]): GuardReport => ({
  ...report(...findings),
  outcome,
  carry: carried(0),
  blindMs: outcome === 'blind' ? 21_000 : 0,
});

export const fine: Finding = passed('LatencyWithinLimit', 'POST /api/order/create');

export const piece = {
  digest: `sha256:${'0'.repeat(64)}`,
  sizeBytes: 1,
  mediaType: 'application/json',
  kind: 'deployment-snapshot' as const,
  capturedAt: '2026-11-23T00:00:00Z',
  source: 'fake',
};

/** What the watch of a trigger answers. */
export const seen = (outcome: TriggerReport['outcome']): TriggerReport => ({
  outcome,
  at: new Date().toISOString(),
  message: `the trigger ${outcome}`,
  facts: [],
  evidence: [{ ...piece, kind: 'trigger-samples' }],
});

const seal = { keyId: 'test', signature: '' };

/** A world in which everything goes well; a test overrides what goes wrong. */
export function fakeWorld(): FakeWorld {
  const world: FakeWorld = {
    image: 'registry.local/go-api:sha-4f9c2ab',
    writes: [],
    changes: [],
    audit: [],
    told: [],
    good: [],
    settled: [],
    proveRestored: async () => true,
    restartPods: () => undefined,
    activities: null as never,
  };
  const points = { ...piece, digest: `sha256:${hexDigest('points')}`, kind: 'k6-points' as const, mediaType: 'application/x-ndjson' };
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
  const change = (kind: string, what: string) => {
    world.changes.push(`${kind} ${what}`);
    return { wrote: true, observedGeneration: 1, at: new Date().toISOString() };
  };
  const standing = new Map<string, ReturnType<typeof change>>();
  const changeOnce = (id: string, kind: string, what: string) => {
    const before = standing.get(id);
    if (before) return { ...before, wrote: false };
    if (kind === 'deployment-environment') world.restartPods();
    const made = change(kind, what);
    standing.set(id, made);
    return made;
  };
  world.restartPods = () => {
    for (const id of standing.keys()) if (/\/service-(fault|switch)\//u.test(id)) standing.delete(id);
  };
  world.activities = {
    acquireLock: async () => ({ acquired: true, generation: 1 }),
    releaseLock: async () => undefined,
    storeAudit: async (_release, _runId, records) => void world.audit.push(...records),
    notify: async ({ message }) => {
      world.told.push(message);
      return [];
    },
    keepRecord: async () => undefined,
    keepLastGood: async (_target, lastGood) => void world.good.push(lastGood),
    verifyAction: async ({ payload }) => JSON.parse(payload) as ActionRequest,
    admit: async ({ carried }) => carried?.admission ?? seal,
    sealCarried: async () => ({ seal }),
    inspectRun: async () => [],
    runPreflight: async () => report(passed('PreflightPassed', 'preflight')),
    runLoadTest: async () => ({
      ...report(passed('LatencyWithinLimit', 'POST /api/order/create')),
      evidence: [points],
      imageIds: ['sha256:91d03ce'],
    }),
    runDiagnosis: async () => report(passed('NothingToExplain', 'load')),
    runGuard: async () => guarded('passed', passed('GuardPassed', 'guard')),
    captureEffect: async () => ({ before: { image: world.image }, seal, goesBackTo: world.image, evidence: [piece] }),
    applyEffect: async ({ entry, wanted }) =>
      entry.kind === 'deployment-image'
        ? write(entry.id, (wanted as { image: string }).image)
        : changeOnce(entry.id, entry.kind, JSON.stringify(wanted)),
    // A launch that never landed needs no way back: the real one then only notes that it must not land any more. Drills of tests land unseen.
    restoreEffect: async ({ entry }) => {
      if (entry.kind !== 'deployment-image') return change(entry.kind, 'restored');
      return landed.has(entry.id) || !entry.live
        ? write(restoreIdOf(entry.id), (entry.before as { image: string }).image)
        : { wrote: false, observedGeneration: world.writes.length, at: '2026-11-23T00:00:00Z' };
    },
    proveRestored: async ({ entry, write: { at }, failedAt }) => {
      const ok = await world.proveRestored();
      const late = failedAt === null ? 0 : (Date.parse(at) - Date.parse(failedAt)) / 1_000;
      return {
        restored: ok,
        leftAlone: false,
        findings: [
          ...(failedAt === null
            ? []
            : [{ ...passed(late > 15 ? 'RollbackStartedLate' : 'RollbackStartedInTime', entry.name), measured: late }]),
          passed('RolledBackInTime', entry.name),
          passed('RollbackHealthy', entry.name),
        ],
        facts: [],
        evidence: [],
      };
    },
    describeFailure: async () => ({ facts: [], evidence: [] }),
    settleUndo: async ({ entry, outcome }) => void world.settled.push(`${entry.name} ${outcome}`),
    watchTrigger: async ({ until }) => seen(until === 'fires' ? 'fired' : 'cleared'),
    judgeDrill: async (record) => ({ ...judgeDrill(record), evidence: [] }),
    watchCountdown: () => Context.current().cancelled,
    watchRollout: async () => ({
      outcome: 'complete',
      detail: 'done',
      podsReady: 3,
      podsWanted: 3,
      seconds: 6.2,
      conditionAt: '2026-11-23T00:00:00Z',
      evidence: [],
    }),
    verifyVersion: async () => ({
      ok: true,
      detail: 'ok',
      pods: 3,
      seconds: 0.3,
      evidence: [],
      imageIds: ['sha256:91d03ce'],
      at: '2026-11-23T00:00:00Z',
    }),
  };
  return world;
}
