// Authorizes a write by signatures of server, people and workers, not by the caller: a foreign worker or workflow can call the activity, but not
// sign.
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { RESET_CODE, explainForeignRun, explainSkipping, wasReset, type CountdownRun } from '../../verdict/countdown-run.ts';
import { explainWho, samePerson } from '../../verdict/can.ts';
import { time } from '../../verdict/wording/index.ts';
import type { Checkpoint, Release } from '../../release/release.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { admissionOf, signedStart } from '../identity/admit-start.ts';
import { CLOCK_TOLERANCE_MS } from '../identity/read-signed.ts';
import type { TrustDependencies } from '../identity/trust.ts';
import type { Statement } from '../identity/worker-key.ts';
import { refuse } from '../refusal.ts';
import type { ApplyInput } from './contract.ts';
import { placeOf, type CheckedEffect } from './effect.ts';

/**
 * Throws a non-retryable `SignatureInvalid` or `Refused` with the first missing authorization. A drill needs the approvals before its checkpoint; it
 * may run before the launch's time, on virtual time and in a run that was reset.
 */
export async function assertAuthorized(
  dependencies: TrustDependencies,
  { entry, wanted, countdown, authority }: ApplyInput,
  effect: CheckedEffect,
): Promise<void> {
  const { reader, key, now } = dependencies;
  if (!authority?.input) throw refused(entry, 'the request carries no signed start');
  const { input } = authority;
  const start = await signedStart(reader, input, countdown.workflowId);
  const admitted = admissionOf({ workflowId: countdown.workflowId, firstRunId: countdown.firstRunId }, input.start);
  if ((await key.check(admitted, authority.admission)) !== 'valid')
    throw refused(entry, `no worker of this installation admitted the start of ${countdown.workflowId} for run ${countdown.firstRunId}`);
  if ((await key.check(capturedStatement(entry, countdown), entry.seal)) !== 'valid')
    throw refused(entry, 'the recorded state was not captured by a worker of this installation');
  const place = placeOf(entry, countdown);
  if (place === null) throw refused(entry, `${entry.id} names no step of ${countdown.workflowId}`);
  const unplanned = effect.explainUnplanned(input.release, entry.before, wanted, place);
  if (unplanned !== null) throw refused(entry, unplanned);
  const run = await callingCountdown(dependencies, entry, countdown);
  const isLaunch = effect.purpose === 'launch';
  const strange = explainForeignRun(run) ?? (isLaunch ? explainSkipping(run, input.rehearsal) : null);
  if (strange !== null) throw refused(entry, strange);
  if (isLaunch && !input.rehearsal && now() < Date.parse(start.notBefore) - CLOCK_TOLERANCE_MS)
    throw refused(entry, `the start was signed for a launch at ${time(start.notBefore)} or later, by the real clock`);
  const requests = await Promise.all(authority.decisions.map((signed) => reader.action(signed)));
  const ours = requests.filter((request) => request.countdown === countdown.workflowId && request.run === countdown.firstRunId);
  const resets = [...(wasReset(run) ? [run.runId] : []), ...authority.resets];
  const missing = isLaunch
    ? (explainUnlaunchable(input, ours) ?? explainReset(input, resets, ours, now()))
    : explainUnapproved(
        input,
        before(input.release, ({ name }) => name === place.checkpoint),
        ours,
      );
  if (missing !== null) throw refused(entry, missing);
}

/** Whether the caller is a step of this countdown. A landed write is reported to no other caller. */
export async function isOwnStep({ caller, readRun }: TrustDependencies, { workflowId }: CountdownRef): Promise<boolean> {
  const step = caller();
  return step !== null && (await readRun(step)).parent?.workflowId === workflowId;
}

/** The statement that the capturing worker sealed. */
export const capturedStatement = (
  { kind, target, generation, before }: Pick<UndoEntry, 'kind' | 'target' | 'generation' | 'before'>,
  { workflowId, firstRunId }: Pick<CountdownRef, 'workflowId' | 'firstRunId'>,
): Statement => ({
  kind: 'before',
  countdown: workflowId,
  run: firstRunId,
  effect: kind,
  target: { cluster: target.cluster, key: target.key },
  generation,
  before,
});

