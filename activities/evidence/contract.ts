import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';

/** What is known of a piece of evidence before its bytes are read. */
export interface EvidenceDescription {
  kind: EvidenceKind;
  mediaType: string;
  source: string;
}

/** Room in the store. `freeFiles` and `totalFiles` are null where the file system has no fixed number of files. */
export interface EvidenceSpace {
  freeBytes: number;
  totalBytes: number;
  freeFiles: number | null;
  totalFiles: number | null;
}

/** Content-addressed, append-only store of evidence. Bytes are written once, verified on read, and never changed. */
export interface EvidenceStore {
  /** Streams bytes in (temporary file, fsync, rename) and answers their digest. Memory stays constant. Throws when the store cannot keep them whole. */
  put(description: EvidenceDescription, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<EvidenceRef>;
  /** The stored bytes; throws EvidenceMissing or EvidenceDamaged (digest differs) with a sentence. */
  get(digest: string): AsyncIterable<Uint8Array>;
  /** True when the bytes are there in full length. */
  has(digest: string): Promise<boolean>;
  /** Room that is left, after a probe of a few bytes was written, read back and removed. Throws EvidenceNotKept. */
  space(): Promise<EvidenceSpace>;
}
