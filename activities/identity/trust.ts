import type { RunId } from '../running-activity.ts';
import type { ReadRun } from './countdown-runs.ts';
import type { SignedReader } from './read-signed.ts';
import type { WorkerKey } from './worker-key.ts';

/** For verifying signatures and the caller. */
export interface TrustDependencies {
  reader: SignedReader;
  key: WorkerKey;
  readRun: ReadRun;
  /** The calling workflow as reported by the Temporal server; null for a standalone activity. */
  caller: () => RunId | null;
  /** The real clock, also in a rehearsal. */
  now: () => number;
}
