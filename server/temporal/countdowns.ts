// The server's interface to countdowns. `gateway.ts` implements it with Temporal, tests in memory.
import type { Phase } from '../../verdict/can.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { CountdownStatus, Ending } from '../../verdict/countdown-status.ts';
import type { SignedAction } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import type { CountdownRef } from '../../verdict/undo.ts';
import type { ActivityProgress } from '../../activities/running-activity.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import type { ActionResult } from '../../workflows/messages.ts';
import type { TaskQueue } from './task-queue.ts';

/** In the order of a countdown. */
export const phases = [
  'opening',
  'counting',
  'running',
  'waiting',
  'holding',
  'stopped',
  'undoing',
  'ended',
] as const satisfies readonly Phase[];

export interface OpenedPlan {
  release: string;
  launchAt: string;
  checkpoints: { name: string; at: string }[];
}

export interface StartedPlan extends OpenedPlan {
  /** `already-running`: the same start was requested before. */
  started: 'started' | 'already-running';
}

/** A row of the list, from visibility: available without a worker. */
export interface CountdownSummary {
  release: string;
  /** `namespace/deployment`. Nullable fields are null until the first workflow task has run. */
  service: string | null;
  phase: Phase | null;
  verdict: Verdict | null;
  /** null while running, and for countdowns of old workers that did not index it. */
  ending: Ending | null;
  launchAt: string | null;
  nextCheckpointAt: string | null;
  running: boolean;
  rehearsal: boolean;
  startedAt: string;
  endedAt: string | null;
  /** Worker version that it is pinned to; null before its first workflow task, and for workers without versions. */
  workerVersion: string | null;
  /** false: no worker of its version runs, so that it makes no progress. null after the end. */
  hasWorker: boolean | null;
}

/** A page of the list. */
export interface CountdownPage {
  /** Running ones first. */
  items: CountdownSummary[];
  /** Token of the next page of ended countdowns; null on the last page. */
  nextPage: string | null;
}

/** Latest heartbeat of an activity of a running step. */
export interface StepProgress {
  checkpoint: string;
  step: string;
  round: number;
  activity: string;
  attempt: number;
  /** `queued`: not yet started by a worker; `retrying`: waits for its next attempt. */
  state: 'queued' | 'running' | 'retrying';
  /** null before the first heartbeat; while queued, what it waits for. */
  progress: ActivityProgress | null;
  heartbeatAt: string | null;
  /** Failure of the previous attempt; null on the first. */
  lastFailure: string | null;
}

/** A hold or an abort: an unsigned Signal, accepted by Temporal without a worker. */
export type Handed = Pick<ActionRequest, 'action' | 'countdown' | 'principal' | 'comment'>;

/** A countdown that has not ended, with the evidence stored for its start. */
export interface OpenCountdown {
  release: string;
  /** Digests of its release file and scripts; null if an old server started it without this record. */
  startedFrom: string[] | null;
}

/** State of a countdown and of its restorer in Temporal. */
export interface Owner {
  /** `gone`: past the retention of Temporal. `terminated`: closed without an ending of its own. */
  countdown: 'running' | 'ended' | 'terminated' | 'gone';
  phase: Phase | null;
  ending: Ending | null;
  restorer: 'running' | 'not running';
}

export interface LatestRun {
  /** First run id. */
  run: string;
  /** Ended; it may still send its last messages. */
  over: boolean;
  closed: boolean;
}

export interface Countdowns {
  /** Starts a countdown, or returns the plan of the running one for the same request. Refuses if another one has the name. */
  start(input: CountdownInput): Promise<StartedPlan>;
  /** The first page (`page` null) has all running countdowns. */
  list(page: string | null): Promise<CountdownPage>;
  status(release: string): Promise<CountdownStatus>;
  audit(release: string): Promise<AuditRecord[]>;
  progress(status: CountdownStatus): Promise<StepProgress[]>;
  /** Sends an action and returns its result. Idempotent by action id. */
  submit(request: ActionRequest, signed: SignedAction): Promise<ActionResult>;
  /** Durable with all workers down; effective when a worker reads it. */
  hold(request: Handed): Promise<void>;
  /** Sends the Signal with principal and reason, then the cancellation. Needs no worker. */
  abort(request: Handed): Promise<void>;
  /** The current or last countdown with this name; null past the retention of Temporal. Needs no worker. */
  latest(release: string): Promise<LatestRun | null>;
  /** First execution run id of the current countdown with this name. Needs no worker. */
  firstRun(release: string): Promise<string>;
  /** All countdowns that have not ended. */
  open(): Promise<OpenCountdown[]>;
  /** State of this run only, not of a later countdown with the same name. */
  ownerOf(countdown: CountdownRef): Promise<Owner>;
  /** Time of the last heartbeat of a watcher of its live version, ms since 1970; null without a running watcher or without the countdown. */
  watcherSeenAt(countdown: CountdownRef): Promise<number | null>;
  taskQueue(name: string, kind: 'workflow' | 'activity'): Promise<TaskQueue>;
  /** Skips virtual time of a rehearsal; returns before the clock has arrived. Refused for a real countdown. */
  advance(release: string, aheadMs: number): Promise<void>;
}

export type CountdownFailureCode =
  /** The countdown refused; the message has the reason. */
  | 'Refused'
  | 'NotFound'
  /** It has ended and sends its last messages, or it ended before the response. Its name is free soon. */
  | 'Closing'
  /** Temporal does not respond. */
  | 'Unreachable'
  /** Temporal responds, but no worker does. */
  | 'NoWorker'
  /** Sent, but the response timed out: retry with the same id. */
  | 'OutcomeUnknown';

/** A modelled failure; `message` and `hint` are for people. */
export class CountdownFailure extends Error {
  readonly code: CountdownFailureCode;
  /** What to do. */
  readonly hint: string;

  constructor(code: CountdownFailureCode, message: string, hint: string) {
    super(message);
    this.name = 'CountdownFailure';
    this.code = code;
    this.hint = hint;
  }
}
