// How the gateway calls Temporal: each call has a deadline, and each failure is a `CountdownFailure` with a sentence, or a bug.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { countdownId } from '../../workflows/messages.ts';
import { CountdownFailure } from './countdowns.ts';
import { failureOf, unreachable } from './gateway-failure.ts';

// A page must not hang: a query is answered in well under a second by a worker that is there at all.
export const READ_TIMEOUT_MS = 5_000;
// An act verifies a signature in an activity, and opening takes the service lock first; both wait for a worker's free slot.
export const ACTION_TIMEOUT_MS = 30_000;

export interface TemporalCalls {
  client: Client;
  /** `doing` reads after "while": `asking for the status of go-api-1.4.0`. */
  ask<T>(release: string, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T>;
  /** What Temporal itself reports of the countdown that has this name now. */
  describe(release: string, doing: string): Promise<WorkflowExecutionDescription>;
  /** The same of any workflow; null where Temporal keeps none. */
  describeOrNull(workflowId: string, release: string, runId?: string): Promise<WorkflowExecutionDescription | null>;
}

export function temporalCalls(client: Client, pingTimeoutMs: number): TemporalCalls {
  async function ask<T>(release: string, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
    // The client retries a server that is away until the deadline, which then reads like a missing worker. A question that needs no
    // worker tells the two apart, and before anything is sent: "nothing happened" is a better answer than "it may still count".
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
      return await ask(release, `asking for ${workflowId}`, READ_TIMEOUT_MS, () => client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      if (error instanceof CountdownFailure && error.code === 'NotFound') return null;
      throw error;
    }
  }

  return { client, ask, describe, describeOrNull };
}

async function isReachable(client: Client, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  // The client tries a server that is away up to ten times, and its pauses between them (up to 5 s each) know of no deadline.
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
