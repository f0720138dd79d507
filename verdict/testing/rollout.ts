// A rollout and a version as the judges of launch and rollback get them, both well; a test changes what is not.
import type { RolloutFacts, VersionFacts } from '../rollout.ts';

/** A rollout that completed. */
export const rollout = (change: Partial<RolloutFacts> = {}): RolloutFacts => ({
  outcome: 'complete',
  detail: 'done',
  podsReady: 3,
  podsWanted: 3,
  seconds: 6.2,
  conditionAt: '2026-11-24T06:00:00Z',
  evidence: [],
  ...change,
});

/** A version that serves. */
export const proof = (change: Partial<VersionFacts> = {}): VersionFacts => ({
  ok: true,
  detail: 'ok',
  pods: 3,
  seconds: 0.3,
  imageIds: ['sha256:9f2a'],
  evidence: [],
  ...change,
});
