import { open } from 'node:fs/promises';

/** Brings the names in a folder to the disk. Without it a rename may be lost with the power, though the file's own bytes are safe. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
