// What the last launch of the service left behind: the annotations of its write, and the Lease that holds the state of its operation.
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { ApiFailure, type Resource } from '../kubernetes/api-failure.ts';
import { annotations, type ObjectMeta } from '../kubernetes/objects.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { PreflightWorld } from './world.ts';

const OPERATION_STATE = 'tminus.dev/operation-state';

interface Lease {
  metadata: Pick<ObjectMeta, 'annotations'>;
  spec?: { holderIdentity?: string };
}

/** The Lease of a Deployment: one per Deployment, in its namespace. */
export const leaseOf = ({ namespace, deployment }: DeploymentTarget): Resource => ({
  group: 'coordination.k8s.io',
  version: 'v1',
  resource: 'leases',
  namespace,
  name: `tminus-${deployment}`,
});

/** Throws ApiFailure, also when the right to read Leases is missing: no answer is not "no Lease". */
export async function lastLaunch({ production, client, input }: PreflightWorld): Promise<LastLaunch> {
  const target = input.production;
  const { metadata } = (await production()).deployment;
  const resource = leaseOf(target);
  const lease = await client(target.cluster)
    .get<Lease>(resource)
    .catch((error: unknown) => {
      if (error instanceof ApiFailure && error.gone) return null;
      throw error;
    });
  const noted = (key: string) => metadata.annotations?.[key] ?? null;
  const claimed = (key: string) => lease?.metadata.annotations?.[key] ?? null;
  return {
    service: `${target.namespace}/${target.deployment}`,
    countdown: input.countdown,
    deployment: {
      operation: noted(annotations.operation),
      countdown: noted(annotations.countdown),
      generation: noted(annotations.fencingGeneration),
    },
    lease: lease && {
      name: `${target.namespace}/${resource.name}`,
      holder: lease.spec?.holderIdentity || null,
      operation: claimed(annotations.operation),
      state: claimed(OPERATION_STATE),
      generation: claimed(annotations.fencingGeneration),
    },
  };
}
