import type { ActivityOptions } from '@temporalio/workflow';

// One place for how long things may take and what retrying cannot mend.

/** Failures that stay failures however often they are tried. */
const NON_RETRYABLE = [
  'Refused',
  'Fenced',
  'PreconditionChanged',
  'Paused',
  'Forbidden',
  'NotFound',
  'SignatureInvalid',
  'EvidenceMissing',
  'EvidenceDamaged',
  'Misconfigured',
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

/** Book-keeping that must land at last, however long its outside is away: the audit, the lock, the messages to people. */
export const patient = {
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '24h',
  retry: { ...retry, maximumInterval: '1m' },
} satisfies ActivityOptions;

/** Taking an effect back is tried for as long as a day: giving up while workers or the apiserver restart would leave a bad version live. */
const UNDO_WITHIN = '24h';

export const undoing = { ...quick, scheduleToCloseTimeout: UNDO_WITHIN } satisfies ActivityOptions;

/** A watch over an undo: each attempt bounded, all together as long as the undo itself may be tried. */
export function undoingLong(attemptMs: number): ActivityOptions {
  return { ...long(attemptMs), scheduleToCloseTimeout: UNDO_WITHIN };
}
