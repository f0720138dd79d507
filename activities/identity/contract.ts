import type { Act, SignedAct } from '../../workflows/messages.ts';

/** What a countdown asks before an act counts. */
export interface IdentityActivities {
  /** The act, if its signature is by a key this worker trusts; otherwise a non-retryable `SignatureInvalid` with a sentence. */
  verifyAct(signed: SignedAct): Promise<Act>;
}
