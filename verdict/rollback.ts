// What a rollback came to: started in time, complete in time, and healthy again.
import { judgeNotKept } from './evidence-not-kept.ts';
import { fail, inconclusive, pass, type Finding } from './finding.ts';
import { digests, type RolloutFacts, type VersionFacts } from './rollout.ts';
import { besideLimit, duration, measured as measuredValue } from './wording/index.ts';

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
  return [
    ...(leftAlone === undefined
      ? []
      : [
          inconclusive(
            'RollbackNotNeeded',
            name,
            `${name}: not rolled back, because ${leftAlone} runs there, which somebody else deployed`,
          ),
        ]),
    ...(withoutLease === undefined
      ? []
      : [inconclusive('RollbackWithoutLease', name, `${name}: rolled back without a claim on its Lease: ${withoutLease}`)]),
  ];
}

function startOf(name: string, { evidence }: RolloutFacts, startedAfterMs: number | null): Finding[] {
  if (startedAfterMs === null) return [];
  const inTime = startedAfterMs <= START_LIMIT_MS;
  const [measured, limit] = [measuredValue(startedAfterMs / 1000), START_LIMIT_MS / 1000];
  const [took, limitText] = besideLimit(measured, limit, 's');
  const message = `${name}: the rollback was written ${took} after the failure was detected, limit ${limitText}`;
  const measurement = { measured, limit, unit: 's', evidence: digests(evidence) };
  return [inTime ? pass('RollbackStartedInTime', name, message, measurement) : fail('RollbackStartedLate', name, message, measurement)];
}

function completionOf(name: string, rollout: RolloutFacts, limitMs: number): Finding {
  const limit = limitMs / 1000;
  const measured = measuredValue(rollout.seconds);
  const [took, limitText] = besideLimit(measured, limit, 's');
  const measurement = { measured, limit, unit: 's', evidence: digests(rollout.evidence) };
  if (rollout.outcome !== 'complete') {
    const message = `${name}: the rollback is not complete after ${took}, limit ${limitText}: ${rollout.detail}`;
    return fail('RollbackIncomplete', name, message, measurement);
  }
  const message = `${name}: rolled back in ${took}, limit ${limitText}`;
  return rollout.seconds <= limit
    ? pass('RolledBackInTime', name, message, measurement)
    : fail('RolledBackLate', name, message, measurement);
}

function healthOf(name: string, proof: VersionFacts, limitMs: number): Finding {
  const limit = limitMs / 1000;
  const measurement = { measured: measuredValue(proof.seconds), limit, unit: 's', evidence: digests(proof.evidence) };
  if (proof.ok) {
    const message = `${name}: all ${proof.pods} pods on the old version, health ok in ${duration(1_000 * proof.seconds)}`;
    return pass('RollbackHealthy', name, message, measurement);
  }
  const message = `${name}: not healthy after ${duration(1_000 * proof.seconds)}, limit ${duration(limitMs)}: ${proof.detail}`;
  return fail('RollbackUnhealthy', name, message, measurement);
}
