import { replaceFile } from '../replace-file.ts';
import { notKept } from './errors.ts';

/** Writes a pointer of an evidence folder atomically. Throws EvidenceNotKept. */
export async function replacePointer(evidenceFolder: string, path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (cause) {
    throw notKept(evidenceFolder, cause);
  }
}
