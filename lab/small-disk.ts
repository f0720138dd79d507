// A folder with its own file system, which is filled by reducing its size to what is used.
import { mkdirSync, statfsSync } from 'node:fs';
import { run, succeeds } from './command.ts';

/** A tmpfs takes memory only for its content. More than any check of free space requires. */
const SIZE = '16g';
/** A file may grow between reading the used size and the remount. */
const MAX_FILL_ATTEMPTS = 20;

export interface SmallDisk {
  folder: string;
  /** Leaves no free byte. */
  fill(): Promise<void>;
  /** Frees space again. */
  free(): Promise<void>;
  /** Unmounts it and loses its content. */
  close(): Promise<void>;
}

/** Mounts an empty disk on the folder, and creates the folder if needed. */
export async function smallDisk(folder: string): Promise<SmallDisk> {
  mkdirSync(folder, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]);
  return {
    folder,
    async fill() {
      for (let attempt = 0; attempt < MAX_FILL_ATTEMPTS; attempt += 1) {
        const { blocks, bfree, bsize } = statfsSync(folder);
        // A size of 0 means no limit.
        const usedBytes = Math.max(1, blocks - bfree) * bsize;
        if (await succeeds(['mount', '-o', `remount,size=${usedBytes}`, folder])) return;
      }
      throw new Error(`${folder} could not be filled in ${MAX_FILL_ATTEMPTS} attempts: its files keep growing`);
    },
    async free() {
      await run(['mount', '-o', `remount,size=${SIZE}`, folder]);
    },
    async close() {
      await run(['umount', '--lazy', folder]);
    },
  };
}
