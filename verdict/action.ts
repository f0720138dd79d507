// What people may ask of a countdown. Which action is allowed when, and by whom: can.ts.
import type { Principal } from './verdict.ts';

export type Action = 'approve' | 'reject' | 'hold' | 'resume' | 'recycle' | 'retry' | 'waive' | 'abort';

/** A person's action on a countdown. Revision and digest are those the person saw. */
export interface ActionRequest {
  /** Caller-given id, also the Update id: the same id counts once. */
  id: string;
  action: Action;
  countdown: string;
  /** First run id of the countdown whose status the person read: an action on an earlier run is refused. */
  run: string;
  checkpoint: string;
  revision: number;
  evidenceDigest: string;
  principal: Principal;
  comment: string;
  /** RFC 3339, server clock. */
  issuedAt: string;
  /** RFC 3339, server clock: after this it is refused, by the worker's real clock. */
  notAfter: string;
  /** waive: `LatencyAboveLimit/POST /api/order/create`. */
  finding?: string;
  /** waive: RFC 3339. */
  expiresAt?: string;
  /** recycle: checkpoint name to go back to. */
  to?: string;
  /** resume and recycle: start of the newest hold that the person saw (RFC 3339); absent where nobody holds. */
  holdSince?: string;
  /** resume: what happens to the launch time. */
  launchAt?: 'keep' | 'shift';
  /** retry: step name. */
  step?: string;
}
