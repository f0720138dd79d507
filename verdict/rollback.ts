import type { Finding } from './finding.ts';
import { digests, round, seconds, type RolloutFacts, type VersionFacts } from './rollout.ts';

/** S17: a rollback starts within this of the condition that asked for it. */
const START_LIMIT_MS = 15_000;

/**
 * S5, S17: a rollback counts only when the recorded version serves again, in time. A rollback that succeeded too slowly is told as such:
 * the service is well, but the limit was not kept.
 */
export function judgeRollback(
  name: string,
  rollout: RolloutFacts,
  proof: VersionFacts,
  limits: { rollbackMs: number; healthMs: number; startedAfterMs: number | null },
): Finding[] {
  const rolledBack = rollout.outcome === 'complete';
  const limit = limits.rollbackMs / 1000;
  return [
    ...startOf(name, rollout, limits.startedAfterMs),
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
      message: proof.ok
        ? `${name}: all ${proof.pods} pods on the old version, health ok in ${seconds(proof.seconds)}`
        : `${name}: ${proof.detail}`,
      evidence: digests(proof.evidence),
    },
  ];
}

function startOf(name: string, { evidence }: RolloutFacts, startedAfterMs: number | null): Finding[] {
  if (startedAfterMs === null) return [];
  const inTime = startedAfterMs <= START_LIMIT_MS;
  const [measured, limit] = [startedAfterMs / 1000, START_LIMIT_MS / 1000];
  return [
    {
      code: inTime ? 'RollbackStartedInTime' : 'RollbackStartedLate',
      subject: name,
      outcome: inTime ? 'pass' : 'fail',
      measured: round(measured),
      limit,
      unit: 's',
      message: `${name}: the rollback was written ${seconds(measured)} after the failure was known, limit ${limit} s`,
      evidence: digests(evidence),
    },
  ];
}
