// What a rollback came to: started in time, complete in time, and healthy again.
import { judgeNotKept } from './evidence-not-kept.ts';
import type { Finding } from './finding.ts';
import { digests, round, seconds, type RolloutFacts, type VersionFacts } from './rollout.ts';
import { unmeasured } from './unmeasured.ts';

/** S17: a rollback starts within this of the condition that asked for it. */
const START_LIMIT_MS = 15_000;

export interface RollbackLimits {
  rollbackMs: number;
  healthMs: number;
  /** From the failure to the rollback's write; null where nothing failed, as with an abort. */
  startedAfterMs: number | null;
}

/**
 * S5, S17: a rollback counts only when the recorded version serves again, in time. A rollback that succeeded too slowly is reported as such:
 * the service is well, but the limit was not kept. Null for the part whose evidence was lost, so that `verify` judges the rest.
 */
export function judgeRollback(
  name: string,
  rollout: RolloutFacts | null,
  proof: VersionFacts | null,
  { rollbackMs, healthMs, startedAfterMs }: RollbackLimits,
): Finding[] {
  return [
    ...(rollout === null
      ? []
      : [...startOf(name, rollout, startedAfterMs), completionOf(name, rollout, rollbackMs), ...judgeNotKept(name, rollout.notKept)]),
    ...(proof === null ? [] : [healthOf(name, proof, healthMs), ...judgeNotKept(name, proof.notKept)]),
  ];
}

/** What the write of a rollback reported besides its time. Inconclusive: people have to look. */
export function judgeRollbackWrite(name: string, { leftAlone, withoutLease }: { leftAlone?: string; withoutLease?: string }): Finding[] {
  const finding = (code: string, message: string): Finding => unmeasured({ code, subject: name, outcome: 'inconclusive', message });
  return [
    ...(leftAlone === undefined
      ? []
      : [finding('RollbackNotNeeded', `${name}: not rolled back, because ${leftAlone} runs there, which somebody else deployed`)]),
    ...(withoutLease === undefined
      ? []
      : [finding('RollbackWithoutLease', `${name}: rolled back without a claim on its Lease: ${withoutLease}`)]),
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

function completionOf(name: string, rollout: RolloutFacts, limitMs: number): Finding {
  const limit = limitMs / 1000;
  const common = { subject: name, measured: round(rollout.seconds), limit, unit: 's', evidence: digests(rollout.evidence) };
  if (rollout.outcome !== 'complete') {
    return {
      ...common,
      code: 'RollbackIncomplete',
      outcome: 'fail',
      message: `${name}: the rollback is not complete after ${seconds(rollout.seconds)}, limit ${limit} s: ${rollout.detail}`,
    };
  }
  const inTime = rollout.seconds <= limit;
  return {
    ...common,
    code: inTime ? 'RolledBackInTime' : 'RolledBackLate',
    outcome: inTime ? 'pass' : 'fail',
    message: `${name}: rolled back in ${seconds(rollout.seconds)}, limit ${limit} s`,
  };
}

function healthOf(name: string, proof: VersionFacts, limitMs: number): Finding {
  const limit = limitMs / 1000;
  return {
    code: proof.ok ? 'RollbackHealthy' : 'RollbackUnhealthy',
    subject: name,
    outcome: proof.ok ? 'pass' : 'fail',
    measured: round(proof.seconds),
    limit,
    unit: 's',
    message: proof.ok
      ? `${name}: all ${proof.pods} pods on the old version, health ok in ${seconds(proof.seconds)}`
      : `${name}: not healthy after ${seconds(proof.seconds)}, limit ${limit} s: ${proof.detail}`,
    evidence: digests(proof.evidence),
  };
}
