// Free space of a folder, with a test write: free bytes alone do not show a read-only mount, a quota or a missing permission.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceSpace } from './contract.ts';

/** One block of common file systems: the probe needs a block and an inode, like a piece. */
const PROBE_BYTES = 4_096;

/** Writes, reads back and removes a probe in `folder`, and measures its file system. Throws the errors of the file system. */
export async function spaceIn(folder: string): Promise<EvidenceSpace> {
  await probe(folder);
  const { bsize, bavail, blocks, ffree, files } = await statfs(folder);
  return {
    // bavail, not bfree: some blocks are reserved for root.
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    // btrfs and some network file systems create inodes on demand and report 0 of 0.
    freeFiles: files === 0 ? null : ffree,
    totalFiles: files === 0 ? null : files,
  };
}

/** A part file in `incoming`, so that the probe of a killed process is swept with the parts. */
async function probe(folder: string): Promise<void> {
  const incoming = join(folder, 'incoming');
  await mkdir(incoming, { recursive: true });
  const path = join(incoming, `${randomUUID()}.part`);
  const written = Buffer.alloc(PROBE_BYTES, path);
  const handle = await open(path, 'wx+');
  try {
    await handle.writeFile(written);
    await handle.sync();
    const read = Buffer.alloc(PROBE_BYTES);
    const { bytesRead } = await handle.read(read, 0, PROBE_BYTES, 0);
    if (bytesRead !== PROBE_BYTES || !read.equals(written)) throw new Error('a probe of 4 kB was read back with other bytes');
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}
