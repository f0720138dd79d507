import { createPublicKey, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { canonicalJson } from '../../verdict/canonical-json.ts';
import type { Act, SignedAct } from '../../workflows/messages.ts';
import { actOf } from './act-shape.ts';
import type { IdentityActivities } from './contract.ts';

/** First 16 hex digits of the key's SHA-256; also keeps a key id from naming a file outside the folder. */
const KEY_ID = /^[0-9a-f]{16}$/;

/** Clocks of server and worker may differ: preflight accepts no more than a few seconds, and one minute is far above them. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The SPKI PEM of a key id, or null when the key is not trusted. */
export type PublicKeys = (keyId: string) => Promise<string | null>;

/**
 * The act inside, once its Ed25519 signature over exactly these bytes is by a trusted key. Throws a non-retryable `SignatureInvalid`:
 * another attempt cannot correct a signature.
 */
async function verifySignedAct(signed: SignedAct, publicKeys: PublicKeys): Promise<Act> {
  const pem = KEY_ID.test(signed.keyId) ? await publicKeys(signed.keyId) : null;
  if (pem === null) throw invalid(`the act is signed with key ${JSON.stringify(signed.keyId)}, which this worker does not trust`);
  const payload = Buffer.from(signed.payload, 'utf8');
  if (!verify(null, payload, createPublicKey(pem), Buffer.from(signed.signature, 'base64'))) {
    throw invalid(`the signature on the act does not match its content (key ${signed.keyId})`);
  }
  return actIn(signed.payload);
}

/** An act that was recorded, or delayed for minutes, must not decide about what stands now. */
function assertNotExpired({ action, issuedAt, notAfter }: Act, nowMs: number): void {
  if (nowMs <= Date.parse(notAfter) + CLOCK_TOLERANCE_MS) return;
  throw ApplicationFailure.nonRetryable(
    `this ${action} was signed at ${issuedAt} and counted until ${notAfter}; read the status and decide again`,
    'Expired',
  );
}

function actIn(payload: string): Act {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (error) {
    throw invalid(`the signed act is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const act = actOf(value);
  // One meaning for one text: with duplicate keys or another number form two readers could read two different acts.
  if (!act || canonicalJson(act) !== payload) throw invalid('the signed act is not the canonical form of an act');
  return act;
}

function invalid(sentence: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(sentence, 'SignatureInvalid');
}

/** Trusts the keys in a folder of `<keyId>.pem` (SPKI); a removed file is a key no longer trusted. `now` is the real clock, also in a rehearsal. */
export function createIdentityActivities({
  publicKeysFolder,
  now = Date.now,
}: {
  publicKeysFolder: string;
  now?: () => number;
}): IdentityActivities {
  const publicKeys: PublicKeys = async (keyId) => {
    try {
      return await readFile(path.join(publicKeysFolder, `${keyId}.pem`), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };
  return {
    async verifyAct(signed) {
      const act = await verifySignedAct(signed, publicKeys);
      assertNotExpired(act, now());
      return act;
    },
  };
}
