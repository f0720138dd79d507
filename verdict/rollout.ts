// Judges a watched rollout and the version that serves after it. The activities that watch a cluster answer these types.
import { judgeNotKept } from './evidence-not-kept.ts';
import { fail, inconclusive, pass, type EvidenceRef, type Finding } from './finding.ts';
import { duration, measured as measuredValue } from './wording/index.ts';

/** The end of a watched rollout. */
export interface RolloutFacts {
  outcome: 'complete' | 'progress-deadline-exceeded' | 'replica-failure' | 'timed-out' | 'superseded';
  /** Reason and message of the condition that decided. */
  detail: string;
  podsReady: number;
  podsWanted: number;
  /** From the write to the condition that decided; the duration of the watch if the time of the write is unknown. */
  seconds: number;
  /** RFC 3339: time of the condition that decided, or the end of the watch. The rollback time starts here. */
  conditionAt: string;
  /** Series of samples, stored as `rollout-events` evidence; empty with `notKept`. */
  evidence: EvidenceRef[];
  /** Why the evidence could not be stored; the result is valid all the same. */
  notKept?: string;
}

/** Whether one version serves, and is healthy. */
export interface VersionFacts {
  ok: boolean;
  detail: string;
  pods: number;
  seconds: number;
  /** Digests of the running images, sorted and unique; empty until every pod has reported its own. */
  imageIds: string[];
  evidence: EvidenceRef[];
  /** Why the evidence could not be stored; the proof is valid all the same. */
  notKept?: string;
}

export interface Place {
  namespace: string;
  deployment: string;
}

export interface LaunchFacts {
  /** Null where its evidence was lost, so that `verify` judges the rest. */
  rollout: RolloutFacts | null;
  /** Null when the rollout did not come to it. */
  proof: VersionFacts | null;
  healthMs: number;
  /** Digests that were under load; null when no load test ran. */
  tested: readonly string[] | null;
}

/** All findings of a launch, in their order: the workflow and `verify` both take them from here. */
export function judgeLaunch(place: Place, { rollout, proof, healthMs, tested }: LaunchFacts): Finding[] {
  const subject = subjectOf(place);
  const bytes = proof?.ok ? judgeLaunchedBytes(place, proof.imageIds, tested, digests(proof.evidence)) : null;
  return [
    ...(rollout === null ? [] : [judgeRollout(place, rollout), ...judgeNotKept(subject, rollout.notKept)]),
    ...(proof === null ? [] : [judgeVersion(place, proof, healthMs), ...(bytes === null ? [] : [bytes])]),
    ...(proof === null ? [] : judgeNotKept(subject, proof.notKept)),
  ];
}

const READ_PODS = 'read the pod-failures evidence of this step for events and log lines';
const failures: Record<Exclude<RolloutFacts['outcome'], 'complete'>, { what: string; hint: string }> = {
  'progress-deadline-exceeded': { what: 'exceeded its progress deadline', hint: READ_PODS },
  'replica-failure': { what: 'could not create its pods', hint: 'raise the quota or correct the admission webhook that the message names' },
  'timed-out': { what: 'did not complete in time', hint: READ_PODS },
  superseded: { what: 'was overwritten', hint: 'find out who changed the Deployment: its managedFields name the writer' },
};

/** Complete passes; every other ending of a rollout fails, because the new version does not serve as asked. */
export function judgeRollout(place: Place, rollout: RolloutFacts): Finding {
  const subject = subjectOf(place);
  const measured = rollout.podsReady;
  const measurement = { measured, limit: rollout.podsWanted, unit: 'pods', evidence: digests(rollout.evidence) };
  const pods = `${measured} of ${rollout.podsWanted} pods`;
  if (rollout.outcome === 'complete') {
    const message = `the rollout of ${subject} completed: ${pods} in ${duration(1_000 * rollout.seconds)}`;
    return pass('RolloutComplete', subject, message, measurement);
  }
  const { what, hint } = failures[rollout.outcome];
  const message = `the rollout of ${subject} ${what} with ${pods} ready: ${rollout.detail}; ${hint}`;
  return fail('RolloutFailed', subject, message, measurement);
}

/** Passes when exactly one version serves and its health answers ok within the limit. */
export function judgeVersion(place: Place, proof: VersionFacts, limitMs: number): Finding {
  const subject = subjectOf(place);
  const measurement = { measured: measuredValue(proof.seconds), limit: limitMs / 1000, unit: 's', evidence: digests(proof.evidence) };
  if (proof.ok) {
    const message = `all ${proof.pods} pods of ${subject} run the requested version, health ok in ${duration(1_000 * proof.seconds)}`;
    return pass('VersionServes', subject, message, measurement);
  }
  const message =
    `${subject} does not serve the requested version after ${duration(1_000 * proof.seconds)}, limit ${duration(limitMs)}: ` +
    `${proof.detail}; read the pods and health answers in the evidence of this step`;
  return fail('VersionNotServing', subject, message, measurement);
}

/**
 * Whether the launched bytes are those that were under load: a tag that was pushed again in between names others. Null when no load test ran.
 * Digests that are not known on either side are inconclusive, never the same.
 */
export function judgeLaunchedBytes(
  place: Place,
  launched: readonly string[],
  tested: readonly string[] | null,
  evidence: string[] = [],
): Finding | null {
  if (tested === null) return null;
  const subject = subjectOf(place);
  const measurement = { measured: listed(launched), limit: listed(tested), evidence };
  if (launched.length > 0 && launched.every((digest) => tested.includes(digest))) {
    return pass('LaunchedBytesTested', subject, `${subject} runs the load-tested image: ${listed(launched)}`, measurement);
  }
  const message =
    `${subject} runs ${listed(launched) ?? 'an image of unknown digest'}, and the load test ran ` +
    `${listed(tested) ?? 'an image of unknown digest'}; launch by digest, or repeat the load test with this image`;
  return inconclusive('LaunchedOtherBytes', subject, message, measurement);
}

const listed = (all: readonly string[]): string | null => (all.length === 0 ? null : all.join(', '));
const subjectOf = ({ namespace, deployment }: Place): string => `deployment ${namespace}/${deployment}`;

export const digests = (evidence: readonly EvidenceRef[]): string[] => evidence.map(({ digest }) => digest);
