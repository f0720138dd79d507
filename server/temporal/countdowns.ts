// What the server needs of countdowns. `gateway.ts` answers it from Temporal; tests answer it from memory.
import type { ActionRequest } from '../../verdict/action.ts';
import type { CountdownRef } from '../../activities/effects/contract.ts';
import type { ActivityProgress } from '../../activities/kubernetes/contract.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { Verdict } from '../../verdict/verdict.ts';
import type { ActionResult, CountdownInput, CountdownStatus, Ending, Phase, SignedAction } from '../../workflows/messages.ts';
import type { TaskQueue } from './task-queue.ts';

/** In the order a countdown goes through them. */
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
  /** `already-running`: the same was asked for before, and nothing new was started. */
  started: 'started' | 'already-running';
}

/** A row of the list, from visibility: it is there even while no worker runs. */
export interface CountdownSummary {
  release: string;
  /** `namespace/deployment`. The fields that may be null are so until the countdown's first step of its own. */
  service: string | null;
  phase: Phase | null;
  verdict: Verdict | null;
  /** null while it is under way, and of countdowns of workers that did not index it. */
  ending: Ending | null;
  launchAt: string | null;
  nextCheckpointAt: string | null;
  running: boolean;
  rehearsal: boolean;
  startedAt: string;
  endedAt: string | null;
  /** Worker version it stays on; null before its first step, and of workers without versions. */
  workerVersion: string | null;
  /** false: no worker of its version runs, so nothing of it goes on. null once it has ended. */
  hasWorker: boolean | null;
}

/** A page of the list. */
export interface CountdownPage {
  /** Running ones first. */
  items: CountdownSummary[];
  /** Where older ones that have ended go on; null on the last page. */
  nextPage: string | null;
}

/** What a running step's activity last said of itself. */
export interface StepProgress {
  checkpoint: string;
  step: string;
  round: number;
  activity: string;
  attempt: number;
  /** `queued`: no worker has taken it up; `retrying`: in the pause before its next attempt. */
  state: 'queued' | 'running' | 'retrying';
  /** null before its first heartbeat; while it is queued, what it waits for. */
  progress: ActivityProgress | null;
  heartbeatAt: string | null;
  /** Why the attempt before this one failed; null on the first. */
  lastFailure: string | null;
}

/** A hold or an abort: a Signal without a signature, so that it lands without a worker. */
export type Handed = Pick<ActionRequest, 'action' | 'countdown' | 'principal' | 'comment'>;

/** A countdown that is not over, with the evidence that was stored for its start. */
export interface OpenCountdown {
  release: string;
  /** Digests of its release file and scripts; null of one that a server without this record started. */
  startedFrom: string[] | null;
}

/** What Temporal reports of a countdown and of the restorer that restores for it. */
export interface Owner {
  /** `gone`: Temporal does not keep it any more. `terminated`: it ended without its own ending. */
  countdown: 'running' | 'ended' | 'terminated' | 'gone';
  phase: Phase | null;
  ending: Ending | null;
  restorer: 'running' | 'not running';
}

export interface LatestRun {
  /** First run id. */
  run: string;
  /** Ended; it may still be sending its last messages. */
  over: boolean;
  closed: boolean;
}

export interface Countdowns {
  /** Starts, or answers the plan of the one that runs already, if it was asked for in the same way. Refuses where another one has the name. */
  start(input: CountdownInput): Promise<StartedPlan>;
  /** The first page (`page` null) has all that run. */
  list(page: string | null): Promise<CountdownPage>;
  status(release: string): Promise<CountdownStatus>;
  audit(release: string): Promise<AuditRecord[]>;
  progress(status: CountdownStatus): Promise<StepProgress[]>;
  /** Sends a decision and answers whether it counted. The same act id counts once. */
  act(act: ActionRequest, signed: SignedAction): Promise<ActionResult>;
  /** Durable with all workers down: it lands when they come back. */
  hold(act: Handed): Promise<void>;
  /** Who and why, then the cancellation; lands without a worker, too. */
  abort(act: Handed): Promise<void>;
  /** The countdown that has this name now, or had it last; null where Temporal keeps none. Needs no worker. */
  latest(release: string): Promise<LatestRun | null>;
  /** First execution run id of the countdown that has this name now. Needs no worker. */
  firstRun(release: string): Promise<string>;
  /** All that are not over, however many. */
  open(): Promise<OpenCountdown[]>;
  /** Of the very run that is named; a later countdown of the same name is another one. */
  ownerOf(countdown: CountdownRef): Promise<Owner>;
  /** When a watcher of what it has live was last seen, ms since 1970; null where none is at work, or the countdown is not there any more. */
  watcherSeenAt(countdown: CountdownRef): Promise<number | null>;
  taskQueue(name: string, kind: 'workflow' | 'activity'): Promise<TaskQueue>;
  /** Lets the clock of a rehearsal run ahead; answers at once, before it has arrived. A real countdown refuses. */
  advance(release: string, aheadMs: number): Promise<void>;
}

export type CountdownFailureCode =
  /** The countdown says no; the sentence says why. */
  | 'Refused'
  | 'NotFound'
  /** It has ended: it is sending its last messages, or it ended before it could answer. Its name is free in a moment. */
  | 'Closing'
  /** Temporal itself does not answer. */
  | 'Unreachable'
  /** Temporal answers, but no worker does. */
  | 'NoWorker'
  /** Sent, but the answer did not come in time: send again with the same id. */
  | 'OutcomeUnknown';

/** A modelled failure; `message` is the sentence people read. */
export class CountdownFailure extends Error {
  readonly code: CountdownFailureCode;
  /** What to do about it. */
  readonly hint: string;

  constructor(code: CountdownFailureCode, message: string, hint: string) {
    super(message);
    this.name = 'CountdownFailure';
    this.code = code;
    this.hint = hint;
  }
}
