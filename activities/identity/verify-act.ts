import { ApplicationFailure } from '@temporalio/common';
import type { Act } from '../../workflows/messages.ts';
import type { IdentityActivities } from './contract.ts';
import { CLOCK_TOLERANCE_MS, signedReader } from './read-signed.ts';

/** An act that was recorded, or delayed for minutes, must not decide about what stands now. */
function assertNotExpired({ action, issuedAt, notAfter }: Act, nowMs: number): void {
  if (nowMs <= Date.parse(notAfter) + CLOCK_TOLERANCE_MS) return;
  throw ApplicationFailure.nonRetryable(
    `this ${action} was signed at ${issuedAt} and counted until ${notAfter}; read the status and decide again`,
    'Expired',
  );
}

/** Trusts the keys in a folder of `<keyId>.pem` (SPKI); a removed file is a key no longer trusted. `now` is the real clock, also in a rehearsal. */
export function createIdentityActivities({
  publicKeysFolder,
  now = Date.now,
}: {
  publicKeysFolder: string;
  now?: () => number;
}): Pick<IdentityActivities, 'verifyAct'> {
  const reader = signedReader(publicKeysFolder);
  return {
    async verifyAct(signed) {
      const act = await reader.act(signed);
      assertNotExpired(act, now());
      return act;
    },
  };
}
