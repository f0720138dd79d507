// For what must be answered though its evidence cannot be stored: a decision to roll back does not wait for a disk.
import type { EvidenceRef } from '../../verdict/finding.ts';
import { within } from '../within.ts';
import type { EvidenceDescription, EvidenceStore } from './contract.ts';

/** A record of a rollout has some kB and takes milliseconds; a store that needs longer would hold back the rollback that follows. */
const STORE_TIMEOUT_MS = 2_000;
/** A full disk, and more bytes than a piece may have: the store is as it should be, and the bytes are not in it. Anything else is a bug. */
const REFUSALS = new Set(['EvidenceNotKept', 'EvidenceTooLarge']);

type Kept = { ref: EvidenceRef } | { notKept: string };

/** The evidence, or why there is none: one sentence for the finding EvidenceNotKept. Throws only on a bug of the store. */
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
  return within(timeoutMs, stored, { notKept: `The evidence store did not keep the bytes within ${timeoutMs / 1_000} s.` });
}
