// What the countdown itself needs of the outside, apart from its steps: a lock, an audit file, messages, verified signatures.
import type { Ending, Signed } from '../workflows/messages.ts';
import type { AuditRecord } from '../verdict/audit-chain.ts';
import type { CountdownRef } from './effects/contract.ts';
import type { IdentityActivities, Seal } from './identity/contract.ts';
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
  /** Put in by whoever sends it, where the environment file says where the pages are. */
  links?: { page: string };
}

/** The release of a Deployment that was launched last and passed its guard. */
export interface LastGood {
  release: string;
  /** Name of each load test, and the digest of its points. */
  loadTests: { name: string; points: string }[];
}

export interface WatchCountdownInput {
  countdown: CountdownRef;
  /** Milliseconds since 1970, by the worker's clock; null where nothing is due before the countdown ends. */
  dueAtMs: number | null;
}

/** Why a restorer has to act. `ending` is null where the countdown did not end by itself (terminated, timed out, failed). `at`: RFC 3339. */
export type CountdownEnd =
  | { kind: 'closed'; status: string; ending: Ending | null; at: string }
  | { kind: 'due'; nowMs: number; at: string };

export interface BookkeepingActivities extends IdentityActivities {
  /** Idempotent for one holder. A lock whose holder has ended is taken over; a live one refuses with its holder's name. */
  acquireLock(request: LockRequest): Promise<LockAnswer>;
  releaseLock(request: LockRequest): Promise<void>;
  /** Appends records to the countdown's audit file; those already there are compared and skipped. Signs the new head. */
  storeAudit(release: string, runId: string, records: AuditRecord[]): Promise<void>;
  /** Sends to each target; answers the targets that could not be told, with the reason. */
  notify(announcement: Announcement): Promise<{ target: string; sentence: string }[]>;
  /** Remembers a launched release, for the next one to be compared with. */
  keepLastGood(target: DeploymentTarget, lastGood: LastGood): Promise<void>;
  /** Stores status and audit of the countdown that calls it as evidence, and a pointer to it. The same record again leaves the same files. */
  keepRecord(asked: { start: Signed; admission: Seal }): Promise<void>;
  /** Waits until a countdown has closed, over continue-as-new and reset, or until something is due. Heartbeats; changes nothing. */
  watchCountdown(input: WatchCountdownInput): Promise<CountdownEnd>;
}
