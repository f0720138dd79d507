import type { Finding } from './finding.ts';
import { digests, round, seconds, type RolloutFacts, type VersionFacts } from './rollout.ts';

/**
 * S5, S17: a rollback counts only when the recorded version serves again, in time. A rollback that succeeded too slowly is told as such:
 * the service is well, but the limit was not kept.
 */
export function judgeRollback(name: string, rollout: RolloutFacts, proof: VersionFacts, limits: { rollbackMs: number; healthMs: number }): Finding[] {
  const rolledBack = rollout.outcome === 'complete';
  const limit = limits.rollbackMs / 1000;
  return [
    {
      code: rolledBack ? (rollout.seconds <= limit ? 'RolledBackInTime' : 'RolledBackLate') : 'RollbackIncomplete',
      subject: name,
      outcome: rolledBack && rollout.seconds <= limit ? 'pass' : 'fail',
      measured: round(rollout.seconds),
      limit,
      unit: 's',
      message: rolledBack
        ? `${name}: rolled back in ${seconds(rollout.seconds)}, limit ${limit} s`
        : `${name}: the rollback is not complete after ${seconds(rollout.seconds)}: ${rollout.detail}`,
      evidence: digests(rollout.evidence),
    },
    {
      code: proof.ok ? 'RollbackHealthy' : 'RollbackUnhealthy',
      subject: name,
      outcome: proof.ok ? 'pass' : 'fail',
      measured: round(proof.seconds),
      limit: limits.healthMs / 1000,
      unit: 's',
      message: proof.ok ? `${name}: all ${proof.pods} pods on the old version, health ok in ${seconds(proof.seconds)}` : `${name}: ${proof.detail}`,
      evidence: digests(proof.evidence),
    },
  ];
}
