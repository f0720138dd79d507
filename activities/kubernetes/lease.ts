// Second part of the fence: a Lease per Deployment with the highest generation and the open operation. `kubectl rollout undo` rewinds the
// annotations of a Deployment, but not the Lease.
import { ApplicationFailure } from '@temporalio/common';
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { judgeLastLaunch } from '../../analysis/preflight/last-launch.ts';
import { isRestoreId } from '../../analysis/rollout/restore-id.ts';
import { ApiFailure, type Resource } from './api-failure.ts';
import { refuse } from '../refusal.ts';
import { readableGeneration } from './capture-deployment.ts';
import type { ClusterClient } from './client.ts';
import type { DeploymentTarget, Operation } from './contract.ts';
import { classifyApiFailure, convergeWrite, type WriteFence } from './converge-write.ts';
import { annotations, type Deployment, type ObjectMeta } from './objects.ts';

/** `open` from the claim until the effect is restored or kept. */
export type OperationState = 'open' | 'restored' | 'kept';

/** Annotation: state of the operation. */
const OPERATION_STATE = 'tminus.dev/operation-state';
/** Annotation: digest of the state before the operation; empty when it was never applied. */
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

/** Null when there is none. Throws ApiFailure, also without permission to read Leases. */
export async function readLease(client: ClusterClient, target: DeploymentTarget): Promise<Lease | null> {
  try {
    return await client.get<Lease>(resourceOf(target));
  } catch (error) {
    if (error instanceof ApiFailure && error.gone) return null;
    throw error;
  }
}

/** Highest generation claimed; 0 when none. Refuses text that is not a number. */
export const leaseGeneration = (lease: Lease | null, target: DeploymentTarget): number =>
  lease ? readableGeneration(lease, nameOf(target)) : 0;

export interface LeaseClaim {
  target: DeploymentTarget;
  /** The operation of the effect, also for its restore. */
  operation: Operation;
  for: 'apply' | 'restore';
  /** Digest of the state before the operation. The first claim records it; a restore to another state is refused. */
  before?: string;
}

/** Opens the operation in the Lease, once. Refuses (non-retryable) with `Fenced` or `OperationOpen`. Before every write. */
export async function claimLease(client: ClusterClient, claim: LeaseClaim, lastWriteMs: number): Promise<void> {
  await writeLease(client, claim.target, (lease) => decideClaim(lease, claim), lastWriteMs);
}

/** Claiming takes milliseconds; a rollback does not wait longer. */
const RESTORE_CLAIM_TIMEOUT_MS = 2_000;
/** Another countdown owns the Deployment: the only result that stops a restore. */
const TAKEN_OVER = ['Fenced', 'OperationOpen'];

/**
 * Opens the operation in the Lease if possible. A failure does not stop the rollback, because its write checks annotations and resourceVersion: it
 * returns the reason, which becomes a finding; null when claimed. Throws when another countdown holds the Lease.
 */
async function claimLeaseForRestore(client: ClusterClient, claim: Omit<LeaseClaim, 'for'>, lastWriteMs: number): Promise<string | null> {
  try {
    await claimLease(client, { ...claim, for: 'restore' }, Math.min(lastWriteMs, performance.now() + RESTORE_CLAIM_TIMEOUT_MS));
    return null;
  } catch (error) {
    if (isTakenOver(error)) throw error;
    return (error as Error).message;
  }
}

/** The fence of one write by a Lease. A restore goes on without a claim that fails, unless another countdown holds the Lease. */
export const leaseFence = (client: ClusterClient, claim: LeaseClaim & { before: string }, lastWriteMs: number): WriteFence => ({
  lastWriteMs,
  claim: () =>
    claim.for === 'apply' ? claimLease(client, claim, lastWriteMs).then(() => null) : claimLeaseForRestore(client, claim, lastWriteMs),
});

export const isTakenOver = (error: unknown): boolean => error instanceof ApplicationFailure && TAKEN_OVER.includes(error.type ?? '');

/** Closes the operation. A Lease that another countdown has taken over is left alone. */
export async function closeLease(
  client: ClusterClient,
  { target, operation, outcome }: { target: DeploymentTarget; operation: Operation; outcome: Exclude<OperationState, 'open'> },
  lastWriteMs: number,
): Promise<void> {
  await writeLease(
    client,
    target,
    (lease) =>
      lease !== null && isHeldBy(lease, operation) && stateOf(lease) !== outcome
        ? leaseOf(lease, target, operation, { state: outcome })
        : 'landed',
    lastWriteMs,
  );
}

