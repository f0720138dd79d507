// One write, landed at most once: read, decide, write under the version that was read, and after anything unclear read again.
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { failpoint } from '../failpoint.ts';
import { ApiFailure, refuse } from './api-failure.ts';
import { deployments, readDeployment, type ClusterClient, type PatchType } from './client.ts';
import type { DeploymentTarget, Operation, WriteResult } from './contract.ts';
import { annotations, fencingGenerationOf, type Deployment } from './objects.ts';

/** Status updates of a busy rollout cost a conflict each; seven tries over 4 s outlast them and fit a quick activity of 10 s. */
const ATTEMPTS = 7;
/** No write leaves later than this: Temporal gives a quick activity up after 10 s, and what follows must not be overtaken by it. */
const WRITE_WITHIN_MS = 8_000;
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

export interface Change {
  body: unknown;
  type: PatchType;
}

export interface ConvergingWrite {
  client: ClusterClient;
  target: DeploymentTarget;
  operation: Operation;
  effect: 'launch' | 'rollback';
  /**
   * Looks at the Deployment as it is now. `landed`: nothing needs to be written. Otherwise the change, which carries the resourceVersion of
   * this very reading. Throws a refusal when a precondition is gone. Asked again before every attempt, so that a conflict is never
   * answered by writing over what somebody else did.
   */
  decide(current: Deployment, notes: Record<string, string>): 'landed' | Change;
  now: () => Date;
}

/** Writes once. Throws refusals (non-retryable) and ApiFailure (outcome still unknown or server not reachable: repeat the activity). */
export async function convergeWrite({ client, target, operation, effect, decide, now }: ConvergingWrite): Promise<WriteResult> {
  const startedAt = now();
  const at = startedAt.toISOString();
  const notes = notesOf(operation, startedAt);
  const startedMs = performance.now();
  let last: ApiFailure | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await pause(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
    // A reading that fails ends this activity's try: only a reading can say whether the write before it landed.
    const current = await readDeployment(client, target.namespace, target.deployment);
    const decision = decide(current, notes);
    if (decision === 'landed') return landed(current, operation, at, now);
    if (performance.now() - startedMs > WRITE_WITHIN_MS) break;
    failpoint(`${effect}.before-write`);
    try {
      const after = await client.patch<Deployment>(deployments(target.namespace, target.deployment), decision.body, decision.type);
      failpoint(`${effect}.after-write`);
      return { wrote: true, observedGeneration: after.metadata.generation ?? 0, at };
    } catch (error) {
      if (!(error instanceof ApiFailure) || !(error.conflict || error.outcomeUnknown)) throw error;
      last = error;
    }
  }
  throw (
    last ??
    ApplicationFailure.create({
      type: 'Unreachable',
      message: `cluster ${client.cluster}: reading took longer than ${WRITE_WITHIN_MS / 1_000} s, so nothing was written`,
    })
  );
}

/** What is noted on the Deployment in the same write as the change. */
export function notesOf({ id, countdown, generation }: Operation, at: Date): Record<string, string> {
  return {
    [annotations.operation]: id,
    [annotations.countdown]: countdown,
    [annotations.fencingGeneration]: String(generation),
    [annotations.operationAt]: at.toISOString(),
  };
}

/** `wrote` stays true when it was this call whose answer got lost: the time noted on the Deployment is then the time of this call. */
function landed({ metadata }: Deployment, operation: Operation, at: string, now: () => Date): WriteResult {
  const ours = metadata.annotations?.[annotations.operation] === operation.id;
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
    `deployment ${namespace}/${name} belongs to ${other} (fencing generation ${noted}); ${countdown} has generation ${generation} and may not write to it any more`,
  );
}
