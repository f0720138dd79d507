// The evidence that a step left, as the recomputation reads it.
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';

export interface StoredEvidence {
  refs: readonly EvidenceRef[];
  /** The bytes under a digest, checked against it. */
  read: (digest: string) => AsyncIterable<Uint8Array>;
}

/** The one piece of a kind. Throws UnreadableEvidence where there is none, or a second one. */
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