/** Digest of `before` that this operation recorded; null when the Lease has none. */
export function recordedBefore(lease: Lease | null, operation: Operation): string | null {
  return lease !== null && isHeldBy(lease, operation) ? lease.metadata.annotations?.[BEFORE] || null : null;
}

/** The Lease after the claim, or `landed`. */
export function decideClaim(lease: Lease | null, { target, operation, for: purpose, before }: LeaseClaim): 'landed' | LeaseBody {
  // A claim by another operation removes the record; the operation's own record outlives its restore.
  const noted = purpose === 'apply' ? before : lease !== null && !isHeldBy(lease, operation) ? '' : undefined;
  const open = leaseOf(lease, target, operation, { state: 'open', before: noted });
  if (lease === null) return open;
  const generation = leaseGeneration(lease, target);
  const holder = holderOf(lease);
  if (generation > operation.generation || (generation === operation.generation && holder !== operation.countdown))
    throw refuse(
      'Fenced',
      `${nameOf(target)} is held by ${holder} (fencing generation ${generation}); ` +
        `${operation.countdown} has generation ${operation.generation}, so its write to deployment ` +
        `${target.namespace}/${target.deployment} is refused`,
    );
  if (isHeldBy(lease, operation)) {
    const recorded = recordedBefore(lease, operation);
    if (recorded !== null && before !== undefined && recorded !== before)
      throw refuse(
        'Fenced',
        `${nameOf(target)} recorded ${recorded} as the state before the launch, and the restore is to ${before}; nothing was written`,
      );
    const state = stateOf(lease);
    if (state === 'open') return 'landed';
    if (purpose === 'restore') return state === 'kept' ? open : 'landed';
    throw refuse('Fenced', `the operation ${operation.id} is closed (${state}) in ${nameOf(target)}; it cannot be applied again`);
  }
  // A countdown starts an operation only after its previous one has ended, even if that end was not recorded.
  const isOwn = generation === operation.generation && holder === operation.countdown;
  if (stateOf(lease) === 'open' && !isOwn) throw refuse('OperationOpen', openMessage(target, operationOf(lease), holder));
  return open;
}

/**
 * Refuses (non-retryable, `OperationOpen`) to record a Deployment whose last launch has no recorded end, by the rule of preflight, or that runs an
 * unrestored launch of this countdown: neither is a version to restore.
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

/** Traces of the last launch: the annotations of its write, and the Lease with the state of its operation. `countdown` is the caller. */
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

const openMessage = ({ namespace, deployment }: DeploymentTarget, operation: string, countdown: string): string =>
  `deployment ${namespace}/${deployment} has an open operation ${operation || 'without a name'} of ${countdown}: ` +
  'it was neither restored nor kept; tminus leftovers lists who restores it, tminus restore restores it';

const holderOf = ({ spec }: Lease): string => spec?.holderIdentity || 'an unknown countdown';
const operationOf = ({ metadata }: Lease): string => metadata.annotations?.[annotations.operation] ?? '';
const isHeldBy = (lease: Lease, { id, countdown }: Operation): boolean => operationOf(lease) === id && holderOf(lease) === countdown;
/** A missing or unknown state counts as open (fail closed). */
const stateOf = ({ metadata }: Lease): OperationState => {
  const state = metadata.annotations?.[OPERATION_STATE];
  return state === 'restored' || state === 'kept' ? state : 'open';
};

export type LeaseBody = ReturnType<typeof leaseOf>;

function leaseOf(
  lease: Lease | null,
  target: DeploymentTarget,
  { id, countdown, generation }: Operation,
  { state, before }: { state: OperationState; before?: string | undefined },
) {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseNameOf(target),
      namespace: target.namespace,
      // With the resourceVersion of this read the API server rejects the write (409) after another claim.
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
    // When two create it at once, the second gets 409 and decides on what the first has written.
    write: (body) =>
      body.metadata.resourceVersion === undefined
        ? client.create<Lease>(leases(target.namespace), body)
        : client.patch<Lease>(resourceOf(target), body, 'application/strategic-merge-patch+json'),
    classify: classifyApiFailure,
    lastWriteMs,
  });
}
