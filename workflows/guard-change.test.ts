import { beforeEach, describe, expect, it } from '@jest/globals';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import type { GuardCarry, GuardReport } from '../activities/steps-contract.ts';
import { applyChange } from './change.ts';
import { planned, type CountdownState } from './countdown-state.ts';
import { changeByFailure, changeByReport, type GuardChange, type Guarded } from './guard-change.ts';
import { NOW_MS, at, finding, frozenCopy, stateOfTest } from './testing/state.ts';

const CARRY = { parts: [] } as unknown as GuardCarry;
let state: CountdownState;
let guard: Guarded;
beforeEach(() => {
  state = stateOfTest();
  at(state, 'launch');
  state.phase = 'running';
  const found = planned(state, 'guard');
  if (!found) throw new Error('the standard plan has a guard');
  guard = found;
  Object.assign(guard.status, { state: 'running', round: 1 });
});

/** The guard has passed, and is watched on. */
const passed = () => {
  guard.checkpoint.pending = ['launch'];
  guard.status.state = 'done';
};
const assign = (change: GuardChange): GuardChange => {
  applyChange(state, change, guard.checkpoint);
  return change;
};
const report = (outcome: GuardReport['outcome'], more: Partial<GuardReport> = {}): GuardChange => {
  const answer = { outcome, findings: [], facts: [], evidence: [], carry: CARRY, blindMs: 0, ...more };
  return assign(changeByReport(frozenCopy(state), frozenCopy(guard), answer, NOW_MS));
};
/** A failure of an activity that was asked so long ago. */
const fails = (afterMs: number, error: unknown = new Error('no worker')): GuardChange =>
  assign(changeByFailure(frozenCopy(state), frozenCopy(guard), error, { askedAtMs: NOW_MS - afterMs, nowMs: NOW_MS }));
const audited = () => state.audit.map(({ action, object, detail }) => `${action} ${object}: ${detail}`);
const unseen = finding({ code: 'GuardNoData', outcome: 'inconclusive', message: 'no data' });

describe('a guard that is blind', () => {
  it('holds, and goes on from where it is', () => {
    const change = report('blind', { findings: [unseen], blindMs: 5_000 });
    expect(state.watch).toMatchObject({ carry: CARRY, blindReported: true, blindSinceMs: NOW_MS - 5_000, failures: 0 });
    expect(guard.status).toMatchObject({ state: 'running', round: 1, findings: [unseen] });
    expect(guard.checkpoint.evaluation?.verdict).toBe('hold');
    expect(audited()).toEqual(['guard.blind launch/guard: no data']);
    expect(change).not.toHaveProperty('announcement');
  });

  it('after it has passed has to pass again, in a new round', () => {
    passed();
    report('blind', { findings: [unseen] });
    expect(guard.checkpoint.pending).toEqual(['launch', 'guard']);
    expect(guard.status).toMatchObject({ state: 'running', round: 2, findings: [unseen] });
    expect(audited()).toEqual(['step.started launch/guard: round 2', 'guard.blind launch/guard: no data']);
  });

  it('is announced where the countdown holds already', () => {
    state.phase = 'holding';
    expect(report('blind', { findings: [unseen] }).announcement).toBe('no data');
  });

  it('and recovers has found nothing any more, and its bake goes on', () => {
    report('blind', { findings: [unseen] });
    state.watch.failures = 3;
    report('recovered');
    expect(state.watch).toMatchObject({ carry: CARRY, blindReported: false, blindSinceMs: null, failures: 0 });
    expect(guard.status).toMatchObject({ state: 'running', findings: [] });
    expect(audited().at(-1)).toBe('guard.recovered launch/guard: samples are complete again');
  });
});

describe('a guard that is over', () => {
  it.each(['passed', 'undecided'] as const)('as %s has run, and the next watch begins anew', (outcome) => {
    report(outcome, { findings: [finding({ outcome: 'pass', message: 'fine' })] });
    expect(state.watch).toMatchObject({ carry: null, blindReported: false });
    expect(guard.status).toMatchObject({ state: 'done', finishedAt: new Date(NOW_MS).toISOString() });
    expect(guard.checkpoint.pending).toEqual(['launch']);
    expect(audited()).toEqual(['step.finished launch/guard: fine']);
  });

  it.each(['passed', 'undecided'] as const)('as %s after it has passed changes the watch only, and wakes no wait', (outcome) => {
    passed();
    const { version } = state;
    expect(Object.keys(report(outcome, { findings: [finding()] }))).toEqual(['watch']);
    expect([state.version, state.audit, guard.status.findings]).toEqual([version, [], []]);
  });

  it.each([
    ['at its time', () => undefined],
    ['after it has passed', passed],
  ])('with a breach is no-go from the sample of the breach on, %s', (_when, before) => {
    before();
    report('breach', { findings: [finding()], failedAt: '2026-11-23T08:59:00Z' });
    expect(state.failedAt).toBe('2026-11-23T08:59:00Z');
    expect(guard.status.state).toBe('done');
    expect(guard.checkpoint.evaluation?.verdict).toBe('no-go');
  });
});

describe('a guard whose activity failed', () => {
  it('is only asked again while little is hidden', () => {
    const { version } = state;
    expect(Object.keys(fails(1_000))).toEqual(['watch']);
    expect(state.watch).toMatchObject({ blindSinceMs: NOW_MS - 1_000, failures: 1 });
    expect(state.version).toBe(version);
  });

  it('is blind once that lasts', () => {
    state.watch.blindSinceMs = NOW_MS - guard.spec.noDataAfterMs;
    fails(1_000);
    expect(state.watch.blindReported).toBe(true);
    expect(guard.status).toMatchObject({ state: 'running', findings: [{ code: 'GuardNoData', outcome: 'inconclusive' }] });
    expect(audited()).toEqual([expect.stringMatching(/^guard\.blind launch\/guard: the guard took no samples for .*: no worker$/u)]);
  });

  it('is reported as blind once', () => {
    Object.assign(state.watch, { blindReported: true, blindSinceMs: NOW_MS - guard.spec.noDataAfterMs });
    expect(Object.keys(fails(1_000))).toEqual(['watch']);
  });

  it('for as long as a candidate may be live unseen is a breach', () => {
    Object.assign(state.watch, { blindReported: true, blindSinceMs: NOW_MS - guard.spec.liveDeadlineMs });
    fails(1_000);
    expect(guard.status).toMatchObject({ state: 'failed-to-run', findings: [{ code: 'GuardBlindTooLong', outcome: 'fail' }] });
    expect(guard.checkpoint.evaluation?.verdict).toBe('no-go');
  });

  it('after it went on for long has seen meanwhile', () => {
    state.watch.blindSinceMs = NOW_MS - guard.spec.liveDeadlineMs;
    fails(guard.spec.noDataAfterMs + 66_001);
    expect(state.watch.blindSinceMs).toBe(NOW_MS - 66_000);
    expect(guard.status.state).toBe('running');
  });

  it.each([
    ['its last heartbeat', new TimeoutFailure('heartbeat', { carry: CARRY }, 'HEARTBEAT')],
    ['what it reported', ApplicationFailure.create({ message: 'x', details: [{ carry: CARRY }] })],
  ])('goes on from %s', (_what, cause) => {
    fails(1_000, new ActivityFailure('failed', 'runGuard', 'id', 'RETRY_STATE_UNSPECIFIED' as never, undefined, cause));
    expect(state.watch.carry).toEqual(CARRY);
  });

  it('goes on from where it was, where it left nothing', () => {
    state.watch.carry = CARRY;
    fails(1_000);
    expect(state.watch.carry).toEqual(CARRY);
  });
});
