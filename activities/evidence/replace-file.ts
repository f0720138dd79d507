import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../sync-folder.ts';
import { notKept } from './errors.ts';

/** Ending of a file that is not whole yet, or was left by a process that was killed before the rename; nobody reads it. */
export const PART = '.part';

/** Replaces a small file of an evidence folder whole: part file, fsync, rename, fsync of its folder, which is made when needed. Throws EvidenceNotKept. */
export async function replaceFile(evidenceFolder: string, path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}${PART}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(part, text, { flag: 'wx', mode: 0o640, flush: true });
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    // The first error is the one to report; a part file that cannot be removed is read by nobody.
    await rm(part, { force: true }).catch(() => undefined);
    throw notKept(evidenceFolder, cause);
  }
}
