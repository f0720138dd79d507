import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ActionRequest } from '../verdict/action.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { explainNow, explainRefusal, explainTooLate, explainWrongCheckpoint, openFinding, standsOn } from './refusals.ts';
import { COUNTDOWN, HOUR_MS, NOW_MS, actAt, at, finding, person, stateOfTest, undoEntry } from './testing/state.ts';

let state: CountdownState;
let poll: CheckpointState;
beforeEach(() => {
  jest.useFakeTimers({ now: NOW_MS });
  state = stateOfTest();
  poll = at(state, 'final-poll');
  state.phase = 'waiting';
});
afterAll(() => {
  jest.useRealTimers();
});

const refusal = (change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>) => explainRefusal(state, actAt(state, change), COUNTDOWN);
const iso = (ms: number) => new Date(ms).toISOString();
const KEY = 'LatencyAboveLimit/POST /order';
const waive = (change: Partial<ActionRequest> = {}) =>
  refusal({ action: 'waive', finding: KEY, expiresAt: iso(NOW_MS + HOUR_MS), ...change });

describe('an act counts', () => {
  it('where its author saw what stands, may do it, and it is time', () => expect(refusal({ action: 'approve' })).toBeNull());

  it('never for another countdown', () =>
    expect(refusal({ action: 'approve', countdown: 'countdown/other' })).toBe('this action was signed for countdown/other'));

  it('never for another run of the same name', () =>
    expect(refusal({ action: 'approve', run: 'run-0' })).toBe(
      'this action was signed for another run of countdown/r; review this run and retry',
    ));

  it('never in the wrong phase', () => {
    state.phase = 'counting';
    expect(refusal({ action: 'approve' })).toMatch(/^not possible now: a checkpoint can be approved only while/u);
  });

  it('never once an ending is decided, though its work goes on', () => {
    state.decidedEnding = 'aborted';
    expect(refusal({ action: 'hold' })).toMatch(/^not possible now: .*; it has ended$/u);
    expect(explainNow(state, 'abort')).toMatch(/; it has ended$/u);
  });

  it('never by somebody who may not decide here, who is asked after the phase', () => {
    const stranger = person('x', { groups: ['visitors'] });
    expect(refusal({ action: 'approve', principal: stranger })).toBe('x is not in release-managers, who may approve here');
    state.phase = 'counting';
    expect(refusal({ action: 'approve', principal: stranger })).toMatch(/^not possible now/u);
  });

  it.each<[string, Partial<ActionRequest>]>([
    ['revision', { revision: 9 }],
    ['evidence', { evidenceDigest: 'sha256:old' }],
  ])('never on an old %s, where what was read matters', (_what, old) => {
    expect(refusal({ action: 'approve', ...old })).toMatch(
      /^stale: (based on revision 9, current revision is 1|the evidence of revision 1 has changed); review and retry$/u,
    );
    expect(refusal({ action: 'reject', ...old })).toMatch(/^stale: /u);
    expect(refusal({ action: 'hold', ...old })).toBeNull();
  });

  it.each<ActionRequest['action']>(['approve', 'reject', 'waive'])(
    'never at another checkpoint, where it is bound to one: %s',
    (action) => {
      expect(refusal({ action, checkpoint: 'launch' })).toBe('too early: launch is due at 2026-11-26 09:00 UTC');
    },
  );

  it('at another checkpoint, where it is bound to none', () => expect(refusal({ action: 'hold', checkpoint: 'launch' })).toBeNull());
});

