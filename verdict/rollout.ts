// What a watched rollout, and a check of what serves, mean. Structural inputs: this room knows no cluster.
import type { EvidenceRef, Finding } from './finding.ts';

export interface RolloutFacts {
  outcome: 'complete' | 'progress-deadline-exceeded' | 'replica-failure' | 'timed-out' | 'superseded';
  detail: string;
  podsReady: number;
  podsWanted: number;
  seconds: number;
  conditionAt: string;
  evidence: EvidenceRef[];
}

export interface VersionFacts {
  ok: boolean;
  detail: string;
  pods: number;
  seconds: number;
  evidence: EvidenceRef[];
}

interface Place {
  namespace: string;
  deployment: string;
}

const failures: Record<Exclude<RolloutFacts['outcome'], 'complete'>, string> = {
  'progress-deadline-exceeded': 'exceeded its progress deadline',
  'replica-failure': 'could not create its pods',
  'timed-out': 'did not finish in time',
  superseded: 'was overwritten by someone else',
};

/** Complete passes; every other ending of a rollout fails, for the new version does not serve as asked. */
export function judgeRollout({ namespace, deployment }: Place, rollout: RolloutFacts): Finding {
  const subject = `deployment ${namespace}/${deployment}`;
  const measured = rollout.podsReady;
  const common = { subject, measured, limit: rollout.podsWanted, unit: 'pods', evidence: digests(rollout.evidence) };
  if (rollout.outcome === 'complete') {
    return {
      ...common,
      code: 'RolloutComplete',
      outcome: 'pass',
      message: `the rollout of ${subject} completed: ${measured} of ${rollout.podsWanted} pods in ${seconds(rollout.seconds)}`,
    };
  }
  return {
    ...common,
    code: 'RolloutFailed',
    outcome: 'fail',
    message: `the rollout of ${subject} ${failures[rollout.outcome]} with ${measured} of ${rollout.podsWanted} pods ready: ${rollout.detail}`,
  };
}

/** Passes when exactly one version serves and its health answers ok within the limit. */
export function judgeVersion({ namespace, deployment }: Place, proof: VersionFacts, limitMs: number): Finding {
  const subject = `deployment ${namespace}/${deployment}`;
  const common = { subject, measured: round(proof.seconds), limit: limitMs / 1000, unit: 's', evidence: digests(proof.evidence) };
  return proof.ok
    ? {
        ...common,
        code: 'VersionServes',
        outcome: 'pass',
        message: `all ${proof.pods} pods of ${subject} run the version asked for, health ok in ${seconds(proof.seconds)}`,
      }
    : {
        ...common,
        code: 'VersionNotServing',
        outcome: 'fail',
        message: `${subject} does not serve the version asked for within ${limitMs / 1000} s: ${proof.detail}`,
      };
}

export const digests = (evidence: readonly EvidenceRef[]): string[] => evidence.map(({ digest }) => digest);
export const seconds = (value: number): string => `${value.toFixed(1)} s`;
export const round = (value: number): number => Math.round(value * 1000) / 1000;
