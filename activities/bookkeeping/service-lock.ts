import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import { serviceLockId, LOCK_TYPE, UNLOCK_SIGNAL } from './lock-names.ts';
import type { LockAnswer, LockRequest } from '../bookkeeping-contract.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

/** Two takers of one stale lock meet at most this often before one of them holds it. */
const ATTEMPTS = 5;

export interface LockDependencies {
  client: Client;
  workflowTaskQueue: string;
  /** Highest fencing generation annotated on the Deployment; 0 when none. */
  fencingGeneration(target: DeploymentTarget): Promise<number>;
}

/**
 * Takes the lock of a Deployment for a countdown. The same holder gets it again; the lock of a countdown that has ended is stale and
 * taken over; a live one refuses with its name. The generation is one above the highest that ever wrote to the Deployment.
 */
export async function acquireLock(
  { client, workflowTaskQueue, fencingGeneration }: LockDependencies,
  { holder, target }: LockRequest,
): Promise<LockAnswer> {
  const workflowId = serviceLockId(target);
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
      return { acquired: true, generation: (await fencingGeneration(target)) + 1 };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const lock = await client.workflow.getHandle(workflowId).describe();
    const held = lock.memo?.['holder'];
    const other = typeof held === 'string' ? held : 'an unknown countdown';
    if (other === holder) return { acquired: true, generation: (await fencingGeneration(target)) + 1 };
    if (await isRunning(client, other)) {
      return {
        acquired: false,
        sentence: `${target.namespace}/${target.deployment} already has a countdown: ${releaseOfCountdown(other)}; abort it or wait for its end`,
      };
    }
    await client.workflow.getHandle(workflowId, lock.runId).terminate(`its holder ${other} has ended`);
  }
  return { acquired: false, sentence: `the lock of ${target.namespace}/${target.deployment} changes hands too fast; start again` };
}

/** Gives the lock back; one that is gone or that somebody else holds is left alone. */
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