describe('who decides', () => {
  it('is named by the checkpoint, and by the release where the checkpoint names nobody', () => {
    expect(refusal({ action: 'reject', principal: person('x', { groups: ['sre'] }) })).toMatch(/not in release-managers/u);
    const spec = state.input.release.spec;
    spec.checkpoints[1]!.approval = { groups: ['sre'], count: 1, allowRequester: false, timeoutMs: 3_600_000, onDeadline: 'hold' };
    expect(refusal({ action: 'reject', principal: person('x', { groups: ['sre'] }) })).toBeNull();
    spec.checkpoints[1]!.approval = null;
    expect(refusal({ action: 'reject', principal: person('x', { groups: ['sre'] }) })).toMatch(/not in release-managers/u);
  });

  it('is not who asked for it, unless the checkpoint allows that', () => {
    expect(refusal({ action: 'approve', principal: person('requester') })).toMatch(/requested this countdown/u);
    state.input.release.spec.checkpoints[1]!.approval!.allowRequester = true;
    expect(refusal({ action: 'approve', principal: person('requester') })).toBeNull();
    state.input.release.spec.checkpoints[1]!.approval = null;
    expect(refusal({ action: 'approve', principal: person('requester') })).toMatch(/requested this countdown/u);
  });

  it('is verified, unless the release allows others', () => {
    const unverified = person('x', { verified: false });
    expect(refusal({ action: 'approve', principal: unverified })).toMatch(/not a verified person/u);
    state.input.release.spec.allowUnverified = true;
    expect(refusal({ action: 'approve', principal: unverified })).toBeNull();
  });
});

describe('an approval', () => {
  const given = (change: Partial<CheckpointState['approvals'][number]> = {}) => ({
    principal: person('li.wei'),
    decision: 'approve' as const,
    comment: '',
    at: iso(NOW_MS),
    revision: 1,
    evidenceDigest: 'sha256:seen',
    verified: true,
    ...change,
  });

  it('counts once for a person', () => {
    poll.approvals = [given()];
    expect(refusal({ action: 'approve' })).toBe('li.wei has already approved final-poll; a person counts once');
  });

  it.each([
    ['was given by somebody else', given({ principal: person('a.osei') })],
    ['was given on other evidence', given({ evidenceDigest: 'sha256:old' })],
    ['was given on another revision', given({ revision: 0 })],
    ['was a rejection', given({ decision: 'reject' as const })],
  ])('counts where the one before %s', (_what, before) => {
    poll.approvals = [before];
    expect(refusal({ action: 'approve' })).toBeNull();
  });

  it('may be followed by a rejection of the same person', () => {
    poll.approvals = [given()];
    expect(refusal({ action: 'reject' })).toBeNull();
  });

  it('after the deadline is too late, and not too early', () => {
    poll.approvalDeadlineMs = NOW_MS;
    state.phase = 'stopped';
    expect(refusal({ action: 'approve' })).toBe(`too late: the deadline of final-poll was 2026-11-23 09:00 UTC`);
    expect(refusal({ action: 'hold' }) ?? '').not.toMatch(/deadline/u);
  });

  it('before the checkpoint is reached is too early, whatever deadline it had before', () => {
    poll.approvalDeadlineMs = NOW_MS - 1;
    state.phase = 'counting';
    expect(refusal({ action: 'approve' })).toMatch(/^not possible now: a checkpoint can be approved only while/u);
  });

  it('counts in the very moment of its deadline, while the countdown still waits for people before it', () => {
    poll.approvalDeadlineMs = NOW_MS + 1;
    expect([explainTooLate(poll), refusal({ action: 'approve' })]).toEqual([null, null]);
    delete poll.approvalDeadlineMs;
    expect(explainTooLate(poll)).toBeNull();
  });

  it('after its deadline is too late also where no worker has seen the deadline pass', () => {
    poll.approvalDeadlineMs = NOW_MS - 1;
    expect(refusal({ action: 'approve' })).toMatch(/^too late: the deadline of final-poll/u);
  });
});

describe('a checkpoint that is not the present one', () => {
  it('is unknown, passed or ahead', () => {
    expect(explainWrongCheckpoint(state, 'nowhere')).toBe(
      'the plan has no checkpoint nowhere; it has load-and-diagnosis, final-poll, launch',
    );
    expect(explainWrongCheckpoint(state, 'load-and-diagnosis')).toBe('too late: load-and-diagnosis has already passed');
    expect(explainWrongCheckpoint(state, 'launch')).toBe(`too early: launch is due at 2026-11-26 09:00 UTC`);
  });
});

