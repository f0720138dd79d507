// The second place of the fence: one Lease per Deployment, with the highest generation and the operation that is open. `kubectl rollout undo`
// rewinds the annotations of a Deployment to those of an old ReplicaSet; it does not reach a Lease.
import { ApplicationFailure } from '@temporalio/common';
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { judgeLastLaunch } from '../../analysis/preflight/last-launch.ts';
import { isRestoreId } from '../../analysis/rollout/restore-id.ts';
import { ApiFailure, type Resource } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import { readableGeneration } from './capture-deployment.ts';
import type { ClusterClient } from './client.ts';
import type { DeploymentTarget, Operation } from './contract.ts';
import { classifyApiFailure, convergeWrite } from './converge-write.ts';
import { annotations, type Deployment, type ObjectMeta } from './objects.ts';

/** `open` from the claim until the effect is restored, or kept on purpose. */
export type OperationState = 'open' | 'restored' | 'kept';

/** Annotation of the Lease that holds the state of its operation. */
const OPERATION_STATE = 'tminus.dev/operation-state';
/** Annotation of the Lease that holds the digest of the state to go back to; empty where the operation was never applied. */
const BEFORE = 'tminus.dev/before';

export interface Lease {
  metadata: ObjectMeta;
  spec?: { holderIdentity?: string };
}

export const leases = (namespace: string, name?: string): Resource => ({
  group: 'coordination.k8s.io',
  version: 'v1',
  resource: 'leases',
  namespace,
  ...(name === undefined ? {} : { name }),
});
/** Name of the Lease of a Deployment: one per Deployment, in its namespace. */
export const leaseNameOf = ({ deployment }: DeploymentTarget): string => `tminus-${deployment}`;
const resourceOf = (target: DeploymentTarget): Resource => leases(target.namespace, leaseNameOf(target));
const nameOf = (target: DeploymentTarget): string => `lease ${target.namespace}/${leaseNameOf(target)}`;

/** Null when there is none yet. Throws ApiFailure, also when the right to read Leases is missing. */
export async function readLease(client: ClusterClient, target: DeploymentTarget): Promise<Lease | null> {
  try {
    return await client.get<Lease>(resourceOf(target));
  } catch (error) {
    if (error instanceof ApiFailure && error.gone) return null;
    throw error;
  }
}

/** Highest generation claimed; 0 when none. Refuses text that is no number. */
export const leaseGeneration = (lease: Lease | null, target: DeploymentTarget): number =>
  lease ? readableGeneration(lease, nameOf(target)) : 0;

export interface LeaseClaim {
  target: DeploymentTarget;
  /** The operation of the effect; a restore claims under the operation that it takes back. */
  operation: Operation;
  for: 'apply' | 'restore';
  /** Digest of the state to go back to. The claim of the write records it, and a restore to another one is refused. */
  before?: string;
}

/** Opens the operation in the Lease, once. Refuses (non-retryable) with `Fenced` or `OperationOpen`. Before every write. */
export async function claimLease(client: ClusterClient, claim: LeaseClaim, lastWriteMs: number): Promise<void> {
  await writeLease(client, claim.target, (lease) => decideClaim(lease, claim), lastWriteMs);
}

/** A Lease is read and written in milliseconds. A rollback waits no longer for one whose write is not answered. */
const CLAIM_FOR_RESTORE_MS = 2_000;
/** Somebody else has taken the Deployment over: the one answer of a Lease that stops a restore. */
const TAKEN_OVER = ['Fenced', 'OperationOpen'];

/**
 * Opens the operation in the Lease where that can be done. A right that was revoked, an API server that does not answer for Leases, or a Lease that
 * cannot be read stops no rollback: the annotations of the Deployment and its version are in the write itself. Answers null, or why the Lease was
 * not claimed; that becomes a finding of the rollback. Throws when somebody else holds the Lease.
 */
export async function claimLeaseForRestore(
  client: ClusterClient,
  claim: Omit<LeaseClaim, 'for'>,
  lastWriteMs: number,
): Promise<string | null> {
  try {
    await claimLease(client, { ...claim, for: 'restore' }, Math.min(lastWriteMs, performance.now() + CLAIM_FOR_RESTORE_MS));
    return null;
  } catch (error) {
    if (isTakenOver(error)) throw error;
    return (error as Error).message;
  }
}

export const isTakenOver = (error: unknown): boolean => error instanceof ApplicationFailure && TAKEN_OVER.includes(error.type ?? '');

/** Closes the operation. One that somebody else has taken over since is left alone. */
export async function closeLease(
  client: ClusterClient,
  { target, operation, outcome }: { target: DeploymentTarget; operation: Operation; outcome: Exclude<OperationState, 'open'> },
  lastWriteMs: number,
): Promise<void> {
  await writeLease(
    client,
    target,
    (lease) =>
      lease !== null && isHeldBy(lease, operation) && stateOf(lease) !== outcome ? leaseOf(lease, target, operation, outcome) : 'landed',
    lastWriteMs,
  );
}

/** The digest of `before` that the write of this operation recorded; null where the Lease does not hold one. */
export function recordedBefore(lease: Lease | null, operation: Operation): string | null {
  return lease !== null && isHeldBy(lease, operation) ? lease.metadata.annotations?.[BEFORE] || null : null;
}

