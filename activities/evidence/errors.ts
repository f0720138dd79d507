// What can be wrong with a piece of evidence. The names are the failure types workflows see; all carry one sentence for people.

/** No bytes are stored under this digest. Retrying cannot mend it. */
export class EvidenceMissing extends Error {
  override readonly name = 'EvidenceMissing';
}

/** The stored bytes are not those of the digest any more. Retrying cannot mend it. */
export class EvidenceDamaged extends Error {
  override readonly name = 'EvidenceDamaged';
  /** What is not as it was, without digest and place. */
  readonly why: string;

  constructor(digest: string, folder: string, why: string) {
    super(`Evidence ${digest} in ${folder} is damaged: ${why}.`);
    this.why = why;
  }
}

/** More bytes than one piece of evidence may have. Retrying cannot mend it. */
export class EvidenceTooLarge extends Error {
  override readonly name = 'EvidenceTooLarge';
}

/** The store cannot keep bytes now (disk full, read-only, folder gone). May mend itself once someone makes room. */
export class EvidenceNotKept extends Error {
  override readonly name = 'EvidenceNotKept';
}

const CAUSES: Record<string, string> = {
  ENOSPC: 'the disk is full; make room, then retry',
  EDQUOT: 'the disk quota is used up; make room, then retry',
  EROFS: 'the file system is read-only; mount it writable or choose another evidence folder',
  EACCES: 'this process may not write there; give it the right or choose another evidence folder',
  EPERM: 'this process may not write there; give it the right or choose another evidence folder',
  ENOTDIR: 'a part of its path is a file, not a folder; choose another evidence folder',
  EMFILE: 'too many files are open; raise the limit of open files',
  EIO: 'the disk answers with input/output errors',
};

/** Turns an error of the file system into the message of EvidenceNotKept. */
export function notKept(folder: string, cause: unknown): EvidenceNotKept {
  return new EvidenceNotKept(`The evidence store ${folder} cannot keep the bytes: ${reasonOf(cause)}.`, { cause });
}

/** Turns an error of the file system into the message of a prune that stopped. What it had removed until then stays removed. */
export function notPruned(folder: string, cause: unknown): Error {
  return new Error(`The evidence store ${folder} could not be pruned to the end: ${reasonOf(cause)}.`, { cause });
}

function reasonOf(cause: unknown): string {
  return CAUSES[errorCode(cause)] ?? (cause instanceof Error ? cause.message : String(cause));
}

/** `ENOENT` and the like, or empty. Asks for the property, not the class: errors of another realm (jest, worker threads) are no `instanceof Error`. */
export function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
