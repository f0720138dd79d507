// Facts of the check `last launch ended`.
import type { LastLaunch } from '../../analysis/preflight/answers.ts';
import { lastLaunchOf, readLease } from '../kubernetes/lease.ts';
import type { CheckDependencies } from './dependencies.ts';

/** Throws ApiFailure, also without permission to read Leases: a failed read does not mean "no Lease". */
export async function lastLaunch({ production, client, input }: CheckDependencies): Promise<LastLaunch> {
  const target = input.production;
  const { deployment } = await production();
  return lastLaunchOf(deployment, await readLease(client(target.cluster), target), target, input.countdown);
}
