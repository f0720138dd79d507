import { describe, expect, it } from '@jest/globals';
import { readRollout, readyOfNew } from './progress.ts';
import type { RolloutState } from './rollout-state.ts';

const NEW = 'registry.local/go-api:new';
const asked = { observedGeneration: 5, image: NEW };
const done: RolloutState = {
  at: '2026-11-23T12:00:00.000Z',
  generation: 5,
  observedGeneration: 5,
  image: NEW,
  paused: false,
  wanted: 3,
  replicas: 3,
  updated: 3,
  ready: 3,
  available: 3,
  conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
  replicaSet: 'go-api-new',
  replicaSetConditions: [],
};
const exceeded = (replicaSet: string) => ({
  type: 'Progressing',
  status: 'False',
  reason: 'ProgressDeadlineExceeded',
  message: `ReplicaSet "${replicaSet}" has timed out progressing.`,
  lastTransitionTime: '2026-11-23T11:59:58Z',
});

describe('readRollout', () => {
  it('is complete when every pod is new and available and none is old', () => {
    expect(readRollout([done], asked).state).toBe('complete');
  });

  it.each([
    ['the status is of an earlier generation', { observedGeneration: 4 }],
    ['the generation has moved on and the controller has not seen it', { generation: 6 }],
    ['an old pod is left', { replicas: 4 }],
    ['a pod is not available yet', { available: 2 }],
    ['a pod is not updated yet', { updated: 2 }],
    ['the Deployment is paused before all pods are new', { paused: true, updated: 2 }],
  ])('goes on when %s', (_why, change) => {
    expect(readRollout([{ ...done, ...change }], asked).state).toBe('going');
  });

  it('goes on when the scale was changed, and believes the new generation once it is observed', () => {
    expect(readRollout([{ ...done, generation: 6, observedGeneration: 6 }], asked).state).toBe('complete');
  });

  it('does not read the condition of an earlier generation', () => {
    expect(readRollout([{ ...done, available: 0, observedGeneration: 4, conditions: [exceeded('go-api-new')] }], asked).state).toBe(
      'going',
    );
  });

  it('reports a missed progress deadline, with the time of the condition', () => {
    expect(readRollout([{ ...done, available: 2, conditions: [exceeded('go-api-new')] }], asked)).toEqual({
      state: 'progress-deadline-exceeded',
      at: '2026-11-23T11:59:58Z',
      detail: 'ProgressDeadlineExceeded: ReplicaSet "go-api-new" has timed out progressing.',
    });
  });

  it('does not hold the deadline of the failed launch against its rollback', () => {
    expect(readRollout([{ ...done, available: 2, conditions: [exceeded('go-api-failed')] }], asked).state).toBe('going');
    expect(readRollout([{ ...done, conditions: [exceeded('go-api-failed')] }], asked).state).toBe('complete');
  });

  it('believes a deadline whose message names no ReplicaSet', () => {
    expect(readRollout([{ ...done, available: 2, conditions: [{ ...exceeded('x'), message: 'timed out' }] }], asked).state).toBe(
      'progress-deadline-exceeded',
    );
  });

  it('is superseded when another field of the template was changed', () => {
    const first = { ...done, updated: 1, template: 'a' };
    expect(readRollout([first, { ...done, template: 'b' }], asked).state).toBe('superseded');
    expect(readRollout([first, { ...done, template: 'a' }], asked).state).toBe('complete');
  });

  it('is superseded when the template asks for another image, also when all its pods are well', () => {
    expect(readRollout([{ ...done, image: 'registry.local/go-api:hotfix', generation: 6, observedGeneration: 6 }], asked).state).toBe(
      'superseded',
    );
    expect(readRollout([{ ...done, image: null }], asked).state).toBe('superseded');
  });
});

describe('readyOfNew', () => {
  it('counts no old pod as a new one', () => {
    expect(readyOfNew({ ...done, replicas: 4, updated: 1, ready: 3 })).toBe(0);
    expect(readyOfNew({ ...done, replicas: 4, updated: 2, ready: 3 })).toBe(1);
    expect(readyOfNew(done)).toBe(3);
  });
});
