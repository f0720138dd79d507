// Calls to Temporal: each has a deadline, and each modelled failure is a `CountdownFailure`.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { countdownId } from '../../release/countdown-id.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf, unreachable } from './gateway-failure.ts';

// Pages must not hang; a running worker answers a query well within 1 s.
export const READ_TIMEOUT_MS = 5_000;
// An action verifies a signature in an activity, and opening takes the service lock first; both wait for a free slot of a worker.
export const ACTION_TIMEOUT_MS = 30_000;

export interface TemporalCalls {
  client: Client;
  /** `doing` follows "while" in messages: `reading the status of go-api-1.4.0`. */
  ask<T>(release: string, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T>;
  /** Describes the current countdown with this name. */
  describe(release: string, doing: string): Promise<WorkflowExecutionDescription>;
  /** Describes any workflow; null if it is not found. */
  describeOrNull(workflowId: string, release: string, runId?: string): Promise<WorkflowExecutionDescription | null>;
}

export function temporalCalls(client: Client, pingTimeoutMs: number): TemporalCalls {
  async function ask<T>(release: string, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
    // With the server down, the client retries until the deadline, which looks like a missing worker. A ping first distinguishes the two
    // before anything is sent, so that the outcome is not unknown.
    if (!(await isReachable(client, pingTimeoutMs))) throw unreachable(doing);
    try {
      return await client.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      throw failureOf(error, release, doing);
    }
  }

  async function describe(release: string, doing: string): Promise<WorkflowExecutionDescription> {
    return await ask(release, doing, READ_TIMEOUT_MS, () => client.workflow.getHandle(countdownId(release)).describe());
  }

  async function describeOrNull(workflowId: string, release: string, runId?: string): Promise<WorkflowExecutionDescription | null> {
    try {
      return await ask(release, `reading ${workflowId}`, READ_TIMEOUT_MS, () => client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      if (error instanceof CountdownFailure && error.code === 'NotFound') return null;
      throw error;
    }
  }

  return { client, ask, describe, describeOrNull };
}

async function isReachable(client: Client, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  // The client retries up to ten times with pauses of up to 5 s, which ignore the deadline.
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const answered = client
    .withDeadline(Date.now() + timeoutMs, () => client.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}
