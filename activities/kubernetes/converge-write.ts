// A write that lands at most once: read, decide, write with the resourceVersion of the read, read back until the change is there.
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { withFailpoints, type WritePlace } from '../failpoint.ts';
import { ApiFailure } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import { deployments, readDeployment, type ClusterClient, type PatchType } from './client.ts';
import type { DeploymentTarget, Operation, WriteResult } from './contract.ts';
import { annotations, fencingGenerationOf, type Deployment } from './objects.ts';
import { withoutValues } from './redact-template.ts';

/** Each status update of a busy rollout causes a conflict; seven tries over 4 s outlast them and fit a quick activity of 10 s. */
const MAX_ATTEMPTS = 7;
/** No write is sent later than this: Temporal ends a quick activity after 10 s, and a late write must not overtake what follows. */
const LAST_WRITE_MS = 8_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/** Last time for sending a write, by `performance.now()`; shared by claim and write of one activity. */
export const lastWriteAtMs = (): number => performance.now() + LAST_WRITE_MS;

export interface ConvergingWrite<T, Change> {
  /** For messages: `deployment shop/go-api of cluster prod`. */
  subject: string;
  read(): Promise<T>;
  /**
   * `landed`, or the change with the resourceVersion of `current`. Throws a refusal when a precondition is violated. Called again after every write,
   * so that a conflict never overwrites another change.
   */
  decide(current: T): 'landed' | Change;
  write(change: Change): Promise<T>;
  /** `read-again` when a failed write may have landed, or the object has changed. */
  classify(error: unknown): 'read-again' | 'final';
  /** Failpoints around the write and the read-back. */
  at?: WritePlace;
  lastWriteMs: number;
}

export interface Converged<T> {
  /** As last read, with the change. */
  current: T;
  /** The response to the write; null when nothing was written, or when the response was lost. */
  acknowledged: T | null;
}

/** Writes at most once per resourceVersion. Throws refusals (non-retryable) and failed reads, because only a read shows whether a write landed. */
export async function convergeWrite<T, Change>(work: ConvergingWrite<T, Change>): Promise<Converged<T>> {
  const { read, decide, write, classify, at, subject, lastWriteMs } = work;
  let acknowledged: T | null = null;
  let last: unknown;
  let current = await read();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const decision = decide(current);
    if (decision === 'landed') return { current, acknowledged };
    if (performance.now() > lastWriteMs) break;
    try {
      acknowledged = await around(at && `${at}-write`, () => write(decision));
    } catch (error) {
      if (classify(error) === 'final') throw error;
      last = error;
      await pause(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));
    }
    current = await around(at && `${at}-read-back`, read);
  }
  if (decide(current) === 'landed') return { current, acknowledged };
  throw last ?? tooLate(subject);
}

const tooLate = (subject: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'Unreachable',
    message: `${subject}: the write was not sent, because the activity ran out of time`,
  });

const around = <T>(place: `${WritePlace}-${'write' | 'read-back'}` | undefined, work: () => Promise<T>): Promise<T> =>
  place === undefined ? work() : withFailpoints(place, work);

/** A conflict or an unknown outcome is read again; every other error is final. */
export const classifyApiFailure = (error: unknown): 'read-again' | 'final' =>
  error instanceof ApiFailure && (error.conflict || error.outcomeUnknown) ? 'read-again' : 'final';

export interface Change {
  body: unknown;
  type: PatchType;
}

export interface DeploymentWrite {
  client: ClusterClient;
  target: DeploymentTarget;
  operation: Operation;
  at: WritePlace;
  decide(current: Deployment, notes: Record<string, string>): 'landed' | Change;
  fence: WriteFence;
  now: () => Date;
}

/** Fence of a write, in addition to its annotations. */
export interface WriteFence {
  /**
   * Claims the Lease, between read and write: a later owner has either written already, so the write conflicts, or reads what was written. Returns
   * null, or the reason why the write proceeds without a claim.
   */
  claim(): Promise<string | null>;
  lastWriteMs: number;
}

