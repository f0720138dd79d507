// Reads what the server signed: by a trusted key, over exactly these bytes, in canonical JSON.
import type { Signed } from '../../verdict/signed.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { canonicalJson } from '../../verdict/digest.ts';
import type { Start } from '../../release/countdown-input.ts';
import { actOf } from './action-shape.ts';
import { signaturesOf } from './key-pair.ts';

/** Between the clocks of server and worker; preflight accepts only a few seconds. */
export const CLOCK_TOLERANCE_MS = 60_000;

export interface SignedReader {
  /** The signed action. Throws a non-retryable `SignatureInvalid`. */
  action(signed: Signed): Promise<ActionRequest>;
  /** The signed start. Throws like `action`. */
  start(signed: Signed): Promise<Start>;
}

/** Trusts the keys `<keyId>.pem` (SPKI) in a folder; a removed key is not trusted. */
export function signedReader(publicKeysFolder: string): SignedReader {
  const check = signaturesOf(publicKeysFolder);
  async function read<T>(signed: Signed, what: 'action' | 'start', shapeOf: (value: unknown) => T | null): Promise<T> {
    if (!isSigned(signed)) throw invalid(`the ${what} is not signed`);
    const outcome = await check(signed.payload, signed);
    if (outcome === 'unknown')
      throw invalid(`the ${what} is signed with key ${JSON.stringify(signed.keyId)}, which this worker does not trust`);
    if (outcome === 'different') throw invalid(`the signature on the ${what} does not match its content (key ${signed.keyId})`);
    const value = shapeOf(parsed(signed.payload, what));
    // Canonical: with duplicate keys or other number formats two readers could disagree.
    if (value === null || canonicalJson(value) !== signed.payload)
      throw invalid(`the signed ${what} is not ${what === 'action' ? 'an action' : 'a start'} in canonical JSON`);
    return value;
  }
  return { action: (signed) => read(signed, 'action', actOf), start: (signed) => read(signed, 'start', startOf) };
}

/** Anyone with access to Temporal can send anything. */
const isSigned = (signed: Partial<Signed> | undefined): boolean =>
  typeof signed?.payload === 'string' && typeof signed.keyId === 'string' && typeof signed.signature === 'string';

const text = z.string().min(1);
const startShape = z.strictObject({
  kind: z.literal('start'),
  id: text,
  countdown: text,
  input: text,
  notBefore: z.iso.datetime(),
  issuedAt: z.iso.datetime(),
  notAfter: z.iso.datetime(),
} satisfies Record<keyof Start, z.ZodType>);

const startOf = (value: unknown): Start | null => startShape.safeParse(value).data ?? null;

function parsed(payload: string, what: string): unknown {
  try {
    return JSON.parse(payload);
  } catch (error) {
    throw invalid(`the signed ${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Non-retryable SignatureInvalid. */
export function invalid(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'SignatureInvalid');
}
