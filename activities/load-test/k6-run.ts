// What runs a load script: given a script and a load, a k6 process that can be read, asked to end, and ended.
import type { Readable } from 'node:stream';
import type { LoadStage } from '../../analysis/load-test/plan.ts';

export interface K6Run {
  /** As the release brought it. */
  script: Uint8Array;
  stages: readonly LoadStage[];
  maxVus: number;
  /** Given to the script as `__ENV.TARGET`; what it may connect to. */
  targetUrl: string;
}

export interface K6Ended {
  exitCode: number | null;
  signal: string | null;
  /** The last line it wrote to stderr; empty when none. */
  lastError: string;
}

export interface K6Process {
  /** k6's NDJSON points. */
  points: Readable;
  /** Never rejects. */
  ended: Promise<K6Ended>;
  /** Asks it to end (SIGINT), and ends it with all it started 2 s later; resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** Starts k6. Rejects when it cannot be started for a reason that may pass; a script that k6 refuses ends with an exit code instead. */
export type StartK6 = (run: K6Run) => Promise<K6Process>;
