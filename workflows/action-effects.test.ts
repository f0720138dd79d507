import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ActionRequest } from '../verdict/action.ts';
import { effects, hold, runAgain } from './action-effects.ts';
import { applyChange, evaluate } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { HOUR_MS, NOW_MS, actAt, at, finding, frozenCopy, person, stateOfTest } from './testing/state.ts';

let state: CountdownState;
let poll: CheckpointState;
beforeEach(() => {
  state = stateOfTest();
  poll = at(state, 'final-poll');
});

const iso = (ms: number) => new Date(ms).toISOString();
/** The effect of an action of Li Wei on a state that cannot be assigned to, applied as actions.ts does. */
const act = (change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>, nowMs = NOW_MS): string => {
  const request = actAt(state, change);
  const { message, change: found } = effects[change.action](frozenCopy(state), request, nowMs);
  applyChange(state, found);
  return message;
};
const standing = (by: string, sinceMs: number) => ({ sinceMs, actor: `local/${by}`, by, reason: 'incident', announced: true });
const audited = () => state.audit.map(({ action, object, detail }) => `${action} ${object}: ${detail}`);

describe('an approval', () => {
  it('is added with what its author saw, and counts for nothing where the evidence is another', () => {
    expect(act({ action: 'approve', evidenceDigest: 'sha256:seen' })).toBe('0 of 1 approvals of release-managers are given');
    expect(poll.approvals).toEqual([
      {
        principal: person('li.wei'),
        decision: 'approve',
        comment: 'numbers read',
        at: iso(NOW_MS),
        revision: 1,
        evidenceDigest: 'sha256:seen',
        verified: true,
      },
    ]);
    expect(poll.evaluation?.verdict).toBe('hold');
  });

  it('that was the last one missing completes them', () => {
    evaluate(state, poll, NOW_MS);
    expect(act({ action: 'approve' })).toBe('final-poll has its approvals');
    expect(poll.evaluation?.verdict).toBe('go');
  });

  it('wakes whatever waits for a change', () => {
    const { version } = state;
    act({ action: 'approve' });
    expect(state.version).not.toBe(version);
  });
});

it('a rejection makes the checkpoint no-go', () => {
  expect(act({ action: 'reject' })).toBe('final-poll is no-go');
  expect(poll.approvals).toMatchObject([{ decision: 'reject' }]);
  expect(poll.evaluation?.verdict).toBe('no-go');
});

describe('a hold', () => {
  it('stops the clock from now on, with a line in the audit', () => {
    expect(act({ action: 'hold' })).toBe('the countdown is held');
    expect(state.holds).toEqual([{ sinceMs: NOW_MS, actor: 'local/li.wei', by: 'li.wei', reason: 'numbers read', announced: false }]);
    expect(audited()).toEqual(['hold.accepted final-poll: numbers read']);
  });

  it.each([
    ['by the same person for the same reason', 1, /^the same person already holds the countdown/u],
    ['beside very many others', 50, /^50 people already hold the countdown$/u],
  ])('%s is refused, and recorded', (_what, count, reason) => {
    const others = Array.from({ length: count }, (_, index) => standing(`p${index}`, NOW_MS));
    state.holds = count === 1 ? [{ ...standing('li.wei', NOW_MS), reason: 'numbers read' }] : others;
    act({ action: 'hold' });
    expect(state.holds).toHaveLength(count);
    expect(state.audit).toMatchObject([{ action: 'hold.refused', detail: expect.stringMatching(reason) }]);
    expect(state.refused).toBe(1);
  });

  it('once an ending is decided is refused', () => {
    state.decidedEnding = 'aborted';
    expect(hold(frozenCopy(state), { actor: 'a', by: 'A', reason: 'wait' }, NOW_MS)).toMatchObject({ refusal: { action: 'hold.refused' } });
  });
});

