import { countdownId } from '../../release/countdown-id.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import type { Principal } from '../../verdict/verdict.ts';
import type { Phase } from '../../verdict/can.ts';
import type { Signer } from '../identity/signing.ts';
import type { Countdowns } from '../temporal/countdowns.ts';
import type { ActionBody } from './requests.ts';

export interface ActionDependencies {
  countdowns: Countdowns;
  signer: Signer;
  now: () => number;
}

/** `phase` and `revision` are null for a hold or an abort: both are Signals, which no worker answers. */
export interface ActionReceipt {
  message: string;
  phase: Phase | null;
  revision: number | null;
}

/** Above the time to deliver an action (30 s, three attempts of the CLI), below the time between two countdowns of one name. */
const ACTION_LIFETIME_MS = 5 * 60_000;

/**
 * Sends a person's action to its countdown, signed with the verified principal. The countdown accepts or refuses it, so that refusals are
 * in the audit log too.
 */
export async function sendAction(
  { countdowns, signer, now }: ActionDependencies,
  release: string,
  body: ActionBody,
  principal: Principal,
): Promise<ActionReceipt> {
  const { expiresAt, run, ...rest } = body;
  const handed = { ...rest, countdown: countdownId(release), principal };
  // These messages promise delivery only; the result is in the status of the countdown.
  if (body.action === 'hold') {
    await countdowns.hold(handed);
    return {
      message: `the hold of ${release} was sent: the clock stops when a worker reads it, unless the countdown has ended before`,
      phase: null,
      revision: null,
    };
  }
  if (body.action === 'abort') {
    await countdowns.abort(handed);
    return {
      message: `the abort of ${release} was sent: the launch is rolled back, then the countdown ends`,
      phase: null,
      revision: null,
    };
  }
  const request = withoutAbsent({
    ...handed,
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    run: run ?? (await countdowns.firstRun(release)),
    issuedAt: new Date(now()).toISOString(),
    notAfter: new Date(now() + ACTION_LIFETIME_MS).toISOString(),
  });
  const { message, phase, revision } = await countdowns.submit(request, signer.sign(request));
  return { message, phase, revision };
}

/** zod types absent members as `undefined`; the signed action must omit them. */
function withoutAbsent(request: { [Key in keyof ActionRequest]: ActionRequest[Key] | undefined }): ActionRequest {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as unknown as ActionRequest;
}
