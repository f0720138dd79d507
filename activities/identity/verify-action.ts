import { ApplicationFailure } from '@temporalio/common';
import type { ActionRequest } from '../../verdict/action.ts';
import type { IdentityActivities } from './contract.ts';
import { CLOCK_TOLERANCE_MS } from './read-signed.ts';
import type { TrustDependencies } from './trust.ts';

/** A replayed action, or one delayed for minutes, must not apply to the current state. */
function assertNotExpired({ action, issuedAt, notAfter }: ActionRequest, nowMs: number): void {
  if (nowMs <= Date.parse(notAfter) + CLOCK_TOLERANCE_MS) return;
  throw ApplicationFailure.nonRetryable(
    `this ${action} was signed at ${issuedAt} and expired at ${notAfter}; read the status and decide again`,
    'Expired',
  );
}

/** The activity that verifies actions of people. */
export function createIdentityActivities({
  reader,
  now,
}: Pick<TrustDependencies, 'reader' | 'now'>): Pick<IdentityActivities, 'verifyAction'> {
  return {
    async verifyAction(signed) {
      const request = await reader.action(signed);
      assertNotExpired(request, now());
      return request;
    },
  };
}
