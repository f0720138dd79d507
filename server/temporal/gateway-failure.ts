import { status as grpcStatus } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { CountdownFailure } from './countdowns.ts';

/** Temporal's failure type of an Update whose workflow completed first. */
const COMPLETED_BEFORE_ANSWER = 'AcceptedUpdateCompletedWorkflow';

/**
 * Maps errors of the Temporal client to `CountdownFailure`. Other errors are bugs and are returned unchanged.
 * `doing` follows "while" in messages: `reading the status of go-api-1.4.0`.
 */
export function failureOf(error: unknown, release: string, doing: string): unknown {
  if (error instanceof CountdownFailure) return error;
  if (error instanceof WorkflowNotFoundError) return notFound(release);
  if (error instanceof WorkflowUpdateFailedError) return refusal(error, doing);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return outcomeUnknown(doing);
  const code = grpcCode(error);
  if (code === grpcStatus.NOT_FOUND) return notFound(release);
  if (code === grpcStatus.UNAVAILABLE) return unreachable(doing);
  // Temporal has just answered the ping, so a deadline means that no worker polled. FAILED_PRECONDITION is the same without the wait.
  if (code === grpcStatus.DEADLINE_EXCEEDED || code === grpcStatus.CANCELLED || code === grpcStatus.FAILED_PRECONDITION)
    return noWorker(doing);
  if (code === grpcStatus.RESOURCE_EXHAUSTED) return unreachable(doing);
  return error;
}

function refusal(error: WorkflowUpdateFailedError, doing: string): unknown {
  const { cause } = error;
  // It was aborted or ended before the response.
  if (cause instanceof CancelledFailure || (cause instanceof ApplicationFailure && cause.type === COMPLETED_BEFORE_ANSWER))
    return new CountdownFailure('Closing', `the countdown ended while ${doing}`, '`tminus list` shows how it ended');
  // Any other cause is a bug in the workflow, not a refusal.
  if (!(cause instanceof ApplicationFailure)) return error;
  if (cause.type === 'Ended') return closing(cause.message);
  return new CountdownFailure('Refused', cause.message, 'check `tminus status` and decide again');
}

/** It has ended and keeps its name until its last messages are sent. */
export const closing = (message: string): CountdownFailure =>
  new CountdownFailure('Closing', message, 'the name is free after that: retry in a few seconds');

/**
 * The same failure for a start: a countdown that did not respond in time exists all the same, and one that was refused at its opening has no
 * status to read.
 */
export function failureOfStart(failure: unknown, release: string): unknown {
  if (!(failure instanceof CountdownFailure)) return failure;
  const { code, message } = failure;
  if (code === 'OutcomeUnknown' || code === 'NoWorker')
    // Not NoWorker: the countdown was started.
    return new CountdownFailure(
      'OutcomeUnknown',
      code === 'NoWorker'
        ? `no worker answered while starting ${release}; the countdown begins when a worker is up`
        : `${release} was started and has not opened yet: it waits for its cluster, for the lock of its service or for a worker`,
      `\`tminus status ${release} --watch\` shows what it waits for, or end it: \`tminus abort ${release}\``,
    );
  if (code !== 'Refused') return failure;
  return new CountdownFailure(
    code,
    message,
    'fix this and start again; restart worker and server after a change to the environment file or a kubeconfig',
  );
}

function notFound(release: string): CountdownFailure {
  return new CountdownFailure('NotFound', `there is no countdown named ${release}`, '`tminus list` shows all countdowns');
}

export function unreachable(doing: string): CountdownFailure {
  return new CountdownFailure(
    'Unreachable',
    `Temporal did not answer while ${doing}; running countdowns continue when it is back`,
    'try again in a few seconds',
  );
}

function noWorker(doing: string): CountdownFailure {
  return new CountdownFailure('NoWorker', `no worker answered while ${doing}`, 'start a worker; hold and abort are accepted without one');
}

function outcomeUnknown(doing: string): CountdownFailure {
  return new CountdownFailure(
    'OutcomeUnknown',
    `the response timed out while ${doing}; the action may still be accepted`,
    'retry with the same id; it is accepted only once',
  );
}

/** gRPC status code of a failed call; null for other errors. */
export function grpcCode(error: unknown): number | null {
  const inner = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(inner) ? inner.code : null;
}
