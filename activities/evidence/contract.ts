import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';

/** Metadata of evidence before its bytes are read. */
export interface EvidenceDescription {
  kind: EvidenceKind;
  mediaType: string;
  source: string;
}

/** Space in the store. `freeFiles` and `totalFiles` are null when the file system has no fixed number of files. */
export interface EvidenceSpace {
  freeBytes: number;
  totalBytes: number;
  freeFiles: number | null;
  totalFiles: number | null;
}

/** Content-addressed, append-only store of evidence. Bytes are written once, verified on read, and never changed. */
export interface EvidenceStore {
  /** Streams bytes into the store (temporary file, fsync, rename) in constant memory. Throws EvidenceTooLarge or EvidenceNotKept. */
  put(description: EvidenceDescription, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<EvidenceRef>;
  /** The stored bytes. Throws EvidenceMissing, or EvidenceDamaged when the digest differs. */
  get(digest: string): AsyncIterable<Uint8Array>;
  /** True when all bytes are stored. */
  has(digest: string): Promise<boolean>;
  /** Free space, after a small probe was written, read back and removed. Throws EvidenceNotKept. */
  space(): Promise<EvidenceSpace>;
}
