// Activities of the countdown itself, apart from its steps: lock, audit file, notifications, verified signatures.
import type { Seal, Signed } from '../verdict/signed.ts';
import type { Ending } from '../verdict/countdown-status.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { CountdownRef } from '../verdict/undo.ts';
import type { IdentityActivities } from './identity/contract.ts';
import type { DeploymentTarget } from './kubernetes/contract.ts';

export interface LockRequest {
  /** Workflow id of the countdown. */
  holder: string;
  target: DeploymentTarget;
  /** The Deployment in staging, where a drill of the countdown writes it: the generation is above its fence too. */
  staging?: DeploymentTarget;
}

export type LockAnswer = { acquired: true; generation: number } | { acquired: false; message: string };

/** One notification per transition, with the facts of the page. */
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
  /** Notification targets in the environment file. */
  targets: string[];
  /** RFC 3339. */
  launchAt: string;
  /** Groups whose decision is pending; absent when none is. */
  waitsFor?: string[];
  /** RFC 3339: deadline of the decision. */
  deadlineAt?: string;
  /** The next command for a person. */
  command?: string;
  /** Added when it is sent, if the environment file has the address of the pages. */
  links?: { page: string };
}

/** A target without a delivery, with the reason. */
export interface Undelivered {
  target: string;
  message: string;
}

/** The last release of a Deployment that was launched and passed its guard. */
export interface LastGood {
  release: string;
  /** Name of each load test, and the digest of its points. */
  loadTests: { name: string; points: string }[];
}

export interface WatchCountdownInput {
  countdown: CountdownRef;
  /** Milliseconds since 1970, by the worker's clock; null when nothing is due before the countdown ends. */
  dueAtMs: number | null;
}

/** Why a restorer must act. `ending` is null when the countdown did not end by itself (terminated, timed out, failed). `at`: RFC 3339. */
export type CountdownEnd =
  | { kind: 'closed'; status: string; ending: Ending | null; at: string }
  | { kind: 'due'; nowMs: number; at: string };

export interface BookkeepingActivities extends IdentityActivities {
  /** Idempotent for one holder. Takes over the lock of a holder that has ended; otherwise refuses with the holder's name. */
  acquireLock(request: LockRequest): Promise<LockAnswer>;
  releaseLock(request: LockRequest): Promise<void>;
  /** Appends records to the countdown's audit file; existing ones are compared and skipped. Signs the new head. */
  storeAudit(release: string, runId: string, records: AuditRecord[]): Promise<void>;
  /** Sends to each target; returns those without a delivery. */
  notify(announcement: Announcement): Promise<Undelivered[]>;
  /** Stores a launched release for comparison with the next one. */
  keepLastGood(target: DeploymentTarget, lastGood: LastGood): Promise<void>;
  /** Stores status and audit of the calling countdown as evidence, and a pointer to it. Idempotent. */
  keepRecord(asked: { start: Signed; admission: Seal }): Promise<void>;
  /** Waits until a countdown has closed, across continue-as-new and reset, or until `dueAtMs`. Heartbeats; changes nothing. */
  watchCountdown(input: WatchCountdownInput): Promise<CountdownEnd>;
}
