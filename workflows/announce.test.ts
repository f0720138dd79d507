import { expect, it } from '@jest/globals';
import { changeByDelivery } from './announce.ts';
import { frozenCopy, stateOfTest } from './testing/state.ts';

it('a message that was not delivered is recorded, and stands until a later one reaches its target', () => {
  const state = stateOfTest();
  const other = { target: 'managers', message: 'HTTP 503' };
  const failed = { target: 'oncall', message: 'HTTP 500' };
  state.undelivered = [other, { target: 'oncall', message: 'an older failure' }];
  expect(changeByDelivery(frozenCopy(state), 'oncall', [failed])).toEqual({
    state: { undelivered: [other, failed] },
    audit: [{ actor: 'tminus', action: 'notify.failed', object: 'oncall', detail: 'HTTP 500' }],
  });
  expect(changeByDelivery(frozenCopy(state), 'oncall', [])).toEqual({ state: { undelivered: [other] }, audit: [] });
});
