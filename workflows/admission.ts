// Admission: a countdown runs only with a start signed by the server, and continues as new only with state sealed by a worker. Activities verify
// both, because workflow code cannot verify signatures.
import type { CountdownInput } from '../release/countdown-input.ts';
import type { Ending } from '../verdict/countdown-status.ts';
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  proxyActivities,
  proxyLocalActivities,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import type { Authority } from '../activities/effects/contract.ts';
import { digestOf } from '../verdict/digest.ts';
import { local, patient, quick } from './activity-options.ts';
import { applyChange, record } from './change.ts';
import { freshState, type CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';
import { attribute } from './messages.ts';
import { standsOn } from './refusals.ts';

/** First run: fail after 5 min. Continued run: retry for a day, as for bookkeeping. */
const { admit: admitFresh } = proxyLocalActivities<BookkeepingActivities>(local);
const { admit: admitCarried } = proxyActivities<BookkeepingActivities>(patient);
/** After 5 min the countdown holds: until then its story stands still. */
const { sealCarried } = proxyActivities<BookkeepingActivities>(quick);

type Result = { ending: Ending; message: string };

/** Why the input cannot be a signed start, or null. Local check, no activity. */
function explainUnsigned(input: Partial<CountdownInput> | undefined): string | null {
  const signed = typeof input?.start?.payload === 'string';
  return signed ? null : 'this start is not signed by a Tminus server; start the release with `tminus start`';
}

/** State that must not be used before it is admitted. */
export interface InitialState {
  state: CountdownState;
  /** What a worker has sealed of it; null where nothing was carried. */
  digest: string | null;
}

/**
 * The state of this run by its input, or the reason why it has none. Its digest is taken here: a Signal that came in before the first task of the run
 * reaches its handler, and changes the state, before an activity can run.
 */
export function initialState(given: CountdownInput): InitialState | string {
  const unsigned = explainUnsigned(given);
  if (unsigned !== null) return unsigned;
  const { carried, ...input } = given;
  try {
    if (carried === undefined) return { state: freshState(input, Date.now()), digest: null };
    const state = { ...(carried.state as CountdownState), input };
    return { state, digest: sealedDigest(state) };
  } catch (error) {
    // What a server signs can always be planned, so this is not from one.
    return `the input of this start cannot be read (${(error as Error).message}); start the release with \`tminus start\``;
  }
}

/** Verifies the run and sets `state.admission`. Returns the refusal, or null. No other activity runs before it. */
export async function admit({ state, digest }: InitialState, { carried, ...input }: CountdownInput): Promise<string | null> {
  // An abort meanwhile is handled afterwards: state that is not admitted has nothing to roll back.
  return CancellationScope.nonCancellable(async () => {
    try {
      if (carried === undefined || digest === null)
        applyChange(state, { state: { admission: await admitFresh({ input, carried: null }) } });
      else {
        const { admission } = state;
        if (!admission) return 'the carried state contains no admission; start the release again';
        await admitCarried({ input, carried: { digest, seal: carried.seal, admission } });
      }
    } catch (error) {
      return failureMessage(error);
    }
    // The task fails, and is retried until a worker has the key.
    if (!state.admission) throw new Error('this worker has no key to decrypt the admission of this run');
    return null;
  });
}

/** Ends as refused. Carried state is not trusted, so nothing is rolled back here; the restorer holds the registered undos. */
export async function closeUnadmitted(state: CountdownState, message: string, isFresh: boolean): Promise<Result> {
  if (isFresh) record(state, Date.now(), 'tminus', 'countdown.refused', state.input.release.metadata.name, message);
  applyChange(state, { state: { decidedEnding: 'refused', message, endedAtMs: Date.now() }, quiet: { phase: 'ended' } });
  const result = showRefused(message);
  await condition(allHandlersFinished);
  return result;
}

/** Lists show it as ended, also where there is no state to show. */
export function showRefused(message: string): Result {
  upsertSearchAttributes([
    { key: attribute.phase, value: 'ended' },
    { key: attribute.verdict, value: 'no-go' },
    { key: attribute.ending, value: 'refused' },
  ]);
  return { ending: 'refused', message };
}

/** What the next run is started with. A worker seals the state as it is now; what changes it meanwhile has it sealed anew. */
export async function carry(state: CountdownState): Promise<CountdownInput> {
  const { admission } = state;
  if (!admission) throw new Error('a run that goes on was admitted');
  // The next run is another one: it is inspected anew, with the resets that are found here.
  applyChange(state, { quiet: { inspectedVersion: null } });
  for (;;) {
    await condition(allHandlersFinished);
    applyChange(state, { state: { readyAtMs: Date.now() } });
    const digest = sealedDigest(state);
    const sealed = await sealCarried({ start: state.input.start, admission, digest, resets: state.resets });
    if ('reset' in sealed) {
      applyChange(state, { state: { resets: [...state.resets, sealed.reset] } });
      continue;
    }
    if (!allHandlersFinished() || sealedDigest(state) !== digest) continue;
    const { input, ...carried } = state;
    return { ...input, carried: { state: { ...carried, ...NOTHING_UNDER_WAY }, seal: sealed.seal } };
  }
}

/** A new run begins without the work that goes on beside this one. */
const NOTHING_UNDER_WAY = { backgroundTasks: 0, isStoringAudit: false };

/** Over all but the input, which the server signed, and counters that messages move without changing what counts. */
const sealedDigest = (state: CountdownState): string =>
  digestOf({ ...state, ...NOTHING_UNDER_WAY, input: undefined, refused: 0, version: 0 });

/** What a launch is allowed by, for the activity that writes it. */
export function authorityOf({ input, admission, checkpoints, resets }: CountdownState): Authority | null {
  if (!admission) return null;
  const decisions = checkpoints.flatMap((checkpoint) =>
    checkpoint.signed.filter(({ request }) => request.action === 'waive' || standsOn(checkpoint, request)).map(({ signed }) => signed),
  );
  return { input, admission, decisions, resets };
}
