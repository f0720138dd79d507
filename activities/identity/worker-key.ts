// The workers' signing key. A worker signs what it observed (Statement); other workers verify it. It never signs decisions of people
// (docs/decisions/0013).
import { canonicalJson } from '../../verdict/digest.ts';
import type { Seal } from './contract.ts';
import { openKeyPair, signaturesOf, type KeyFiles, type KeyPair } from './key-pair.ts';

/** What a worker states. Each names its countdown and the first run of it, so that nothing can be used for another one. */
export type Statement = { countdown: string; run: string } & (
  | { kind: 'admission'; start: string }
  | { kind: 'carried'; state: string }
  | { kind: 'before'; effect: string; target: { cluster: string; key: string }; generation: number; before: unknown }
);

export interface WorkerKey {
  /** Makes the key and the folder of public keys where they are not there yet: from then on a folder that is missing is an outage. */
  open(): void;
  seal(statement: Statement): Seal;
  /** `unknown`: there is no seal, or its key is not trusted here. */
  check(statement: Statement, seal: Seal | undefined): Promise<'valid' | 'different' | 'unknown'>;
}

/** The key is made when it is opened or first used, mode 600: a worker that only makes load never has one. */
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