describe('a resume', () => {
  const LATER_MS = NOW_MS + 2 * HOUR_MS;
  const resume = (change: Partial<ActionRequest> = {}, nowMs = LATER_MS) =>
    act({ action: 'resume', holdSince: iso(NOW_MS), ...change }, nowMs);
  beforeEach(() => {
    state.holds = [standing('bob', NOW_MS)];
  });

  it('lifts only the holds that its author saw', () => {
    state.holds.push(standing('eve', NOW_MS + 1));
    expect(resume()).toBe('still held: held by eve: incident');
    expect(state).toMatchObject({ heldMs: 0, holds: [{ by: 'eve' }] });
  });

  it('starts the clock and keeps the launch while what comes next is ahead', () => {
    const { launchAtMs } = state;
    expect(resume()).toBe('the countdown continues; the launch stays at 2026-11-26 09:00 UTC');
    expect(state).toMatchObject({ holds: [], heldMs: 2 * HOUR_MS, readyAtMs: LATER_MS, launchAtMs });
    expect(audited()).toEqual([]);
  });

  it('moves the launch and what is still to come where that was missed, and records the new plan', () => {
    const lateMs = poll.atMs + HOUR_MS;
    expect(resume({}, lateMs)).toBe('the countdown continues; the launch moves to 2026-11-29 09:00 UTC');
    expect([poll.atMs, state.checkpoints[0]?.atMs]).toEqual([state.launchAtMs - HOUR_MS, NOW_MS]);
    expect(audited()).toEqual(['plan.changed r: launch at 2026-11-29 09:00 UTC']);
  });

  it.each([
    ['shift', 'the countdown continues; the launch moves to 2026-11-26 11:00 UTC', LATER_MS],
    ['keep', 'the countdown continues; the launch stays at 2026-11-26 09:00 UTC', Date.parse('2026-11-26T08:30:00Z')],
  ] as const)('does with the launch what its author wants: %s', (launchAt, message, nowMs) => {
    expect(resume({ launchAt }, nowMs)).toBe(message);
  });

  it('gives those who are asked the time of the hold, and asks anew whom nobody asked in time', () => {
    poll.approvalDeadlineMs = NOW_MS + 1;
    resume();
    expect(poll.approvalDeadlineMs).toBe(LATER_MS + 1);
    state.holds = [standing('bob', NOW_MS)];
    poll.approvalDeadlineMs = NOW_MS - 1;
    resume();
    expect(poll.approvalDeadlineMs).toBeUndefined();
  });

  it('forgets what the countdown itself found, and runs again what was inconclusive', () => {
    const first = at(state, 'load-and-diagnosis');
    const [preflight, loadTest] = first.steps;
    Object.assign(preflight!, { state: 'done', findings: [finding({ outcome: 'pass' })] });
    Object.assign(loadTest!, { state: 'done', findings: [finding({ outcome: 'inconclusive' })] });
    Object.assign(first, {
      own: [finding({ code: 'CheckpointMissed' })],
      pending: [],
      holdDeadlineMs: NOW_MS,
      approvalDeadlineMs: LATER_MS,
    });
    resume();
    expect(first).toMatchObject({ own: [], pending: ['load-test'], steps: [{ state: 'done' }, { state: 'later', findings: [] }, {}] });
    expect([first.holdDeadlineMs, first.approvalDeadlineMs]).toEqual([undefined, undefined]);
  });
});

describe('going back', () => {
  it.each(['load-and-diagnosis', 'T-72h'])('is asked for by name or offset: %s', (to) => {
    expect(act({ action: 'recycle', to })).toBe('going back to load-and-diagnosis');
    expect(state.recycleTo).toBe('load-and-diagnosis');
  });
});

describe('running a step again', () => {
  let first: CheckpointState;
  beforeEach(() => {
    first = at(state, 'load-and-diagnosis');
    for (const step of first.steps) Object.assign(step, { state: 'done', round: 1, findings: [finding()] });
    Object.assign(first, { pending: [], holdDeadlineMs: NOW_MS, stopDeadlineMs: NOW_MS, approvalDeadlineMs: NOW_MS });
  });

  it('forgets what it found and whatever explained that, and every deadline', () => {
    const [preflight, loadTest, diagnosis] = first.steps;
    expect(act({ action: 'retry', step: 'load-test' })).toBe('step load-test runs again');
    expect(first.pending).toEqual(['load-test', 'diagnosis']);
    expect(first.steps.map(({ state: how, findings, round }) => [how, findings.length, round])).toEqual([
      ['done', 1, 1],
      ['later', 0, 1],
      ['later', 0, 1],
    ]);
    expect([first.holdDeadlineMs, first.stopDeadlineMs, first.approvalDeadlineMs]).toEqual([undefined, undefined, undefined]);
    // Steps that run hold on to these objects.
    expect(first.steps).toEqual([preflight, loadTest, diagnosis]);
    expect(first.steps[1]).toBe(loadTest);
  });

  it('leaves what explains nothing of it, and what is pending already', () => {
    first.pending = ['diagnosis'];
    first.steps[2]!.state = 'later';
    expect(runAgain(frozenCopy(state), ['preflight'])).toMatchObject({
      checkpoint: { pending: ['diagnosis', 'preflight'] },
      steps: [{ name: 'preflight', state: 'later' }],
    });
  });
});

it('a waiver accepts the finding as it reads now, and the checkpoint is judged with it', () => {
  const slow = finding();
  poll.own = [slow];
  const expiresAt = iso(NOW_MS + HOUR_MS);
  const message = act({ action: 'waive', finding: 'LatencyAboveLimit/POST /order', expiresAt, comment: 'known' });
  expect(message).toBe('LatencyAboveLimit/POST /order is waived until 2026-11-23 10:00 UTC');
  expect(poll.waivers).toEqual([
    { finding: 'LatencyAboveLimit/POST /order', said: slow.message, reason: 'known', by: person('li.wei'), expiresAtMs: NOW_MS + HOUR_MS },
  ]);
  expect(poll).toMatchObject({
    revision: 2,
    evaluation: { verdict: 'hold', reasons: [{ code: 'WaitingForApproval' }, { effect: 'waived' }] },
  });
});

it('an abort leaves its reason as the message of the ending', () => {
  expect(act({ action: 'abort', comment: 'wrong image' })).toBe('the countdown ends');
  expect(state.message).toBe('aborted by li.wei: wrong image');
});
