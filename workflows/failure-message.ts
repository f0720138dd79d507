// One message from a failed activity or step.
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';

/** The innermost message of a failure: what a person can act on. */
export function failureMessage(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure && error.cause.timeoutType === 'SCHEDULE_TO_START')
    return `no worker started ${error.activityType} in time; start the workers of its task queue`;
  if ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause) return failureMessage(error.cause);
  if (error instanceof ApplicationFailure) return error.message;
  return error instanceof Error ? error.message : String(error);
}
