import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CountdownState } from './countdown-state.ts';
import { approveUnverified } from './signal-approval.ts';
import { NOW_MS, at, frozenCopy, stateOfTest } from './testing/state.ts';

let state: CountdownState;
beforeEach(() => {
  state = stateOfTest();
  at(state, 'final-poll');
  state.phase = 'waiting';
  state.input.release.spec.allowUnverified = true;
});

const sent = { checkpoint: 'final-poll', by: 'ci', comment: 'green' };
const change = (signal: unknown) => approveUnverified(frozenCopy(state), signal, NOW_MS);

describe('an approval by Signal', () => {
  it('is an approval by nobody that was verified, with a line in the audit', () => {
    expect(change(sent)).toEqual({
      checkpoint: {
        approvals: [
          {
            principal: { issuer: 'signal', subject: 'ci', displayName: 'ci', groups: ['release-managers'], verified: false },
            decision: 'approve',
            comment: 'green',
            at: new Date(NOW_MS).toISOString(),
            revision: 1,
            evidenceDigest: 'sha256:seen',
            verified: false,
          },
        ],
      },
      audit: [{ actor: 'signal/ci', action: 'approve.accepted', object: 'final-poll', detail: 'green' }],
    });
  });

  it.each([
    ['says nothing of who and what', 'yes', 'signal/unknown', /^an approval by Signal needs a checkpoint and a name$/u],
    ['is of another checkpoint', { ...sent, checkpoint: 'launch' }, 'signal/ci', /^too early: launch is due/u],
  ])('that %s is refused', (_what, signal, actor, detail) => {
    expect(change(signal)).toEqual({
      refusal: expect.objectContaining({ actor, action: 'approve.refused', detail: expect.stringMatching(detail) }),
    });
  });

  it('is refused where the release does not allow it', () => {
    state.input.release.spec.allowUnverified = false;
    expect(change(sent)).toMatchObject({ refusal: { detail: expect.stringMatching(/is unverified/u) } });
  });
});