/** The countdown's newest run. Refuses unless it is the parent of the caller, is running, and belongs to the admitted chain. */
async function callingCountdown({ caller, readRun }: TrustDependencies, entry: UndoEntry, countdown: CountdownRef): Promise<CountdownRun> {
  const step = caller();
  if (step === null) throw refused(entry, 'the caller is not a workflow');
  const { parent, isRunning } = await readRun(step);
  const run = await readRun({ workflowId: countdown.workflowId });
  if (parent?.workflowId !== run.workflowId || parent.runId !== run.runId)
    throw refused(entry, `${step.workflowId} is not a child of the current run of ${countdown.workflowId}`);
  // What it had registered is restored by then, and would stand again.
  if (!isRunning) throw refused(entry, `step ${step.workflowId} has ended`);
  if (!run.isRunning || run.firstRunId !== countdown.firstRunId)
    throw refused(entry, `run ${countdown.firstRunId} of ${countdown.workflowId} has ended`);
  return run;
}

/** Why the launch is not approved, or null. The launching checkpoint itself is approved after its steps. */
function explainUnlaunchable(input: CountdownInput, requests: readonly ActionRequest[]): string | null {
  const launches = ({ steps }: Checkpoint): boolean => steps.some(({ type }) => type === 'launch');
  if (!input.release.spec.checkpoints.some(launches)) return 'the signed plan has no launch';
  return explainUnapproved(input, before(input.release, launches), requests);
}

/** Why approvals of these checkpoints are missing, or null. A release with `allowUnverified` may have been approved by an unsigned Signal. */
function explainUnapproved(
  { release, requestedBy }: CountdownInput,
  checkpoints: readonly Checkpoint[],
  requests: readonly ActionRequest[],
): string | null {
  if (release.spec.allowUnverified) return null;
  for (const checkpoint of checkpoints) {
    const { approval, name } = checkpoint;
    if (!approval) continue;
    const given = requests.filter(({ action, checkpoint: at }) => action === 'approve' && at === name);
    const counting = given.filter(
      ({ principal }) => explainWho('approve', principal, { ...approval, allowUnverified: false }, requestedBy) === null,
    );
    const most = Math.max(0, ...counting.map((request) => approversOf(counting, request)));
    if (most < approval.count)
      return `checkpoint ${name} needs ${approval.count} approvals signed for this run and the same evidence; ${most} were supplied`;
  }
  return null;
}

/** The checkpoints before the first that `isLast` accepts. */
const before = ({ spec: { checkpoints } }: Release, isLast: (checkpoint: Checkpoint) => boolean): Checkpoint[] =>
  checkpoints.slice(0, checkpoints.findIndex(isLast));

/** People who approved on the same evidence as this one. */
function approversOf(requests: readonly ActionRequest[], { revision, evidenceDigest }: ActionRequest): number {
  const same = requests.filter((request) => request.revision === revision && request.evidenceDigest === evidenceDigest);
  return same.filter(({ principal }, index) => same.findIndex((other) => samePerson(other.principal, principal)) === index).length;
}

/** A reset run may have lost a hold or a rejection: an authorized person must have accepted this reset. */
function explainReset(
  { release, requestedBy }: CountdownInput,
  resets: readonly string[],
  requests: readonly ActionRequest[],
  nowMs: number,
): string | null {
  const rule = (request: ActionRequest) => {
    const approval = release.spec.checkpoints.find(({ name }) => name === request.checkpoint)?.approval;
    return {
      groups: approval?.groups ?? release.spec.approvers.groups,
      allowRequester: approval?.allowRequester ?? false,
      allowUnverified: false,
    };
  };
  const isAccepted = (runId: string): boolean =>
    requests.some(
      (request) =>
        request.action === 'waive' &&
        request.finding === `${RESET_CODE}/${runId}` &&
        Date.parse(request.expiresAt ?? '') > nowMs &&
        explainWho('waive', request.principal, rule(request), requestedBy) === null,
    );
  const open = resets.find((runId) => !isAccepted(runId));
  return open === undefined
    ? null
    : `run ${open} was reset in Temporal, and nobody has waived ${RESET_CODE}/${open}; retry the step to decide`;
}

const refused = ({ name }: Pick<UndoEntry, 'name'>, reason: string) =>
  refuse('Refused', `the change that ${name} would undo is not allowed: ${reason}; nothing was written`);
