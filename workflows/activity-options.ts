// Timeouts, retries and cancellation of every activity, by what is lost when it is late.
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

// One place for how long things may take and what retrying cannot mend.

/** Refusals that are the right answer: trying on would be wrong. */
const FINAL = [
  'Refused',
  'Fenced',
  'PreconditionChanged',
  'OperationOpen',
  'Paused',
  'SignatureInvalid',
  'EvidenceMissing',
  'EvidenceDamaged',
];

/** Going forward, a missing right, a wrong name or a wrong environment file fails at once; retries would only hide it. */
const NON_RETRYABLE = [
  ...FINAL,
  'Forbidden',
  'NotFound',
  'NotReady',
  'Misconfigured',
  'NoCredentials',
  'Expired',
  'UndoRefused',
  'CountdownEnded',
];

/** 15 s: a dead worker is noticed before a rollback would be late (S17: start <= 15 s after the condition). */
const HEARTBEAT_TIMEOUT = '15s';

const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '15s', nonRetryableErrorTypes: NON_RETRYABLE } as const;

/** Reads and small writes: 10 s is ten times what an apiserver under load takes; 5 minutes of retries outlast its restart. */
export const quick = {
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '5m',
  retry: { ...retry, maximumInterval: '5s' },
} satisfies ActivityOptions;

/**
 * Local activity: checks a signature within the workflow task (one event instead of six). Attempts are short because other events wait for the task
 * to complete; retries are timers.
 */
export const local = {
  startToCloseTimeout: '3s',
  scheduleToCloseTimeout: '5m',
  localRetryThreshold: '500ms',
  retry: quick.retry,
} satisfies LocalActivityOptions;

/** What a start waits for: whoever starts is answered within 30 s, and a cluster that does not answer is the reason to be given then. */
export const opening = { ...quick, scheduleToCloseTimeout: '25s' } satisfies ActivityOptions;

/** A write that no abort overtakes: it has landed, or never will, before anything is taken back. One that no worker has begun is dropped at once. */
export const writing = { ...quick, cancellationType: 'WAIT_CANCELLATION_COMPLETED' } satisfies ActivityOptions;

/** A worker that dies in the middle of a watch leaves its successor a whole one. */
export const WATCHES_THAT_MUST_FIT = 2;

/** Work that reports as it goes and may last. `totalMs` bounds all attempts together. */
export function long(totalMs: number): ActivityOptions {
  return {
    startToCloseTimeout: totalMs,
    scheduleToCloseTimeout: totalMs,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry,
  };
}

/** A queue without progress for a day has no worker; the step fails and people are notified. */
const QUEUE_TIMEOUT = '24h';
/** With the pauses between them eight tries outlast the minute in which an apiserver restarts. */
const MAX_ATTEMPTS = 8;

/** Work that queues for hours for a slot. Bounds: each attempt, the number of attempts, and a day in the queue. */
export function queued(attemptMs: number): ActivityOptions {
  return {
    startToCloseTimeout: attemptMs,
    scheduleToStartTimeout: QUEUE_TIMEOUT,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { ...retry, maximumAttempts: MAX_ATTEMPTS },
  };
}

/** A guard without a heartbeat for this long is taken up by another worker: a breach must be acted on within 45 s although the worker dies. */
const GUARD_HEARTBEAT_TIMEOUT = '6s';
/** A worker that restarts is back by then. Longer than this is blindness, and people are notified of it. */
const WATCH_QUEUE_TIMEOUT = '1m';

/** The guard's watch; cancelled at once when the countdown ends. One attempt: the countdown itself restarts it, so unwatched time is counted. */
export function guarding(totalMs: number): ActivityOptions {
  return {
    startToCloseTimeout: totalMs,
    scheduleToStartTimeout: WATCH_QUEUE_TIMEOUT,
    heartbeatTimeout: GUARD_HEARTBEAT_TIMEOUT,
    cancellationType: 'TRY_CANCEL',
    retry: { ...retry, maximumAttempts: 1 },
  };
}

/** The launch's own watch. If no worker starts it in time, it fails and the guard takes over. */
export const following = (totalMs: number): ActivityOptions => ({ ...long(totalMs), scheduleToStartTimeout: WATCH_QUEUE_TIMEOUT });

/** Book-keeping that must land at last, however long its outside is away: the audit, the lock, the messages to people. */
export const patient = {
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '24h',
  retry: { ...retry, maximumInterval: '1m' },
} satisfies ActivityOptions;

/** Taking an effect back is tried for as long as a day: giving up while workers or the apiserver restart would leave a bad version live. */
const UNDO_TIMEOUT = '24h';
/** An undo is retried on 401 and 403: an API server that restarts returns 403 until RBAC is loaded, an expired token is renewed, a missing right granted. */
const undoRetry = { ...retry, maximumInterval: '5s', nonRetryableErrorTypes: FINAL } as const;

export const undoing = { ...quick, scheduleToCloseTimeout: UNDO_TIMEOUT, retry: undoRetry } satisfies ActivityOptions;

/** A watch over an undo: each attempt bounded, all together as long as the undo itself may be tried. */
export function undoingLong(attemptMs: number): ActivityOptions {
  return { ...long(attemptMs), scheduleToCloseTimeout: UNDO_TIMEOUT, retry: undoRetry };
}

/** A watch of a workflow over another one: it lasts as long as that one, and is taken up at once by another worker when its own dies. */
export const watching = {
  startToCloseTimeout: '24h',
  heartbeatTimeout: GUARD_HEARTBEAT_TIMEOUT,
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5s' },
} satisfies ActivityOptions;
