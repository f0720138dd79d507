import { status as grpcStatus } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { CountdownFailure } from './countdowns.ts';

/** The server's own type for an Update whose workflow completed first. */
const COMPLETED_BEFORE_ANSWER = 'AcceptedUpdateCompletedWorkflow';

/**
 * The one place where an error of the Temporal client becomes a sentence. What is not modelled here is a bug and is answered as it is.
 * `doing` reads after "while": `asking for the status of go-api-1.4.0`.
 */
export function failureOf(error: unknown, release: string, doing: string): unknown {
  if (error instanceof CountdownFailure) return error;
  if (error instanceof WorkflowNotFoundError) return notFound(release);
  if (error instanceof WorkflowUpdateFailedError) return refusal(error, doing);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return outcomeUnknown(doing);
  const code = grpcCode(error);
  if (code === grpcStatus.NOT_FOUND) return notFound(release);
  if (code === grpcStatus.UNAVAILABLE) return unreachable(doing);
  // A query waits for a worker; Temporal itself answered a moment ago, so its deadline means that none polled. FAILED_PRECONDITION is the
  // same said at once.
  if (code === grpcStatus.DEADLINE_EXCEEDED || code === grpcStatus.CANCELLED || code === grpcStatus.FAILED_PRECONDITION)
    return noWorker(doing);
  if (code === grpcStatus.RESOURCE_EXHAUSTED) return unreachable(doing);
  return error;
}

function refusal(error: WorkflowUpdateFailedError, doing: string): unknown {
  const { cause } = error;
  // It was aborted, or it ended, before it could answer.
  if (cause instanceof CancelledFailure || (cause instanceof ApplicationFailure && cause.type === COMPLETED_BEFORE_ANSWER))
    return new CountdownFailure('Closing', `the countdown ended while ${doing}`, '`tminus list` shows how it ended');
  // Any other cause is a fault in the countdown, not its answer.
  if (!(cause instanceof ApplicationFailure)) return error;
  if (cause.type === 'Ended') return closing(cause.message);
  return new CountdownFailure('Refused', cause.message, 'read `tminus status` and decide again on what it shows now');
}

/** It has ended, and keeps its name until its last messages are sent. */
export const closing = (message: string): CountdownFailure =>
  new CountdownFailure('Closing', message, 'its name is free when they are sent: start again in a moment');

/**
 * The same failure as whoever starts a countdown needs it. A countdown that did not answer in time is there all the same, and one that was
 * refused at its opening has nothing more in its status.
 */
export function failureOfStart(failure: unknown, release: string): unknown {
  if (!(failure instanceof CountdownFailure)) return failure;
  const { code, message } = failure;
  if (code === 'OutcomeUnknown' || code === 'NoWorker')
    // Not NoWorker: that would read as if nothing had been started.
    return new CountdownFailure(
      'OutcomeUnknown',
      code === 'NoWorker'
        ? `no worker answered while starting ${release}; it begins when one comes`
        : `${release} was handed over, and has not begun yet: it waits for its cluster, for the lock of its service or for a worker`,
      `\`tminus status ${release} --watch\` shows what it waits for, or end it: \`tminus abort ${release}\``,
    );
  if (code !== 'Refused') return failure;
  return new CountdownFailure(
    code,
    message,
    'when that is mended, start it again; worker and server read the environment file and kubeconfigs when they start: restart them after a change',
  );
}

function notFound(release: string): CountdownFailure {
  return new CountdownFailure('NotFound', `there is no countdown named ${release}`, '`tminus list` shows those there are');
}

export function unreachable(doing: string): CountdownFailure {
  return new CountdownFailure(
    'Unreachable',
    `Temporal did not answer while ${doing}; countdowns go on when it is back, nothing is lost`,
    'try again in a few seconds',
  );
}

function noWorker(doing: string): CountdownFailure {
  return new CountdownFailure('NoWorker', `no worker answered while ${doing}`, 'start a worker; hold and abort land even without one');
}

function outcomeUnknown(doing: string): CountdownFailure {
  return new CountdownFailure(
    'OutcomeUnknown',
    `no answer came while ${doing}; it may still count`,
    'send it again with the same id: it counts once',
  );
}

/** Status code of a failed call; null of any other error. */
export function grpcCode(error: unknown): number | null {
  const inner = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(inner) ? inner.code : null;
}
