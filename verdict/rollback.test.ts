import { describe, expect, it } from '@jest/globals';
import { judgeRollback } from './rollback.ts';
import { judgeRollout, judgeVersion, type RolloutFacts, type VersionFacts } from './rollout.ts';

const rollout = (change: Partial<RolloutFacts> = {}): RolloutFacts => ({
  outcome: 'complete',
  detail: 'done',
  podsReady: 3,
  podsWanted: 3,
  seconds: 6.2,
  conditionAt: '2026-11-24T06:00:00Z',
  evidence: [],
  ...change,
});
const proof = (change: Partial<VersionFacts> = {}): VersionFacts => ({
  ok: true,
  detail: 'ok',
  pods: 3,
  seconds: 0.3,
  evidence: [],
  ...change,
});
const limits = { rollbackMs: 90_000, healthMs: 60_000, startedAfterMs: 900 };
const place = { namespace: 'shop', deployment: 'go-api' };
const codes = (...input: Parameters<typeof judgeRollback>) => judgeRollback(...input).map(({ code, outcome }) => `${code} ${outcome}`);

describe('judgeRollback', () => {
  it('passes when it began within 15 s, was complete within its limit, and the old version is healthy', () => {
    expect(codes('shop/go-api', rollout(), proof(), limits)).toEqual([
      'RollbackStartedInTime pass',
      'RolledBackInTime pass',
      'RollbackHealthy pass',
    ]);
  });

  it('fails a rollback that began later than 15 s after the failure was known', () => {
    expect(codes('shop/go-api', rollout(), proof(), { ...limits, startedAfterMs: 15_001 })[0]).toBe('RollbackStartedLate fail');
  });

  it('does not judge the start where nothing failed, as with an abort', () => {
    expect(codes('shop/go-api', rollout(), proof(), { ...limits, startedAfterMs: null })).toHaveLength(2);
  });

  it('tells a slow rollback from one that is not complete', () => {
    expect(codes('shop/go-api', rollout({ seconds: 91 }), proof(), limits)).toContain('RolledBackLate fail');
    expect(codes('shop/go-api', rollout({ outcome: 'timed-out' }), proof(), limits)).toContain('RollbackIncomplete fail');
  });

  it('fails when the old version does not answer healthy', () => {
    expect(codes('shop/go-api', rollout(), proof({ ok: false, detail: 'healthz answers 503' }), limits)).toContain(
      'RollbackUnhealthy fail',
    );
  });
});

describe('judgeRollout', () => {
  it.each(['progress-deadline-exceeded', 'replica-failure', 'timed-out', 'superseded'] as const)(
    'fails a rollout that ended as %s',
    (outcome) => {
      expect(judgeRollout(place, rollout({ outcome, podsReady: 1 }))).toMatchObject({
        code: 'RolloutFailed',
        outcome: 'fail',
        measured: 1,
        limit: 3,
      });
    },
  );

  it('passes only a complete one', () => {
    expect(judgeRollout(place, rollout()).outcome).toBe('pass');
  });
});

describe('judgeVersion', () => {
  it('fails, with the detail, when the version asked for does not serve', () => {
    expect(judgeVersion(place, proof({ ok: false, detail: '1 pod of sha-old' }), 60_000)).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('1 pod of sha-old'),
    });
  });
});
