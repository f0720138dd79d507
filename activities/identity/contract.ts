import type { Act, SignedAct } from '../../workflows/messages.ts';

/** What a countdown needs before an act counts. */
export interface IdentityActivities {
  /**
   * The act, if its signature is by a key this worker trusts and its `notAfter` has not passed on this worker's clock. Otherwise a
   * non-retryable `SignatureInvalid` or `Expired`, each with a sentence.
   */
  verifyAct(signed: SignedAct): Promise<Act>;
}
