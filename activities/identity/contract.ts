import type { ActionRequest } from '../../verdict/action.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { CountdownInput, Signed, SignedAction } from '../../workflows/messages.ts';

/** A worker's signature (Ed25519) over a statement that its reader makes anew. */
export interface Seal {
  /** First 16 hex digits of the key's SHA-256. */
  keyId: string;
  /** Base64. */
  signature: string;
}

export interface AdmitInput {
  /** Without state that was carried over. */
  input: CountdownInput;
  /** Of a run that goes on from an earlier one: the digest of its state with the seal over it, and the admission in that state. Null on a fresh start. */
  carried: { digest: string; seal: Seal; admission: Seal } | null;
}

/** What a countdown needs before an action counts, and before it begins, goes on in a new run, or launches. */
export interface IdentityActivities {
  /**
   * The action, if its signature is by a key this worker trusts and its `notAfter` has not passed on this worker's clock. Otherwise a
   * non-retryable `SignatureInvalid` or `Expired`, each with a sentence.
   */
  verifyAction(signed: SignedAction): Promise<ActionRequest>;
  /**
   * The admission of the calling run: the server has signed its start, for this input, and it has not counted for another run. Of a run that goes
   * on, the same admission, once the state it carries is as a worker sealed it. Otherwise a non-retryable `SignatureInvalid`, `Expired` or `Refused`.
   */
  admit(asked: AdmitInput): Promise<Seal>;
  /**
   * The seal over the state with this digest, for the calling run and the one after it. Refuses a run that was not admitted. One that was reset gets
   * no seal, but the id to put into `resets` of its state first.
   */
  sealCarried(asked: { start: Signed; admission: Seal; digest: string; resets: string[] }): Promise<{ seal: Seal } | { reset: string }>;
  /**
   * What the Temporal server reports of the calling run, judged: a reset, also of the runs before it in `resets`, a clock that is not real, start
   * options nobody of us uses.
   */
  inspectRun(asked: { rehearsal: boolean; workflowNowMs: number; resets: string[] }): Promise<Finding[]>;
}
