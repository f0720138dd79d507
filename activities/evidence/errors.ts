// Errors of the evidence store. Their names are the failure types in workflows.

/** No bytes are stored under this digest. Permanent. */
export class EvidenceMissing extends Error {
  override readonly name = 'EvidenceMissing';
}

/** The stored bytes do not match the digest. Permanent. */
export class EvidenceDamaged extends Error {
  override readonly name = 'EvidenceDamaged';
  /** Without digest and folder. */
  readonly reason: string;

  constructor(digest: string, folder: string, reason: string) {
    super(`Evidence ${digest} in ${folder} is damaged: ${reason}.`);
    this.reason = reason;
  }
}

/** Larger than the limit for one piece of evidence. Permanent. */
export class EvidenceTooLarge extends Error {
  override readonly name = 'EvidenceTooLarge';
}

/** The store cannot keep bytes now (disk full, read-only, folder missing). May pass. */
export class EvidenceNotKept extends Error {
  override readonly name = 'EvidenceNotKept';
}

const CAUSES: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space, then retry',
  EDQUOT: 'the disk quota is exceeded; free some space, then retry',
  EROFS: 'the file system is read-only; mount it writable or choose another evidence folder',
  EACCES: 'this process has no write permission; grant it or choose another evidence folder',
  EPERM: 'this process has no write permission; grant it or choose another evidence folder',
  ENOTDIR: 'a part of its path is a file, not a folder; choose another evidence folder',
  EMFILE: 'too many files are open; raise the limit of open files',
  EIO: 'the disk reports input/output errors',
};

/** Converts an error of the file system. */
export function notKept(folder: string, cause: unknown): EvidenceNotKept {
  return new EvidenceNotKept(`The evidence store ${folder} cannot keep the bytes: ${reasonOf(cause)}.`, { cause });
}

/** The error of a prune that stopped; what it has removed stays removed. */
export function notPruned(folder: string, cause: unknown): Error {
  return new Error(`The evidence store ${folder} was pruned only in part: ${reasonOf(cause)}.`, { cause });
}

function reasonOf(cause: unknown): string {
  return CAUSES[errorCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause));
}

/** `ENOENT` and the like, or empty. Errors of another realm (jest, worker threads) are not `instanceof Error`. */
export function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
