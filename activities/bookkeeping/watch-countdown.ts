// Watches a countdown for its restorer: whether and how it has ended.
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { CountdownEnd, WatchCountdownInput } from '../bookkeeping-contract.ts';
import type { CountdownRef } from '../../verdict/undo.ts';
import type { RunningActivity } from '../running-activity.ts';

/** A third of the heartbeat timeout (6 s). */
const HEARTBEAT_EVERY_MS = 2_000;
/** For an unreachable Temporal server; a termination must be acted on within a minute. */
const RETRY_EVERY_MS = 2_000;

/** Far below 24.8 days, Node's limit for timers (a longer one fires at once). */
const MAX_PAUSE_MS = 3_600_000;

export interface WatchDependencies {
  client: Client;
  activity: () => RunningActivity;
  now?: () => number;
}

type Described = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>;

/**
 * Waits until the countdown that started with `firstRunId` has closed, across continue-as-new and reset. A workflow of the same id with another first
 * run is a new countdown: then this one has ended. Throws a permanent Temporal error.
 */
export async function watchCountdown(
  { client, activity, now = Date.now }: WatchDependencies,
  input: WatchCountdownInput,
): Promise<CountdownEnd> {
  const { heartbeat, signal } = activity();
  const { workflowId } = input.countdown;
  const beat = setInterval(() => heartbeat({ text: `watching ${workflowId}`, done: 0, total: 0, unit: '' }), HEARTBEAT_EVERY_MS);
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
        return closed('replaced by another countdown of its name', await resultOf(client, countdown));
      if (described.status.name !== 'RUNNING') {
        const result = described.status.name === 'COMPLETED' ? await client.workflow.getHandle(workflowId, described.runId).result() : null;
        return closed(described.status.name.toLowerCase(), result);
      }
      // Long-polls until this chain of runs closes; the next iteration reads the status.
      await abortable(resultOf(client, { workflowId, firstRunId: described.runId }), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WorkflowNotFoundError) return closed('gone from the Temporal server', null);
      await pause(RETRY_EVERY_MS, undefined, { signal });
    }
  }
}

/** Result of the chain of runs, across continue-as-new; null unless it completed, and after the retention period. */
async function resultOf(client: Client, { workflowId, firstRunId }: Pick<CountdownRef, 'workflowId' | 'firstRunId'>): Promise<unknown> {
  try {
    return await client.workflow.getHandle(workflowId, firstRunId).result();
  } catch (error) {
    if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** `describe` returns the newest run of an id, of any chain. */
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
