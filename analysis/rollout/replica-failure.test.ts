import { describe, expect, it } from '@jest/globals';
import { rolloutOutcome } from './outcome.ts';
import { readRollout } from './progress.ts';
import type { RolloutState } from './rollout-state.ts';
import { MAX_REPLICA_FAILURE_MS } from './replica-failure.ts';

const asked = { observedGeneration: 5, image: 'registry.local/go-api:new', timeoutMs: 600_000 };
const START_MS = Date.parse('2026-11-23T12:00:00.000Z');
const at = (ms: number) => new Date(START_MS + ms).toISOString();
const quota = { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' };

const sample = (ms: number, change: Partial<RolloutState> = {}): RolloutState => ({
  at: at(ms),
  generation: 5,
  observedGeneration: 5,
  image: asked.image,
  paused: false,
  wanted: 3,
  replicas: 3,
  updated: 0,
  ready: 3,
  available: 3,
  conditions: [],
  replicaSet: 'go-api-new',
  replicaSetConditions: [],
  ...change,
});
const failing = (ms: number, change: Partial<RolloutState> = {}) => sample(ms, { replicaSetConditions: [quota], ...change });
const state = (...samples: RolloutState[]) => readRollout(samples, asked).state;

describe('a ReplicaFailure', () => {
  it('is borne when it passes, and the rollout completes', () => {
    const passing = [failing(500), failing(2_000), sample(2_500, { updated: 1 })];
    expect(passing.map((_, index) => state(...passing.slice(0, index + 1)))).toEqual(['going', 'going', 'going']);
    expect(state(...passing, sample(9_000, { updated: 3, replicas: 3 }))).toBe('complete');
  });

  it('fails the rollout once it has stood for 15 s without a new pod, at that moment', () => {
    expect(state(failing(0), failing(MAX_REPLICA_FAILURE_MS - 1))).toBe('going');
    expect(readRollout([failing(0), failing(MAX_REPLICA_FAILURE_MS + 400)], asked)).toEqual({
      state: 'replica-failure',
      at: at(MAX_REPLICA_FAILURE_MS),
      detail: 'FailedCreate: exceeded quota (no new pod for 15 s)',
    });
  });

  it('is counted anew from each new pod, and after it was over', () => {
    expect(state(failing(0), failing(14_000, { updated: 1 }), failing(28_000, { updated: 1 }))).toBe('going');
    expect(state(failing(0), sample(14_000), failing(14_500), failing(28_000))).toBe('going');
    expect(state(failing(0), failing(14_000, { updated: 1 }), failing(29_000, { updated: 1 }))).toBe('replica-failure');
  });

  it('is counted through a change of its message, and not from that of another ReplicaSet', () => {
    const other = { ...quota, message: 'exceeded quota: pods=4' };
    expect(state(failing(0), failing(9_000, { replicaSetConditions: [other] }), failing(15_000))).toBe('replica-failure');
    expect(state(failing(0, { replicaSet: 'go-api-old' }), failing(9_000), failing(15_000))).toBe('going');
  });

  it('does not hide a progress deadline that is exceeded meanwhile', () => {
    const exceeded = { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' };
    expect(state(failing(0), failing(3_000, { conditions: [exceeded] }))).toBe('progress-deadline-exceeded');
  });

  it('on the Deployment alone may be that of an old ReplicaSet', () => {
    expect(state(sample(0, { conditions: [quota] }), sample(60_000, { conditions: [quota] }))).toBe('going');
  });
});

describe('rolloutOutcome', () => {
  const end = { endedAt: at(600_000), watchedSeconds: 600, podReasons: 'container go-api: OOMKilled (exit code 137) (3 pods)' };

  it('is a time-out, with the reasons of the pods, where nothing was decided', () => {
    expect(rolloutOutcome({ ...asked, writtenAt: at(0) }, [sample(1_000, { updated: 1, ready: 3 })], end)).toEqual({
      outcome: 'timed-out',
      detail: 'after 600 s: 1 of 3 pods ready; container go-api: OOMKilled (exit code 137) (3 pods)',
      podsReady: 1,
      podsWanted: 3,
      seconds: 600,
      conditionAt: at(600_000),
    });
  });

  it('is a time-out also where there was no sample at all', () => {
    expect(rolloutOutcome(asked, [], end)).toMatchObject({ outcome: 'timed-out', podsWanted: 0, seconds: 600 });
  });

  it('counts from the write to the condition, and says nothing of pods when complete', () => {
    expect(rolloutOutcome({ ...asked, writtenAt: at(0) }, [sample(4_000, { updated: 3 })], end)).toMatchObject({
      outcome: 'complete',
      detail: '3 of 3 pods updated and available, none of another version',
      seconds: 4,
    });
  });
});
