import type { ActionRequest } from '../../verdict/action.ts';
import type { Principal } from '../../verdict/verdict.ts';
import { countdownId, type Phase } from '../../workflows/messages.ts';
import type { Signer } from '../identity/signing.ts';
import type { Countdowns } from '../temporal/countdowns.ts';
import type { ActionBody } from './requests.ts';

export interface DecidingWorld {
  countdowns: Countdowns;
  signer: Signer;
  now: () => number;
}

/** `phase` and `revision` are null where the act was only handed over and no worker had to be there. */
export interface Decided {
  sentence: string;
  phase: Phase | null;
  revision: number | null;
}

/** Longer than an act is under way (30 s and three attempts of the CLI), shorter than the time between two countdowns of one name. */
const ACTION_LIFETIME_MS = 5 * 60_000;

/**
 * Carries a person's act to its countdown, signed with who they are. Whether it counts is decided there and not here, so that a
 * refusal, too, stands in the audit.
 */
export async function decide(
  { countdowns, signer, now }: DecidingWorld,
  release: string,
  request: ActionBody,
  principal: Principal,
): Promise<Decided> {
  const { expiresAt, run, ...said } = request;
  const handed = { ...said, countdown: countdownId(release), principal };
  // Each of these says only what is true at this moment: what the countdown makes of it is in its status.
  if (request.action === 'hold') {
    await countdowns.hold(handed);
    return {
      sentence: `the hold of ${release} is handed over: the clock stops as soon as a worker reads it, unless the countdown has ended by then`,
      phase: null,
      revision: null,
    };
  }
  if (request.action === 'abort') {
    await countdowns.abort(handed);
    return {
      sentence: `the abort of ${release} is handed over: what was launched is rolled back, then it ends`,
      phase: null,
      revision: null,
    };
  }
  const act = withoutAbsent({
    ...handed,
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    run: run ?? (await countdowns.firstRun(release)),
    issuedAt: new Date(now()).toISOString(),
    notAfter: new Date(now() + ACTION_LIFETIME_MS).toISOString(),
  });
  const { sentence, phase, revision } = await countdowns.act(act, signer.sign(act));
  return { sentence, phase, revision };
}

/** zod writes absent members as `undefined` into its type; an act has them or has them not. */
function withoutAbsent(act: { [Key in keyof ActionRequest]: ActionRequest[Key] | undefined }): ActionRequest {
  return Object.fromEntries(Object.entries(act).filter(([, value]) => value !== undefined)) as unknown as ActionRequest;
}
