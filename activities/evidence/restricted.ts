// Store for whole Deployments with the values of their environment variables: only restores read it. Its folder `restricted/` in the evidence
// folder is not served by the server.
import { mkdir } from 'node:fs/promises';
import type { EvidenceStore } from './contract.ts';
import { notKept } from './errors.ts';
import { createFolderEvidenceStore } from './folder-store.ts';
import { restrictedIn } from './prune.ts';

/** Only the worker's user. */
const FOLDER_MODE = 0o700;

/** The restricted store of an evidence folder; its pieces are verified like evidence. */
export function createRestrictedStore(evidenceFolder: string): EvidenceStore {
  const folder = restrictedIn(evidenceFolder);
  const store = createFolderEvidenceStore(folder);
  return {
    ...store,
    async put(description, bytes) {
      try {
        // Separately: with one recursive call the mode would apply to both folders.
        await mkdir(evidenceFolder, { recursive: true });
        await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      } catch (cause) {
        throw notKept(folder, cause);
      }
      return store.put(description, bytes);
    },
  };
}
