// Admits a run whose start the server signed, or whose state a worker sealed. Access to Temporal alone is not enough.
import type { Seal } from '../../verdict/signed.ts';
import { ApplicationFailure } from '@temporalio/common';
import { explainForeignRun, explainSkipping, judgeRun, wasReset, type CountdownRun } from '../../verdict/countdown-run.ts';
import { hexDigest, inputDigest } from '../../verdict/digest.ts';
import type { CountdownInput, Start } from '../../release/countdown-input.ts';
import type { AdmitInput, IdentityActivities } from './contract.ts';
import { CLOCK_TOLERANCE_MS, invalid, type SignedReader } from './read-signed.ts';
import type { StartClaims } from './start-claims.ts';
import type { TrustDependencies } from './trust.ts';
import type { Statement, WorkerKey } from './worker-key.ts';

export interface AdmissionDependencies extends TrustDependencies {
  claims: StartClaims;
}

export type AdmissionActivities = Pick<IdentityActivities, 'admit' | 'sealCarried' | 'inspectRun'>;

/** Activities that admit a start, seal carried state and inspect the calling run. */
export function createAdmissionActivities(dependencies: AdmissionDependencies): AdmissionActivities {
  const { key, now } = dependencies;
  const ownRun = async (): Promise<CountdownRun> => {
    const caller = dependencies.caller();
    if (caller === null) throw refused('only a countdown workflow may call this activity');
    return dependencies.readRun(caller);
  };
  return {
    async admit(asked) {
      const run = await ownRun();
      const start = await signedStart(dependencies.reader, asked.input, run.workflowId);
      const reason = explainForeignRun(run) ?? explainSkipping(run, asked.input.rehearsal);
      if (reason !== null) throw refused(`${reason}; start countdowns with \`tminus start\``);
      return asked.carried === null ? admitFresh(dependencies, asked.input, start, run) : admitCarried(key, asked, asked.carried, run);
    },
    async sealCarried({ start, admission, digest, resets }) {
      const run = await ownRun();
      if ((await key.check(admissionOf(run, start), admission)) !== 'valid')
        throw refused(`${run.workflowId} was not admitted by a worker of this installation, so its state is not sealed`);
      if (wasReset(run) && !resets.includes(run.runId)) return { reset: run.runId };
      return { seal: key.seal({ kind: 'carried', countdown: run.workflowId, run: run.firstRunId, state: digest }) };
    },
    inspectRun: async (asked) => judgeRun({ ...asked, run: await ownRun(), nowMs: now() }),
  };
}

/** The start that the server signed for this countdown and this input. Throws `SignatureInvalid`. */
export async function signedStart(reader: SignedReader, input: CountdownInput, countdown: string): Promise<Start> {
  const start = await reader.start(input.start);
  if (start.countdown !== countdown) throw invalid(`this start was signed for ${start.countdown}`);
  if (start.input !== inputDigest(input))
    throw invalid('the start was signed for another input: release, requester or rehearsal were changed');
  return start;
}

/** The statement of the worker that admitted a start, for the chain of runs with this first run. */
export const admissionOf = (
  { workflowId, firstRunId }: Pick<CountdownRun, 'workflowId' | 'firstRunId'>,
  { payload }: Pick<CountdownInput['start'], 'payload'>,
): Statement => ({ kind: 'admission', countdown: workflowId, run: firstRunId, start: hexDigest(payload) });

async function admitFresh(
  { claims, key, now }: AdmissionDependencies,
  input: CountdownInput,
  start: Start,
  run: CountdownRun,
): Promise<Seal> {
  if (run.continuedRunId !== null) throw refused(`${run.workflowId} was continued from run ${run.continuedRunId} without its state`);
  // A retry after a lost response, or a reset, finds its own claim at any time.
  const known = await claims.holderOf(start.id);
  if (known === null && now() > Date.parse(start.notAfter) + CLOCK_TOLERANCE_MS)
    throw ApplicationFailure.nonRetryable(
      `this start was signed at ${start.issuedAt} and expired at ${start.notAfter} before a worker admitted it; start the release again`,
      'Expired',
    );
  const holder = known ?? (await claims.claim(start.id, run.firstRunId));
  if (holder !== run.firstRunId) throw refused(`this start was already used by run ${holder}; start the release again`);
  return key.seal(admissionOf(run, input.start));
}

async function admitCarried(
  key: WorkerKey,
  { input }: AdmitInput,
  { digest, seal, admission }: NonNullable<AdmitInput['carried']>,
  run: CountdownRun,
): Promise<Seal> {
  const admitted = await key.check(admissionOf(run, input.start), admission);
  const sealed = await key.check({ kind: 'carried', countdown: run.workflowId, run: run.firstRunId, state: digest }, seal);
  if (admitted === 'valid' && sealed === 'valid') return admission;
  throw invalid(
    admitted === 'unknown' || sealed === 'unknown'
      ? 'the carried state of this run has no seal by a trusted worker key; ' +
          'restore the folder of identity.workerPublicKeys, or start the release again'
      : 'the carried state of this run differs from the state that a worker sealed',
  );
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'Refused');
}
