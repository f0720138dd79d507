import { describe, expect, it } from '@jest/globals';
import { judgeRollback } from './rollback.ts';
import { proof, rollout } from './testing/rollout.ts';

const limits = { rollbackMs: 90_000, healthMs: 60_000, startedAfterMs: 900 };
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

  it('distinguishes a slow rollback from one that is not complete', () => {
    expect(codes('shop/go-api', rollout({ seconds: 91 }), proof(), limits)).toContain('RolledBackLate fail');
    expect(codes('shop/go-api', rollout({ outcome: 'timed-out' }), proof(), limits)).toContain('RollbackIncomplete fail');
  });

  it('fails when the old version does not answer healthy', () => {
    expect(codes('shop/go-api', rollout(), proof({ ok: false, detail: 'healthz answers 503' }), limits)).toContain(
      'RollbackUnhealthy fail',
    );
  });

  it('passes a rollback whose evidence could not be stored, and adds that nobody can verify it', () => {
    const full = { evidence: [], notKept: 'The disk is full.' };
    const findings = judgeRollback('shop/go-api', rollout(full), proof(full), limits);
    expect(findings.map(({ code, outcome }) => `${code} ${outcome}`)).toEqual([
      'RollbackStartedInTime pass',
      'RolledBackInTime pass',
      'EvidenceNotKept inconclusive',
      'RollbackHealthy pass',
      'EvidenceNotKept inconclusive',
    ]);
    expect(findings[2]?.message).toBe(
      'shop/go-api: the evidence could not be stored, so its findings cannot be verified: The disk is full.',
    );
  });

  it('still fails one that is not complete', () => {
    expect(codes('shop/go-api', rollout({ outcome: 'timed-out', notKept: 'The disk is full.' }), proof(), limits)).toContain(
      'RollbackIncomplete fail',
    );
  });
});
