// What the last launch of the service left behind, for preflight.
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { lastLaunchOf, readLease } from '../kubernetes/lease.ts';
import type { PreflightWorld } from './world.ts';

/** Throws ApiFailure, also when the right to read Leases is missing: no answer is not "no Lease". */
export async function lastLaunch({ production, client, input }: PreflightWorld): Promise<LastLaunch> {
  const target = input.production;
  const { deployment } = await production();
  return lastLaunchOf(deployment, await readLease(client(target.cluster), target), target, input.countdown);
}
