// A countdown at its first checkpoint, for tests that need no Temporal server.
import type { UndoEntry } from '../../verdict/undo.ts';
import { loadRelease } from '../../release/load.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { freshState, type CheckpointState, type CountdownState } from '../countdown-state.ts';
import type { ActionRequest } from '../../verdict/action.ts';

export const COUNTDOWN = { workflowId: 'countdown/r', firstRunId: 'run-1' };
export const NOW_MS = Date.parse('2026-11-23T09:00:00Z');
export const HOUR_MS = 3_600_000;

const PLAN = `apiVersion: tminus.dev/v1alpha1
kind: Release
metadata: { name: r }
spec:
  service: { name: go-api, namespace: shop, image: "registry.local/go-api:sha-91d03ce" }
  cluster: lab
  countdown: 72h
  launchWindow: 30m
  load: { script: k6/shop.js, target: shop-staging }
  approvers: { groups: [release-managers] }
`;

export const person = (subject: string, change: Partial<Principal> = {}): Principal => ({
  issuer: 'local',
  subject,
  displayName: subject,
  groups: ['release-managers'],
  verified: true,
  ...change,
});

/** The standard plan, started now. */
export function stateOfTest(): CountdownState {
  const loaded = loadRelease(PLAN, 'r.yaml');
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const input = {
    release: loaded.release,
    releaseDigest: 'sha256:release',
    scripts: {},
    requestedBy: person('requester'),
    start: { payload: '', keyId: 'test', signature: '' },
    rehearsal: false,
  };
  return { ...freshState(input, NOW_MS), phase: 'counting' };
}

/** The checkpoint of that name, which the countdown is at from now on; those before it have passed. */
export function at(state: CountdownState, name: string): CheckpointState {
  state.cursor = state.checkpoints.findIndex((checkpoint) => checkpoint.name === name);
  for (const earlier of state.checkpoints.slice(0, state.cursor)) earlier.passed = true;
  const here = state.checkpoints[state.cursor];
  if (!here) throw new Error(`the standard plan has no checkpoint ${name}`);
  here.evidenceDigest = 'sha256:seen';
  return here;
}

export const finding = (change: Partial<Finding> = {}): Finding => ({
  code: 'LatencyAboveLimit',
  subject: 'POST /order',
  outcome: 'fail',
  measured: 420,
  limit: 300,
  unit: 'ms',
  message: 'p99 of POST /order is 420 ms, limit 300 ms',
  evidence: [],
  ...change,
});

export const undoEntry = (change: Partial<UndoEntry> = {}): UndoEntry => ({
  id: `${COUNTDOWN.workflowId}/${COUNTDOWN.firstRunId}/launch/launch/1/deployment-image/shop/go-api`,
  kind: 'deployment-image',
  target: { cluster: 'lab', key: 'shop/go-api' },
  generation: 7,
  name: 'shop/go-api back to sha-4f9c2ab',
  live: true,
  scope: 'countdown',
  order: 0,
  within: { restoreMs: 90_000, proveMs: 60_000 },
  before: { image: 'registry.local/go-api:sha-4f9c2ab' },
  ...change,
});

/** What a person wants at the checkpoint where the countdown is, having seen all of it. */
export function actAt(state: CountdownState, change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>): ActionRequest {
  const here = state.checkpoints[state.cursor];
  return {
    id: 'act-1',
    countdown: COUNTDOWN.workflowId,
    run: COUNTDOWN.firstRunId,
    checkpoint: here?.name ?? '',
    revision: here?.revision ?? 0,
    evidenceDigest: here?.evidenceDigest ?? '',
    principal: person('li.wei'),
    comment: 'numbers read',
    issuedAt: new Date(NOW_MS).toISOString(),
    notAfter: new Date(NOW_MS + 300_000).toISOString(),
    ...change,
  };
}

/** A copy that throws when anything assigns to it: what is pure only reads it. */
export function frozenCopy<Value>(value: Value): Value {
  const copy = structuredClone(value);
  const freeze = (each: unknown): void => {
    if (typeof each !== 'object' || each === null) return;
    Object.freeze(each);
    Object.values(each).forEach(freeze);
  };
  freeze(copy);
  return copy;
}
