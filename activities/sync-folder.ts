import { open } from 'node:fs/promises';

/** fsync of a folder: without it a power failure may undo a rename. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
