import { status as grpcStatus } from '@grpc/grpc-js';
import { ServiceError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { CountdownFailure } from './countdowns.ts';

/**
 * The one place where an error of the Temporal client becomes a sentence. What is not modelled here is a bug and is answered as it is.
 * `doing` reads after "while": `asking for the status of go-api-1.4.0`.
 */
export function failureOf(error: unknown, release: string, doing: string): unknown {
  if (error instanceof CountdownFailure) return error;
  if (error instanceof WorkflowNotFoundError) return notFound(release);
  if (error instanceof WorkflowUpdateFailedError) return refusal(error);
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

function refusal(error: WorkflowUpdateFailedError): unknown {
  const { cause } = error;
  // Any other cause is a fault in the countdown, not its word.
  if (!(cause instanceof ApplicationFailure)) return error;
  return new CountdownFailure('Refused', cause.message, 'read `tminus status` and decide again on what it shows now');
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

function grpcCode(error: unknown): number | null {
  const inner = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(inner) ? inner.code : null;
}