/** Changes a Deployment once and annotates the operation in the same write. */
export async function writeDeployment({ client, target, operation, at, decide, fence, now }: DeploymentWrite): Promise<WriteResult> {
  const startedAt = now();
  const notes = notesOf(operation, startedAt);
  const subject = `deployment ${target.namespace}/${target.deployment} of cluster ${client.cluster}`;
  const claims: (string | null)[] = [];
  let seen: unknown;
  const { current, acknowledged } = await convergeWrite({
    subject,
    read: () => readDeployment(client, target.namespace, target.deployment),
    decide: (deployment) => {
      seen = { annotations: deployment.metadata.annotations, template: deployment.spec.template };
      return decide(deployment, notes);
    },
    write: async ({ body, type }) => {
      claims.push(await fence.claim());
      // The claim may have taken seconds.
      if (performance.now() > fence.lastWriteMs) throw tooLate(subject);
      try {
        return await client.patch<Deployment>(deployments(target.namespace, target.deployment), body, type);
      } catch (error) {
        // Validation and webhooks quote the values that they reject.
        throw withoutValues(error, [seen, body]);
      }
    },
    classify: classifyApiFailure,
    at,
    lastWriteMs: fence.lastWriteMs,
  });
  // The generation of the write itself: an autoscaler may change the Deployment before the read-back.
  const written = acknowledged
    ? { wrote: true, observedGeneration: acknowledged.metadata.generation ?? 0, at: startedAt.toISOString() }
    : landed(current, operation.id, startedAt.toISOString(), now);
  const unclaimed = claims.at(-1) ?? null;
  // A successful claim remains valid for later tries.
  return unclaimed === null || claims.includes(null) ? written : { ...written, withoutLease: unclaimed };
}

/** Annotations of the Deployment, in the same write as the change. */
export function notesOf({ id, countdown, generation }: Operation, at: Date): Record<string, string> {
  return {
    [annotations.operation]: id,
    [annotations.countdown]: countdown,
    [annotations.fencingGeneration]: String(generation),
    [annotations.operationAt]: at.toISOString(),
  };
}

/** `wrote` is true when the annotated time is `at`, that of this call: its response was lost. `at` is null for a call that writes nothing. */
export function landed({ metadata }: Deployment, operationId: string, at: string | null, now: () => Date): WriteResult {
  const ours = metadata.annotations?.[annotations.operation] === operationId;
  const notedAt = ours ? metadata.annotations?.[annotations.operationAt] : undefined;
  return { wrote: notedAt === at, observedGeneration: metadata.generation ?? 0, at: notedAt ?? now().toISOString() };
}

/** Refuses a write after a later countdown, or another one of the same generation, has written. */
export function refuseWhenFenced(current: Deployment, { countdown, generation }: Operation): void {
  const noted = fencingGenerationOf(current);
  const other = current.metadata.annotations?.[annotations.countdown] ?? 'an unknown countdown';
  if (noted < generation || (noted === generation && other === countdown)) return;
  const { namespace, name } = current.metadata;
  throw refuse(
    'Fenced',
    `deployment ${namespace}/${name} belongs to ${other} (fencing generation ${noted}); ` +
      `${countdown} has generation ${generation}, so its write is refused`,
  );
}

/** Refuses when one of these operations is annotated with another generation or countdown: a write sets all together, so someone changed them. */
export function refuseUnequalFence(current: Deployment, operation: Operation, ours: readonly string[]): void {
  const { namespace, name, annotations: noted = {} } = current.metadata;
  if (!ours.includes(noted[annotations.operation] ?? '')) return;
  if (noted[annotations.fencingGeneration] === String(operation.generation) && noted[annotations.countdown] === operation.countdown) return;
  throw refuse(
    'PreconditionChanged',
    `deployment ${namespace}/${name} has the operation ${noted[annotations.operation]} with fencing generation ` +
      `${noted[annotations.fencingGeneration] ?? 'none'} of ${noted[annotations.countdown] ?? 'no countdown'}, ` +
      `expected ${operation.generation} of ${operation.countdown}: someone else changed its annotations; nothing was written, decide by hand`,
  );
}
