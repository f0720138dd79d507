// Watches a countdown for its restorer: whether it has ended, and how.
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { CountdownEnd, WatchCountdownInput } from '../bookkeeping-contract.ts';
import type { CountdownRef } from '../effects/contract.ts';
import type { RunningActivity } from '../running-activity.ts';

/** A third of the heartbeat timeout (6 s). */
const HEARTBEAT_EVERY_MS = 2_000;
/** A Temporal server that is away is asked again after this; a termination must be acted on within a minute. */
const RETRY_EVERY_MS = 2_000;

/** Nothing is due before it; far below 24.8 days, the longest a timer of Node runs (a longer one would fire at once). */
const MAX_PAUSE_MS = 3_600_000;

export interface WatchDependencies {
  client: Client;
  activity: () => RunningActivity;
  now?: () => number;
}

type Described = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>;

/**
 * Waits until the countdown that began with `firstRunId` has closed, over continue-as-new and reset. A workflow of the same id that began
 * otherwise is another countdown: then this one has ended, and how is no longer recorded. Throws a permanent Temporal error.
 */
export async function watchCountdown(
  { client, activity, now = Date.now }: WatchDependencies,
  input: WatchCountdownInput,
): Promise<CountdownEnd> {
  const { heartbeat, signal } = activity();
  const { workflowId } = input.countdown;
  const beat = setInterval(() => heartbeat({ text: `watches ${workflowId}`, done: 0, total: 0, unit: '' }), HEARTBEAT_EVERY_MS);
  const closing = new AbortController();
  const stop = AbortSignal.any([signal, closing.signal]);
  try {
    return await Promise.race([untilClosed(client, input, stop, now), untilDue(input, stop, now)]);
  } finally {
    clearInterval(beat);
    closing.abort();
  }
}

async function untilDue({ dueAtMs }: WatchCountdownInput, signal: AbortSignal, now: () => number): Promise<CountdownEnd> {
  for (;;) {
    const leftMs = (dueAtMs ?? Infinity) - now();
    if (leftMs <= 0) return { kind: 'due', nowMs: now(), at: new Date(now()).toISOString() };
    await pause(Math.min(MAX_PAUSE_MS, leftMs), undefined, { signal });
  }
}

async function untilClosed(
  client: Client,
  { countdown }: WatchCountdownInput,
  signal: AbortSignal,
  now: () => number,
): Promise<CountdownEnd> {
  const { workflowId, firstRunId } = countdown;
  const closed = (status: string, result: unknown): CountdownEnd => ({
    kind: 'closed',
    status,
    ending: endingIn(result),
    at: new Date(now()).toISOString(),
  });
  for (;;) {
    signal.throwIfAborted();
    try {
      const described = await client.workflow.getHandle(workflowId).describe();
      if (firstRunOf(described) !== firstRunId)
        return closed('over, for another countdown of its name has begun', await resultOf(client, countdown));
      if (described.status.name !== 'RUNNING') {
        const result = described.status.name === 'COMPLETED' ? await client.workflow.getHandle(workflowId, described.runId).result() : null;
        return closed(described.status.name.toLowerCase(), result);
      }
      // Long-polls until this chain of runs closes; what it was, the next sample shows.
      await abortable(resultOf(client, { workflowId, firstRunId: described.runId }), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WorkflowNotFoundError) return closed('gone from the Temporal server', null);
      await pause(RETRY_EVERY_MS, undefined, { signal });
    }
  }
}

/** What the chain of runs that began so came to, over continue-as-new; null for every ending but a completion, and where it is not kept any more. */
async function resultOf(client: Client, { workflowId, firstRunId }: Pick<CountdownRef, 'workflowId' | 'firstRunId'>): Promise<unknown> {
  try {
    return await client.workflow.getHandle(workflowId, firstRunId).result();
  } catch (error) {
    if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** `describe` itself answers the newest run of an id, whatever chain it belongs to. */
const firstRunOf = ({ raw }: Described): string | undefined => raw.workflowExecutionInfo?.firstRunId ?? undefined;

function endingIn(result: unknown): Extract<CountdownEnd, { kind: 'closed' }>['ending'] {
  const ending = typeof result === 'object' && result !== null && 'ending' in result ? result.ending : null;
  return typeof ending === 'string' ? (ending as Extract<CountdownEnd, { kind: 'closed' }>['ending']) : null;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}
