import { beforeEach, describe, expect, it } from '@jest/globals';
import { applyChange, evaluate, judged, newRound } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { NOW_MS, at, finding, frozenCopy, stateOfTest } from './testing/state.ts';

it('waits for approvals until the time of the deadline, and not by its duration', () => {
  const state = stateOfTest();
  const poll = at(state, 'final-poll');
  expect(evaluate(state, poll, NOW_MS)).toMatchObject({ verdict: 'hold', reasons: [{ code: 'WaitingForApproval' }] });
  poll.approvalDeadlineMs = NOW_MS + 1;
  expect(evaluate(state, poll, NOW_MS).verdict).toBe('hold');
  expect(evaluate(state, poll, NOW_MS + 1)).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'ApprovalsMissing' }] });
});

describe('a change', () => {
  let state: CountdownState;
  let poll: CheckpointState;
  beforeEach(() => {
    state = stateOfTest();
    poll = at(state, 'final-poll');
  });
  const entry = (action: string) => ({ actor: 'tminus', action, object: 'o', detail: 'd' });

  it('is assigned into the objects that steps hold, of the current checkpoint or of another', () => {
    const launch = state.checkpoints[2]!;
    const [step] = launch.steps;
    applyChange(state, { checkpoint: { own: [finding()] }, steps: [{ name: 'launch', state: 'running' }] }, launch);
    expect(state.checkpoints[2]).toBe(launch);
    expect(launch.steps[0]).toBe(step);
    expect(step?.state).toBe('running');
    applyChange(state, { checkpoint: { pending: ['x'] } });
    expect([poll.pending, launch.pending]).toEqual([['x'], ['launch', 'guard']]);
  });

  it.each([
    ['fields', { state: { message: 'm' } }, true],
    ['a checkpoint', { checkpoint: { own: [] } }, true],
    ['the audit', { audit: [entry('a')] }, true],
    ['the launch time', { launchAtMs: NOW_MS }, true],
    ['the phase', { quiet: { phase: 'running' as const } }, false],
    ['the watch', { watch: { failures: 1 } }, false],
  ])('of %s wakes waits or does not', (_what, change, wakes) => {
    const { version } = state;
    applyChange(state, change);
    expect(state.version !== version).toBe(wakes);
  });

  it('of a step that the checkpoint does not have is a bug', () =>
    expect(() => applyChange(state, { steps: [{ name: 'x' }] })).toThrow('checkpoint final-poll has no step x'));

  it('has its lines recorded in their order, and its refusal counted', () => {
    applyChange(state, { audit: [entry('a'), entry('b')], refusal: entry('c.refused') });
    expect(state.audit.map(({ action }) => action)).toEqual(['a', 'b', 'c.refused']);
    expect(state.refused).toBe(1);
  });

  it('can be recorded for a state that has no checkpoint', () => {
    state.checkpoints = [];
    applyChange(state, { state: { message: 'm' }, audit: [entry('a')] });
    expect(state).toMatchObject({ message: 'm', audit: [{ action: 'a' }] });
  });

  it('is judged as the checkpoint is after it, which is what evaluate finds then', () => {
    evaluate(state, poll, NOW_MS);
    const change = judged(frozenCopy(state), frozenCopy(poll), { checkpoint: { own: [finding()] } }, NOW_MS);
    expect(change.checkpoint).toMatchObject({ revision: 3, evaluation: { verdict: 'no-go' } });
    applyChange(state, change);
    const { version } = state;
    expect(evaluate(state, poll, NOW_MS)).toEqual(change.checkpoint.evaluation);
    expect([poll.revision, poll.evidenceDigest, state.version]).toEqual([3, change.checkpoint.evidenceDigest, version]);
  });

  it('of a step is judged by what the step found then', () => {
    const launch = at(state, 'launch');
    const steps = [{ name: 'launch', findings: [finding()] }];
    expect(judged(frozenCopy(state), frozenCopy(launch), { steps }, NOW_MS).checkpoint.evaluation.verdict).toBe('no-go');
  });
});

it('a new round of a step has found nothing yet', () => {
  const state = stateOfTest();
  const launch = at(state, 'launch');
  const status = { ...launch.steps[0]!, round: 1, findings: [finding()] };
  expect(newRound(launch, status, NOW_MS)).toEqual({
    step: { name: 'launch', round: 2, state: 'running', startedAt: new Date(NOW_MS).toISOString(), findings: [], facts: [], evidence: [] },
    entry: { actor: 'tminus', action: 'step.started', object: 'launch/launch', detail: 'round 2' },
  });
});
