// One write, landed at most once: read, decide, write under the version that was read, and read again until the reading shows it.
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { EffectKind } from '../effects/contract.ts';
import { withFailpoints } from '../failpoint.ts';
import { ApiFailure } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import { deployments, readDeployment, type ClusterClient, type PatchType } from './client.ts';
import type { DeploymentTarget, Operation, WriteResult } from './contract.ts';
import { annotations, fencingGenerationOf, type Deployment } from './objects.ts';
import { withoutValues } from './redact-template.ts';

/** Status updates of a busy rollout cost a conflict each; seven tries over 4 s outlast them and fit a quick activity of 10 s. */
const ATTEMPTS = 7;
/** No write leaves later than this after the activity began: Temporal ends a quick activity after 10 s, and what follows must not be overtaken by it. */
const LAST_WRITE_MS = 8_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/** Until when writes may leave, by `performance.now()`. Claim and write of one activity share it. */
export const lastWriteAtMs = (): number => performance.now() + LAST_WRITE_MS;

export interface ConvergingWrite<T, Change> {
  /** The object, for the message when time is over: `deployment shop/go-api of cluster prod`. */
  subject: string;
  read(): Promise<T>;
  /**
   * `landed`: nothing needs to be written. Otherwise the change, which carries the version of this very reading. Throws a refusal when a
   * precondition is gone. Asked again after every write, so that a conflict is never answered by writing over what somebody else did.
   */
  decide(current: T): 'landed' | Change;
  write(change: Change): Promise<T>;
  /** Whether a failed write is worth another reading: it may have landed, or the object has moved on. */
  classify(error: unknown): 'read-again' | 'final';
  /** Failpoints stand around the write and the reading after it. */
  at?: `${EffectKind}.${'apply' | 'restore'}`;
  lastWriteMs: number;
}

export interface Converged<T> {
  /** As last read: the change is in it. */
  current: T;
  /** What the server answered to the write; null when nothing was written, or when the answer was lost. */
  acknowledged: T | null;
}

/** Writes at most once per version. Throws refusals (non-retryable) and failures of reading: only a reading shows whether the write before it landed. */
export async function convergeWrite<T, Change>(work: ConvergingWrite<T, Change>): Promise<Converged<T>> {
  const { read, decide, write, classify, at, subject, lastWriteMs } = work;
  let acknowledged: T | null = null;
  let last: unknown;
  let current = await read();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
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
    message: `${subject}: no time was left to send the write; it was not sent`,
  });

const around = <T>(
  place: `${EffectKind}.${'apply' | 'restore'}-${'write' | 'read-back'}` | undefined,
  work: () => Promise<T>,
): Promise<T> => (place === undefined ? work() : withFailpoints(place, work));

/** A conflict and an unknown outcome are answered by reading again; every other answer of the API server stands. */
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
  at: `${EffectKind}.${'apply' | 'restore'}`;
  decide(current: Deployment, notes: Record<string, string>): 'landed' | Change;
  fence: WriteFence;
  now: () => Date;
}

/** What stands before each write apart from the annotations in it. */
export interface WriteFence {
  /**
   * Claims the Lease. It comes between the reading of the Deployment and the write: whoever takes the Lease over after it has either written
   * already, and the write is a conflict, or meets what was written. Answers null, or the reason why the write goes ahead without a claim.
   */
  claim(): Promise<string | null>;
  lastWriteMs: number;
}

/** Changes a Deployment once, with the operation annotated in the same write. */
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
      // The claim may have taken seconds, and what follows this activity must not be overtaken by its write.
      if (performance.now() > fence.lastWriteMs) throw tooLate(subject);
      try {
        return await client.patch<Deployment>(deployments(target.namespace, target.deployment), body, type);
      } catch (error) {
        // Validation and webhooks cite the values that they refuse.
        throw withoutValues(error, [seen, body]);
      }
    },
    classify: classifyApiFailure,
    at,
    lastWriteMs: fence.lastWriteMs,
  });
  // The generation of the write itself: an autoscaler may have moved the Deployment on before the reading after it.
  const written = acknowledged
    ? { wrote: true, observedGeneration: acknowledged.metadata.generation ?? 0, at: startedAt.toISOString() }
    : landed(current, operation.id, startedAt.toISOString(), now);
  const unclaimed = claims.at(-1) ?? null;
  // One claim that came through holds for the tries after it.
  return unclaimed === null || claims.includes(null) ? written : { ...written, withoutLease: unclaimed };
}

/** What is annotated on the Deployment in the same write as the change. */
export function notesOf({ id, countdown, generation }: Operation, at: Date): Record<string, string> {
  return {
    [annotations.operation]: id,
    [annotations.countdown]: countdown,
    [annotations.fencingGeneration]: String(generation),
    [annotations.operationAt]: at.toISOString(),
  };
}

/**
 * `wrote` stays true when it was this call whose answer was lost: the time annotated on the Deployment is then the time of this call, `at`; null for a
 * call that writes nothing.
 */
export function landed({ metadata }: Deployment, operationId: string, at: string | null, now: () => Date): WriteResult {
  const ours = metadata.annotations?.[annotations.operation] === operationId;
  const notedAt = ours ? metadata.annotations?.[annotations.operationAt] : undefined;
  return { wrote: notedAt === at, observedGeneration: metadata.generation ?? 0, at: notedAt ?? now().toISOString() };
}

/** Refuses a write once a later countdown, or another one of the same generation, has written. */
export function refuseWhenFenced(current: Deployment, { countdown, generation }: Operation): void {
  const noted = fencingGenerationOf(current);
  const other = current.metadata.annotations?.[annotations.countdown] ?? 'an unknown countdown';
  if (noted < generation || (noted === generation && other === countdown)) return;
  const { namespace, name } = current.metadata;
  throw refuse(
    'Fenced',
    `deployment ${namespace}/${name} belongs to ${other} (fencing generation ${noted}); ` +
      `${countdown} has generation ${generation} and may not write to it any more`,
  );
}

/**
 * Refuses when the Deployment carries one of these operations and not their generation or countdown: a write sets all annotations together,
 * so somebody else has changed them since.
 */
export function refuseUnequalFence(current: Deployment, operation: Operation, ours: readonly string[]): void {
  const { namespace, name, annotations: noted = {} } = current.metadata;
  if (!ours.includes(noted[annotations.operation] ?? '')) return;
  if (noted[annotations.fencingGeneration] === String(operation.generation) && noted[annotations.countdown] === operation.countdown) return;
  throw refuse(
    'PreconditionChanged',
    `deployment ${namespace}/${name} carries the operation ${noted[annotations.operation]} with fencing generation ` +
      `${noted[annotations.fencingGeneration] ?? 'none'} of ${noted[annotations.countdown] ?? 'no countdown'}, ` +
      `expected ${operation.generation} of ${operation.countdown}: somebody else changed its annotations; nothing was written, decide by hand`,
  );
}
