import { describe, expect, it } from '@jest/globals';
import { countApprovals, findingKey, judge, type CountedApproval, type Policy, type Waiver } from './judge.ts';
import type { Finding, FindingCode } from './finding.ts';
import type { Principal } from './verdict.ts';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const person = (subject: string): Principal => ({ issuer: 'local', subject, displayName: subject, groups: ['sre'], verified: true });
const finding = (outcome: Finding['outcome'], code: FindingCode = 'LatencyAboveLimit', subject = 'GET /a'): Finding => ({
  code,
  subject,
  outcome,
  measured: 420,
  limit: 300,
  unit: 'ms',
  message: `p99 of ${subject} is 420 ms, limit 300 ms`,
  evidence: [],
});
const approval = (subject: string, change: Partial<CountedApproval> = {}): CountedApproval => ({
  principal: person(subject),
  decision: 'approve',
  comment: 'ok',
  revision: 1,
  evidenceDigest: 'd',
  ...change,
});
const policy = (change: Partial<Policy> = {}): Policy => ({ approval: null, revision: 1, evidenceDigest: 'd', ...change });
const quorum = { groups: ['sre'], count: 2, onDeadline: 'no-go' as const };
const waiver = (change: Partial<Waiver> = {}): Waiver => ({
  finding: 'LatencyAboveLimit/GET /a',
  said: 'p99 of GET /a is 420 ms, limit 300 ms',
  reason: 'known',
  by: person('boss'),
  expiresAtMs: NOW + 1,
  ...change,
});

describe('judge', () => {
  it('is go only when every finding passes and nobody is owed a decision', () => {
    expect(judge([finding('pass')], [], [], policy(), NOW)).toMatchObject({ verdict: 'go', reasons: [], passed: 1 });
  });

  it('is no-go on one failing finding among passing ones', () => {
    expect(judge([finding('pass'), finding('fail', 'ErrorRateAboveLimit')], [], [], policy(), NOW).verdict).toBe('no-go');
  });

  it('holds on an inconclusive finding and is no-go once its deadline has come', () => {
    const judged = (nowMs: number) => judge([finding('inconclusive')], [], [], policy({ inconclusiveUntilMs: NOW }), nowMs).verdict;
    expect([judged(NOW - 1), judged(NOW)]).toEqual(['hold', 'no-go']);
  });

  it('lets a waiver carry exactly the finding it names, until it expires', () => {
    const judged = (given: Waiver) => judge([finding('fail')], [], [given], policy(), NOW).verdict;
    expect([judged(waiver()), judged(waiver({ expiresAtMs: NOW })), judged(waiver({ finding: 'LatencyAboveLimit/GET /b' }))]).toEqual([
      'go',
      'no-go',
      'no-go',
    ]);
  });

  it('does not take a waiver of one measurement for another of the same thing', () => {
    const worse = { ...finding('fail'), measured: 5_000, message: 'p99 of GET /a is 5000 ms, limit 300 ms' };
    expect(judge([worse], [], [waiver()], policy(), NOW).verdict).toBe('no-go');
  });

  it("ends a hold that silence made as no-go at the hold's own deadline", () => {
    const approvalPolicy = { ...quorum, onDeadline: 'hold' as const, deadlineAtMs: NOW };
    const judged = (inconclusiveUntilMs: number) =>
      judge([finding('pass')], [], [], policy({ approval: approvalPolicy, inconclusiveUntilMs }), NOW).verdict;
    expect([judged(NOW + 1), judged(NOW)]).toEqual(['hold', 'no-go']);
  });

  it('still tells a waived finding, with who took it on', () => {
    expect(judge([finding('fail')], [], [waiver()], policy(), NOW).reasons).toMatchObject([
      { effect: 'waived', message: expect.stringContaining('waived by boss: known') },
    ]);
  });

  it('holds while approvals are missing, and is no-go at the deadline: silence is not consent', () => {
    const judged = (nowMs: number) => judge([], [approval('a')], [], policy({ approval: { ...quorum, deadlineAtMs: NOW } }), nowMs);
    expect(judged(NOW - 1)).toMatchObject({ verdict: 'hold', reasons: [{ message: '1 of 2 approvals of sre are given' }] });
    expect(judged(NOW)).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'ApprovalsMissing' }] });
  });

  it('is go once two different people approved what stands now', () => {
    expect(judge([], [approval('a'), approval('b')], [], policy({ approval: quorum }), NOW).verdict).toBe('go');
  });

  it('is no-go when one person says no, whatever the others said', () => {
    expect(
      judge(
        [],
        [approval('a'), approval('b'), approval('c', { decision: 'reject', comment: 'freeze' })],
        [],
        policy({ approval: quorum }),
        NOW,
      ),
    ).toMatchObject({
      verdict: 'no-go',
      reasons: [{ code: 'Rejected', message: 'rejected by c: freeze' }],
    });
  });

  it('sorts reasons the same way whatever order the findings came in', () => {
    const findings = [
      finding('inconclusive', 'RuntimeUnknown'),
      finding('fail', 'LatencyAboveLimit', 'GET /b'),
      finding('fail', 'LatencyAboveLimit', 'GET /a'),
    ];
    const order = (input: Finding[]) => judge(input, [], [], policy(), NOW).reasons.map(findingKey);
    expect(order(findings)).toEqual(['LatencyAboveLimit/GET /a', 'LatencyAboveLimit/GET /b', 'RuntimeUnknown/GET /a']);
    expect(order([...findings].reverse())).toEqual(order(findings));
  });
});

describe('countApprovals', () => {
  it('counts a person once, by issuer and subject', () => {
    expect(
      countApprovals([approval('a'), approval('a'), approval('a', { principal: { ...person('a'), issuer: 'other' } })], policy()),
    ).toBe(2);
  });

  it('does not count what was given on another revision or other evidence', () => {
    expect(countApprovals([approval('a', { revision: 2 }), approval('b', { evidenceDigest: 'old' })], policy())).toBe(0);
  });
});
