// Stored evidence of one step, as the recomputation reads it.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';

export interface StoredEvidence {
  refs: readonly EvidenceRef[];
  /** Bytes by digest; the digest is checked. */
  read: (digest: string) => AsyncIterable<Uint8Array>;
}

/** The only piece of a kind. Throws UnreadableEvidence if there is none, or more than one. */
export function one({ refs }: StoredEvidence, kind: EvidenceRef['kind']): EvidenceRef {
  const found = refs.filter((ref) => ref.kind === kind);
  if (!found[0]) throw missing(kind);
  if (found.length > 1)
    throw new UnreadableEvidence(`${found.length} pieces of ${kind}, where one was expected`, 'the step', 'run it again');
  return found[0];
}

export const missing = (kind: string): UnreadableEvidence =>
  new UnreadableEvidence(`the step left no ${kind}`, 'the step', 'its findings cannot be recomputed; run it again');
export const empty = (digest: string): UnreadableEvidence =>
  new UnreadableEvidence('the record is incomplete', digest, 'it was written by an older version, or cut off; run the step again');
