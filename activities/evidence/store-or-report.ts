// Stores evidence without failing its activity: a decision to roll back must not wait for a disk.
import type { EvidenceRef } from '../../verdict/finding.ts';
import { timedOut } from '../reason-of.ts';
import { within } from '../within.ts';
import type { EvidenceDescription, EvidenceStore } from './contract.ts';

/** A record of a rollout has some kB and takes milliseconds; a slower store would delay the rollback. */
const STORE_TIMEOUT_MS = 2_000;
/** Modelled failures of the store. Any other error is a bug. */
const REFUSALS = new Set(['EvidenceNotKept', 'EvidenceTooLarge']);

type Kept = { ref: EvidenceRef } | { notKept: string };

/** The evidence, or the reason for the finding EvidenceNotKept. Throws only on a bug of the store. */
export async function storeOrReport(
  store: EvidenceStore,
  description: EvidenceDescription,
  bytes: Uint8Array,
  timeoutMs = STORE_TIMEOUT_MS,
): Promise<Kept> {
  const stored = store.put(description, bytes).then(
    (ref): Kept => ({ ref }),
    (cause: unknown): Kept => {
      const { name, message } = cause as Error;
      if (!REFUSALS.has(name)) throw cause;
      return { notKept: message };
    },
  );
  return within(timeoutMs, stored, { notKept: `The evidence store ${timedOut(timeoutMs)}.` });
}
