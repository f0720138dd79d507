// What the countdown itself needs of the outside, apart from its steps: a lock, an audit file, messages, verified signatures.
import type { Act, SignedAct } from '../workflows/messages.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { DeploymentTarget } from './kubernetes/contract.ts';

export interface LockRequest {
  /** Workflow id of the countdown. */
  holder: string;
  target: DeploymentTarget;
}

export type LockAnswer = { acquired: true; generation: number } | { acquired: false; sentence: string };

/** One message per transition; the same facts as on the page. */
export interface Announcement {
  /** Sent once per key: `<release>/<audit seq>`. */
  key: string;
  release: string;
  service: string;
  checkpoint: string;
  verdict: 'go' | 'hold' | 'no-go';
  message: string;
  at: string;
  rehearsal: boolean;
  /** Names in the environment file. */
  targets: string[];
  /** RFC 3339. */
  launchAt: string;
  /** Groups whose decision is waited for; absent where nobody is asked. */
  waitsFor?: string[];
  /** RFC 3339: when silence becomes a decision. */
  deadlineAt?: string;
  /** What a person would type next. */
  command?: string;
}

/** The release of a Deployment that was launched last and passed its guard. */
export interface LastGood {
  release: string;
  /** Name of each load test, and the digest of its points. */
  loadTests: { name: string; points: string }[];
}

export interface BookkeepingActivities {
  /** Idempotent for one holder. A lock whose holder has ended is taken over; a live one refuses with its holder's name. */
  acquireLock(request: LockRequest): Promise<LockAnswer>;
  releaseLock(request: LockRequest): Promise<void>;
  /** Appends records to the countdown's audit file; those already there are compared and skipped. Signs the new head. */
  storeAudit(release: string, runId: string, records: AuditRecord[]): Promise<void>;
  /** Sends to each target; answers the targets that could not be told, with the reason. */
  notify(announcement: Announcement): Promise<{ target: string; sentence: string }[]>;
  /** Remembers a launched release, for the next one to be compared with. */
  keepLastGood(target: DeploymentTarget, lastGood: LastGood): Promise<void>;
  /** Checks the signature against the worker's own public keys. Non-retryable `SignatureInvalid`. */
  verifyAct(signed: SignedAct): Promise<Act>;
}
