import type { Seal, Signed, SignedAction } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';

export interface AdmitInput {
  /** Without carried state. */
  input: CountdownInput;
  /** Of a run that continues another one: digest of its state, the seal over it, and the admission in that state. Null on a fresh start. */
  carried: { digest: string; seal: Seal; admission: Seal } | null;
}

/** Verification of actions, of the start of a countdown, of a new run, and of the run before a launch. */
export interface IdentityActivities {
  /** The action, if a trusted key signed it and it has not expired. Otherwise a non-retryable `SignatureInvalid` or `Expired`. */
  verifyAction(signed: SignedAction): Promise<ActionRequest>;
  /**
   * The admission of the calling run, if the server signed its start for this input and no other run used it; a continued run needs sealed state.
   * Otherwise a non-retryable `SignatureInvalid`, `Expired` or `Refused`.
   */
  admit(asked: AdmitInput): Promise<Seal>;
  /**
   * The seal over the state with this digest, for the calling run and the next one. Refuses a run that was not admitted. A reset run gets its id
   * instead, to add to `resets` of its state.
   */
  sealCarried(asked: { start: Signed; admission: Seal; digest: string; resets: string[] }): Promise<{ seal: Seal } | { reset: string }>;
  /** Findings on the calling run as reported by the Temporal server: a reset, also of runs in `resets`, a virtual clock, foreign start options. */
  inspectRun(asked: { rehearsal: boolean; workflowNowMs: number; resets: string[] }): Promise<Finding[]>;
}
