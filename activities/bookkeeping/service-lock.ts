import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import type { LockAnswer, LockRequest } from '../bookkeeping-contract.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

// Names in workflows/service-lock.ts, which activities may not import; test/countdown/service-lock.lab.test.ts runs both together.
const LOCK_TYPE = 'serviceLock';
const UNLOCK_SIGNAL = 'unlock';

/** One live countdown per Deployment. */
const serviceLockId = ({ cluster, namespace, deployment }: DeploymentTarget): string =>
  `service-lock/${cluster}/${namespace}/${deployment}`;

/** Two countdowns that take over the same stale lock collide at most this often. */
const ATTEMPTS = 5;

export interface LockDependencies {
  client: Client;
  workflowTaskQueue: string;
  /** Highest fencing generation annotated on the Deployment; 0 when none. */
  fencingGeneration(target: DeploymentTarget): Promise<number>;
}

/**
 * Takes the lock of a Deployment for a countdown. The same holder gets it again; a lock whose countdown has ended is taken over; otherwise it is
 * refused. The generation is one above the highest that ever wrote to one of the Deployments.
 */
export async function acquireLock(
  { client, workflowTaskQueue, fencingGeneration }: LockDependencies,
  { holder, target, staging }: LockRequest,
): Promise<LockAnswer> {
  const workflowId = serviceLockId(target);
  const acquired = async (): Promise<LockAnswer> => {
    const written = await Promise.all([target, ...(staging ? [staging] : [])].map(fencingGeneration));
    return { acquired: true, generation: Math.max(...written) + 1 };
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      await client.workflow.start(LOCK_TYPE, {
        workflowId,
        taskQueue: workflowTaskQueue,
        args: [holder],
        memo: { holder },
        workflowIdConflictPolicy: 'FAIL',
        staticSummary: `held by ${holder}`,
      });
      return await acquired();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const lock = await client.workflow.getHandle(workflowId).describe();
    const held = lock.memo?.['holder'];
    const other = typeof held === 'string' ? held : 'an unknown countdown';
    if (other === holder) return acquired();
    if (await isRunning(client, other)) {
      return {
        acquired: false,
        message: `${target.namespace}/${target.deployment} already has a countdown: ${releaseOfCountdown(other)}; abort it or wait for its end`,
      };
    }
    await client.workflow.getHandle(workflowId, lock.runId).terminate(`its holder ${other} has ended`);
  }
  return { acquired: false, message: `the lock of ${target.namespace}/${target.deployment} changed ${ATTEMPTS} times; start again` };
}

/** Releases the lock; one that is gone or held by another countdown is left alone. */
export async function releaseLock({ client }: Pick<LockDependencies, 'client'>, { holder, target }: LockRequest): Promise<void> {
  try {
    await client.workflow.getHandle(serviceLockId(target)).signal(UNLOCK_SIGNAL, { holder });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

async function isRunning(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
