// Names the lock workflow and its clients agree on. Activities may not import workflow code, so they live here and are checked by a test.
import type { DeploymentTarget } from '../kubernetes/contract.ts';

export const LOCK_TYPE = 'serviceLock';
export const UNLOCK_SIGNAL = 'unlock';

/** One live countdown per Deployment. */
export const serviceLockId = ({ cluster, namespace, deployment }: DeploymentTarget): string =>
  `service-lock/${cluster}/${namespace}/${deployment}`;
