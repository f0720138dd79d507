// Interface of k6: from a script and a load, a process that can be read, stopped and killed.
import type { Readable } from 'node:stream';
import type { LoadStage } from '../../analysis/load-test/plan.ts';

export interface K6Run {
  script: Uint8Array;
  stages: readonly LoadStage[];
  maxVus: number;
  /** Passed to the script as `__ENV.TARGET`; k6 may connect to it. */
  targetUrl: string;
}

export interface K6Ended {
  exitCode: number | null;
  signal: string | null;
  /** The last line on stderr; empty when none. */
  lastError: string;
}

export interface K6Process {
  /** k6's NDJSON points. */
  points: Readable;
  /** Never rejects. */
  ended: Promise<K6Ended>;
  /** SIGINT, and SIGKILL to its process group 2 s later; resolves when it has exited. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): void;
}

/** Starts k6. Rejects when the start fails for a reason that may pass; a script that k6 rejects ends with an exit code instead. */
export type StartK6 = (run: K6Run) => Promise<K6Process>;
