import { expect, it } from '@jest/globals';
import { evaluate } from './change.ts';
import { NOW_MS, at, stateOfTest } from './testing/state.ts';

it('waits for approvals until the time of the deadline, and not by its duration', () => {
  const state = stateOfTest();
  const poll = at(state, 'final-poll');
  expect(evaluate(state, poll, NOW_MS)).toMatchObject({ verdict: 'hold', reasons: [{ code: 'WaitingForApproval' }] });
  poll.approvalDeadlineMs = NOW_MS + 1;
  expect(evaluate(state, poll, NOW_MS).verdict).toBe('hold');
  expect(evaluate(state, poll, NOW_MS + 1)).toMatchObject({ verdict: 'no-go', reasons: [{ code: 'ApprovalsMissing' }] });
});
