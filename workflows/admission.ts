// A countdown begins only where the server has signed for it, and goes on in a new run only with a state that a worker has sealed. Both are
// asked of an activity, for a workflow can check no signature.
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
import { inTask, patient } from './activity-options.ts';
import { freshState, record, type CountdownState } from './countdown-state.ts';
import { sentenceOf } from './failure-sentence.ts';
import { attribute, type CountdownInput, type Ending } from './messages.ts';
import { standsOn } from './refusals.ts';

/** A server that is away for minutes refuses a start; a countdown that is under way waits for it as long as for its book-keeping. */
const { admit: admitFresh } = proxyLocalActivities<BookkeepingActivities>(inTask);
const { admit: admitCarried, sealCarried } = proxyActivities<BookkeepingActivities>(patient);

type Result = { ending: Ending; sentence: string };

/** Why an input cannot be one that a server of Tminus signed, or null. Asks nobody: whoever reaches Temporal can send anything. */
function explainUnsigned(input: Partial<CountdownInput> | undefined): string | null {
  const signed = typeof input?.start?.payload === 'string';
  return signed ? null : 'this start is not signed by a server of Tminus; start the release with `tminus start`';
}

/** A state that is not believed before `refusalOf` has answered null. */
export interface Handed {
  state: CountdownState;
  /** What a worker has sealed of it; null where nothing was carried. */
  digest: string | null;
}

/**
 * The state of this run as it is handed to it, or why it has none. Its digest is taken here: a Signal that came in before the first task of the run
 * reaches its handler, and changes the state, before anything can be asked of a worker.
 */
export function handedState(handed: CountdownInput): Handed | string {
  const unsigned = explainUnsigned(handed);
  if (unsigned !== null) return unsigned;
  const { carried, ...input } = handed;
  try {
    if (carried === undefined) return { state: freshState(input, Date.now()), digest: null };
    const state = { ...(carried.state as CountdownState), input };
    return { state, digest: sealedDigest(state) };
  } catch (error) {
    // What a server signs can always be planned, so this is not from one.
    return `the input of this start cannot be read (${(error as Error).message}); start the release with \`tminus start\``;
  }
}

/** Why this run may not begin or go on, or null: then `admission` of the state is set. Nothing else has been asked of the outside before. */
export async function refusalOf({ state, digest }: Handed, { carried, ...input }: CountdownInput): Promise<string | null> {
  // Whoever aborts meanwhile is heard afterwards: a state that is not believed has nothing to roll back.
  return CancellationScope.nonCancellable(async () => {
    try {
      if (carried === undefined || digest === null) state.admission = await admitFresh({ input, carried: null });
      else {
        const { admission } = state;
        if (!admission) return 'the state that this run carries names no admission; start the release again';
        await admitCarried({ input, carried: { digest, seal: carried.seal, admission } });
      }
    } catch (error) {
      return sentenceOf(error);
    }
    // An answer that this worker has no key for: the task fails, and is tried again until one has it.
    if (!state.admission) throw new Error('the admission of this run cannot be read by this worker');
    return null;
  });
}

/** Ends as refused. What the run carries is not believed, so nothing is restored or given back for it: the restorer has what truly stands. */
export async function closeUnadmitted(state: CountdownState, sentence: string, isFresh: boolean): Promise<Result> {
  if (isFresh) record(state, Date.now(), 'tminus', 'countdown.refused', state.input.release.metadata.name, sentence);
  Object.assign(state, { ending: 'refused', sentence, phase: 'ended', endedAtMs: Date.now() });
  const result = showRefused(sentence);
  await condition(allHandlersFinished);
  return result;
}

/** Lists show it as ended, also where there is no state to show. */
export function showRefused(sentence: string): Result {
  upsertSearchAttributes([
    { key: attribute.phase, value: 'ended' },
    { key: attribute.verdict, value: 'no-go' },
    { key: attribute.ending, value: 'refused' },
  ]);
  return { ending: 'refused', sentence };
}

/** What the next run is started with. A worker seals the state as it is now; what changes it meanwhile has it sealed anew. */
export async function carry(state: CountdownState): Promise<CountdownInput> {
  const { admission } = state;
  if (!admission) throw new Error('a run that goes on was admitted');
  for (;;) {
    await condition(allHandlersFinished);
    state.readyAtMs = Date.now();
    const digest = sealedDigest(state);
    const sealed = await sealCarried({ start: state.input.start, admission, digest, resets: state.resets });
    if ('reset' in sealed) {
      state.resets.push(sealed.reset);
      continue;
    }
    if (!allHandlersFinished() || sealedDigest(state) !== digest) continue;
    const { input, ...carried } = state;
    return { ...input, carried: { state: { ...carried, telling: 0, storing: false }, seal: sealed.seal } };
  }
}

/** Over all but the input, which the server signed, and counters that messages move without changing what counts. */
const sealedDigest = (state: CountdownState): string =>
  digestOf({ ...state, input: undefined, telling: 0, storing: false, refused: 0, version: 0 });

/** What a launch is allowed by, for the activity that writes it. */
export function authorityOf({ input, admission, checkpoints }: CountdownState): Authority | null {
  if (!admission) return null;
  const decisions = checkpoints.flatMap((checkpoint) =>
    checkpoint.signed.filter(({ act }) => act.action === 'waive' || standsOn(checkpoint, act)).map(({ signed }) => signed),
  );
  return { input, admission, decisions };
}
