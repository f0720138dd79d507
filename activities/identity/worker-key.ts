// The workers' signing key. A worker signs its observations (Statement), and other workers verify them. It never signs actions of people
// (docs/decisions/0013).
import { canonicalJson } from '../../verdict/digest.ts';
import type { Seal } from '../../verdict/signed.ts';
import { openKeyPair, signaturesOf, type KeyFiles, type KeyPair } from './key-pair.ts';

/** Each names its countdown and the first run, so that it cannot be used for another countdown. */
export type Statement = { countdown: string; run: string } & (
  | { kind: 'admission'; start: string }
  | { kind: 'carried'; state: string }
  | { kind: 'before'; effect: string; target: { cluster: string; key: string }; generation: number; before: unknown }
);

export interface WorkerKey {
  /** Creates the key and the folder of public keys if necessary; afterwards a missing folder is an error. */
  open(): void;
  seal(statement: Statement): Seal;
  /** `unknown`: no seal, or its key is not trusted. */
  check(statement: Statement, seal: Seal | undefined): Promise<'valid' | 'different' | 'unknown'>;
}

/** Creates the key (mode 600) when it is opened or first used: a worker that only generates load has none. */
export function workerKey(files: KeyFiles): WorkerKey {
  let key: KeyPair | null = null;
  const check = signaturesOf(files.publicKeys);
  const open = (): KeyPair => (key ??= openKeyPair(files));
  return {
    open,
    seal(statement) {
      const { keyId, sign } = open();
      return { keyId, signature: sign(canonicalJson(statement)) };
    },
    async check(statement, seal) {
      if (typeof seal?.keyId !== 'string' || typeof seal.signature !== 'string') return 'unknown';
      return check(canonicalJson(statement), seal);
    },
  };
}