/** The Lease as the claim leaves it, or `landed`. */
export function decideClaim(lease: Lease | null, { target, operation, for: purpose, before }: LeaseClaim): 'landed' | LeaseBody {
  // A claim of another operation must not leave the record of this one; its own record outlives the restore.
  const noted = purpose === 'apply' ? before : lease !== null && !isHeldBy(lease, operation) ? '' : undefined;
  const open = leaseOf(lease, target, operation, 'open', noted);
  if (lease === null) return open;
  const generation = leaseGeneration(lease, target);
  const holder = holderOf(lease);
  if (generation > operation.generation || (generation === operation.generation && holder !== operation.countdown))
    throw refuse(
      'Fenced',
      `${nameOf(target)} is held by ${holder} (fencing generation ${generation}); ` +
        `${operation.countdown} has generation ${operation.generation} and may not write to deployment ` +
        `${target.namespace}/${target.deployment} any more`,
    );
  if (isHeldBy(lease, operation)) {
    const recorded = recordedBefore(lease, operation);
    if (recorded !== null && before !== undefined && recorded !== before)
      throw refuse(
        'Fenced',
        `${nameOf(target)} records another state to go back to than the one asked for (${recorded}, not ${before}); nothing was written`,
      );
    const state = stateOf(lease);
    if (state === 'open') return 'landed';
    if (purpose === 'restore') return state === 'kept' ? open : 'landed';
    throw refuse('Fenced', `the operation ${operation.id} is closed (${state}) in ${nameOf(target)}; it may not be applied again`);
  }
  // The same countdown begins an operation only after its earlier one has ended; that this was not recorded stops neither launch nor restore.
  const isOwn = generation === operation.generation && holder === operation.countdown;
  if (stateOf(lease) === 'open' && !isOwn) throw refuse('OperationOpen', openSentence(target, operationOf(lease), holder));
  return open;
}

/**
 * Refuses (non-retryable, `OperationOpen`) to record a Deployment whose last launch has no recorded end: what runs there is perhaps no version
 * to go back to. The rule is that of preflight; a launch of the countdown itself is not a version to go back to either.
 */
export function refuseOpenOperation(
  deployment: Pick<Deployment, 'metadata'>,
  lease: Lease | null,
  target: DeploymentTarget,
  countdown: string,
): void {
  const facts = lastLaunchOf(deployment, lease, target, countdown);
  const { outcome, message, hint } = judgeLastLaunch(facts);
  if (outcome !== 'pass') throw refuse('OperationOpen', `${message}; ${hint}`);
  const { operation, countdown: writer } = facts.deployment;
  if (operation !== null && writer === countdown && !isRestoreId(operation))
    throw refuse(
      'OperationOpen',
      `${facts.service} runs ${operation} of this countdown, which was not restored; tminus leftovers lists who restores it`,
    );
}

/** What the last launch left behind: the annotations of its write, and the Lease with the state of its operation. `countdown` is who asks. */
export function lastLaunchOf(
  { metadata }: Pick<Deployment, 'metadata'>,
  lease: Lease | null,
  target: DeploymentTarget,
  countdown: string,
): LastLaunch {
  const noted = (key: string) => metadata.annotations?.[key] ?? null;
  const claimed = (key: string) => lease?.metadata.annotations?.[key] ?? null;
  return {
    service: `${target.namespace}/${target.deployment}`,
    countdown,
    deployment: {
      operation: noted(annotations.operation),
      countdown: noted(annotations.countdown),
      generation: noted(annotations.fencingGeneration),
    },
    lease: lease && {
      name: `${target.namespace}/${leaseNameOf(target)}`,
      holder: lease.spec?.holderIdentity || null,
      operation: claimed(annotations.operation),
      state: claimed(OPERATION_STATE),
      generation: claimed(annotations.fencingGeneration),
    },
  };
}

const openSentence = ({ namespace, deployment }: DeploymentTarget, operation: string, countdown: string): string =>
  `deployment ${namespace}/${deployment} has an open operation ${operation || 'without a name'} of ${countdown}: ` +
  'it was neither restored nor kept; tminus leftovers lists who restores it, tminus restore restores it';

const holderOf = ({ spec }: Lease): string => spec?.holderIdentity || 'an unknown countdown';
const operationOf = ({ metadata }: Lease): string => metadata.annotations?.[annotations.operation] ?? '';
const isHeldBy = (lease: Lease, { id, countdown }: Operation): boolean => operationOf(lease) === id && holderOf(lease) === countdown;
/** A state that somebody removed or invented counts as open: nothing passes by silence. */
const stateOf = ({ metadata }: Lease): OperationState => {
  const state = metadata.annotations?.[OPERATION_STATE];
  return state === 'restored' || state === 'kept' ? state : 'open';
};

export type LeaseBody = ReturnType<typeof leaseOf>;

function leaseOf(
  lease: Lease | null,
  target: DeploymentTarget,
  { id, countdown, generation }: Operation,
  state: OperationState,
  before?: string,
) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseNameOf(target),
      namespace: target.namespace,
      // With the version of this reading the API server answers 409 instead of writing over a claim made since.
      ...(lease === null ? {} : { resourceVersion: lease.metadata.resourceVersion }),
      annotations: {
        [annotations.operation]: id,
        [annotations.fencingGeneration]: String(generation),
        [OPERATION_STATE]: state,
        ...(before === undefined ? {} : { [BEFORE]: before }),
      },
    },
    spec: { holderIdentity: countdown },
  };
}

async function writeLease(
  client: ClusterClient,
  target: DeploymentTarget,
  decide: (lease: Lease | null) => 'landed' | LeaseBody,
  lastWriteMs: number,
): Promise<void> {
  await convergeWrite<Lease | null, LeaseBody>({
    subject: `${nameOf(target)} of cluster ${client.cluster}`,
    read: () => readLease(client, target),
    decide,
    // Two claimants that both create it: the second gets 409, reads, and is judged by what the first has written.
    write: (body) =>
      body.metadata.resourceVersion === undefined
        ? client.create<Lease>(leases(target.namespace), body)
        : client.patch<Lease>(resourceOf(target), body, 'application/strategic-merge-patch+json'),
    classify: classifyApiFailure,
    lastWriteMs,
  });
}
