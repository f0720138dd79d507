// What the last launch of the service left behind: the annotations of its write, and the Lease that holds the state of its operation.
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { OPERATION_STATE, leaseNameOf, readLease } from '../kubernetes/lease.ts';
import { annotations } from '../kubernetes/objects.ts';
import type { PreflightWorld } from './world.ts';

/** Throws ApiFailure, also when the right to read Leases is missing: no answer is not "no Lease". */
export async function lastLaunch({ production, client, input }: PreflightWorld): Promise<LastLaunch> {
  const target = input.production;
  const { metadata } = (await production()).deployment;
  const lease = await readLease(client(target.cluster), target);
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
      name: `${target.namespace}/${leaseNameOf(target)}`,
      holder: lease.spec?.holderIdentity || null,
      operation: claimed(annotations.operation),
      state: claimed(OPERATION_STATE),
      generation: claimed(annotations.fencingGeneration),
    },
  };
}
