// How much room a folder has, measured where the evidence goes: free bytes alone do not show a read-only mount, a quota or a lost right.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceSpace } from './contract.ts';

/** One block of the usual file systems: enough to need a block and an inode, as a piece does. */
const PROBE_BYTES = 4_096;

/** Writes, reads back and removes a probe in `folder`, and measures its file system. Throws the errors of the file system. */
export async function spaceIn(folder: string): Promise<EvidenceSpace> {
  await probe(folder);
  const { bsize, bavail, blocks, ffree, files } = await statfs(folder);
  return {
    // bavail, not bfree: the blocks reserved for root are not free for a worker.
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    // btrfs and some network file systems make inodes as they are needed and report 0 of 0.
    freeFiles: files === 0 ? null : ffree,
    totalFiles: files === 0 ? null : files,
  };
}

/** In `incoming` and called a part: a probe that a killed process left is swept with the parts. */
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
    if (bytesRead !== PROBE_BYTES || !read.equals(written)) throw new Error('a probe of 4 kB reads back as other bytes than were written');
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}
