import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/** Extension of an incomplete file; a killed process may leave one. */
export const PART = '.part';

/** Writes a small file atomically (part file, fsync, rename, fsync of its folder); creates the folder. Throws the errors of the file system. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}${PART}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(part, text, { flag: 'wx', mode: 0o640, flush: true });
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    // The first error is reported; a part file that remains is never read.
    await rm(part, { force: true }).catch(() => undefined);
    throw cause;
  }
}
