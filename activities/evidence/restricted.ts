// Bytes that only restores read: whole Deployments, with the values of their environment variables. They lie in the folder `restricted/` of the
// evidence folder, which no route of the server reads.
import { mkdir } from 'node:fs/promises';
import type { EvidenceStore } from './contract.ts';
import { notKept } from './errors.ts';
import { createFolderEvidenceStore } from './folder-store.ts';
import { restrictedIn } from './prune.ts';

/** For the user of the worker alone. */
const FOLDER_MODE = 0o700;

/** The restricted pieces of an evidence folder, stored and verified like evidence. */
export function createRestrictedStore(evidenceFolder: string): EvidenceStore {
  const folder = restrictedIn(evidenceFolder);
  const store = createFolderEvidenceStore(folder);
  return {
    ...store,
    async put(description, bytes) {
      try {
        // By itself: the mode is for the last folder only.
        await mkdir(evidenceFolder, { recursive: true });
        await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      } catch (cause) {
        throw notKept(folder, cause);
      }
      return store.put(description, bytes);
    },
  };
}
