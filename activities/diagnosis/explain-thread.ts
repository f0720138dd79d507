// Entry point of the worker thread.
import { diagnose } from '../../analysis/diagnosis/diagnose.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { Explain, Explained } from './explain-apart.ts';

export default async function explain({ record, recordDigest, evidenceFolder }: Explain): Promise<Explained> {
  const store = createFolderEvidenceStore(evidenceFolder);
  const { findings, facts } = await diagnose(record, (digest) => store.get(digest), recordDigest);
  return { findings, facts };
}