describe('a hold that its author has not seen', () => {
  const hold = (minutes: number, by: string) => ({
    sinceMs: NOW_MS + minutes * 60_000,
    actor: `local/${by}`,
    by,
    reason: 'incident',
    announced: true,
  });
  const holdSince = iso(NOW_MS);
  beforeEach(() => {
    state.phase = 'holding';
  });

  it('keeps the clock standing, and everybody from going back over it', () => {
    state.holds = [hold(1, 'bob')];
    const sentence = `bob has held the countdown since 2026-11-23 09:01:00 UTC, after the status that this action is based on: incident; review and retry`;
    expect(refusal({ action: 'resume', holdSince })).toBe(sentence);
    expect(refusal({ action: 'resume' })).toBe(sentence);
    expect(refusal({ action: 'recycle', to: 'T-72h', holdSince })).toBe(sentence);
  });

  it('does not keep those that were seen from being lifted', () => {
    state.holds = [hold(0, 'ann'), hold(1, 'bob')];
    expect(refusal({ action: 'resume', holdSince })).toBeNull();
    expect(refusal({ action: 'recycle', to: 'T-72h', holdSince })).toMatch(/^bob has held the countdown/u);
  });

  it('stands in nobody’s way who saw it, or who does something else', () => {
    state.holds = [hold(1, 'bob')];
    expect(refusal({ action: 'recycle', to: 'T-72h', holdSince: iso(NOW_MS + 60_000) })).toBeNull();
    expect(refusal({ action: 'hold' })).toBeNull();
    expect(refusal({ action: 'abort' })).toBeNull();
  });

  it('is none where nobody holds: a resume then goes on from an inconclusive verdict', () => {
    expect(refusal({ action: 'resume' })).toBeNull();
    expect(refusal({ action: 'recycle', to: 'T-72h' })).toBeNull();
  });
});

describe('a reason', () => {
  it.each<ActionRequest['action']>(['reject', 'waive', 'abort', 'recycle'])('is needed to %s', (action) => {
    if (action === 'waive') state.phase = 'holding';
    expect(refusal({ action, comment: ' \n' })).toBe(`${action} needs a reason`);
  });

  it.each<ActionRequest['action']>(['approve', 'hold'])('is not needed to %s', (action) =>
    expect(refusal({ action, comment: '' })).toBeNull(),
  );
});

describe('a waiver', () => {
  const slow = finding();
  beforeEach(() => {
    state.phase = 'holding';
    poll.own = [slow];
  });

  it('counts for an open finding, until a time ahead', () => expect(waive()).toBeNull());

  it('counts for no other finding, and names those that are open', () => {
    expect(waive({ finding: 'ErrorRateAboveLimit/x' })).toBe(`final-poll has no open finding ErrorRateAboveLimit/x; it has ${KEY}`);
    const { finding: _, ...nothing } = actAt(state, { action: 'waive', finding: '' });
    expect(explainRefusal(state, nothing, COUNTDOWN)).toBe(`final-poll has no open finding ; it has ${KEY}`);
  });

  it('counts for nothing that passed', () => {
    poll.own = [finding({ outcome: 'pass' })];
    expect(waive()).toBe(`final-poll has no open finding ${KEY}; it has none`);
  });

  it('counts once, and again when it has expired or another value was measured', () => {
    const before = { finding: KEY, said: slow.message, reason: 'known', by: person('li.wei'), expiresAtMs: NOW_MS + 1 };
    poll.waivers = [before];
    expect(waive()).toMatch(/^final-poll has no open finding/u);
    for (const other of [{ expiresAtMs: NOW_MS }, { said: 'p99 is 301 ms' }, { finding: 'ErrorRateAboveLimit/x' }]) {
      poll.waivers = [{ ...before, ...other }];
      expect(openFinding(poll, actAt(state, { action: 'waive', finding: KEY }), NOW_MS)).toBe(slow);
      expect(waive()).toBeNull();
    }
  });

  it.each([undefined, 'soon', iso(NOW_MS)])('needs an expiry in the future: %s', (expiresAt) => {
    const { expiresAt: _, ...act } = actAt(state, { action: 'waive', finding: KEY });
    expect(explainRefusal(state, expiresAt === undefined ? act : { ...act, expiresAt }, COUNTDOWN)).toBe(
      'a waiver needs an expiry in the future',
    );
  });

  it.each(['StepCouldNotRun', 'StepFoundNothing', 'GuardNoData', 'GuardNoTraffic', 'EvidenceNotKept'] as const)(
    'never covers that launch or guard have seen nothing: %s',
    (code) => {
      const launch = at(state, 'launch');
      for (const step of launch.steps) {
        step.findings = [finding({ code, subject: step.name, outcome: 'inconclusive' })];
        expect(waive({ finding: `${code}/${step.name}` })).toBe(
          `${code}/${step.name} cannot be waived: ${step.name} must watch the live version; retry it, resume, or abort`,
        );
      }
    },
  );

  it('covers what launch and guard have measured, and that another step has seen nothing', () => {
    const launch = at(state, 'launch');
    launch.steps[1]!.findings = [finding({ subject: 'guard' }), finding({ code: 'GuardNoData', subject: 'up' })];
    expect(waive({ finding: 'LatencyAboveLimit/guard' })).toBeNull();
    const first = at(state, 'load-and-diagnosis');
    first.steps[1]!.findings = [finding({ code: 'StepCouldNotRun', subject: 'load-test' })];
    expect(waive({ finding: 'StepCouldNotRun/load-test' })).toBeNull();
  });
});

describe('going back', () => {
  it.each(['final-poll', 'load-and-diagnosis', 'T-72h', 'T-1h'])('is possible to %s', (to) =>
    expect(refusal({ action: 'recycle', to })).toBeNull(),
  );

  it.each(['launch', 'T-0', 'nowhere', undefined])('is impossible to %s', (to) => {
    const { to: _, ...act } = actAt(state, { action: 'recycle' });
    expect(explainRefusal(state, to === undefined ? act : { ...act, to }, COUNTDOWN)).toBe(
      'the countdown can go back to T-72h load-and-diagnosis, T-1h final-poll',
    );
  });

  it('is impossible while a candidate is live, and possible while another undo stands', () => {
    state.undo = [undoEntry({ live: false })];
    expect(refusal({ action: 'recycle', to: 'T-72h' })).toBeNull();
    state.undo = [undoEntry()];
    expect(refusal({ action: 'recycle', to: 'T-72h' })).toBe('the launch has started; abort rolls it back');
  });
});

describe('running a step again', () => {
  it('needs a step of the present checkpoint', () => {
    expect(refusal({ action: 'retry', step: 'load-test' })).toBe('final-poll has no step load-test; it has none');
    const { step: _, ...nothing } = actAt(state, { action: 'retry', step: '' });
    at(state, 'load-and-diagnosis');
    state.checkpoints[0]!.passed = false;
    expect(refusal({ action: 'retry', step: 'load-test' })).toBeNull();
    expect(explainRefusal(state, nothing, COUNTDOWN)).toBe('load-and-diagnosis has no step ; it has preflight, load-test, diagnosis');
  });
});

it('what somebody said stands only on the very evidence they read', () => {
  const said = { revision: 1, evidenceDigest: 'sha256:seen' };
  expect([standsOn(poll, said), standsOn(poll, { ...said, revision: 2 }), standsOn(poll, { ...said, evidenceDigest: '' })]).toEqual([
    true,
    false,
    false,
  ]);
});
