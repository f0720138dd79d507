// A folder on a file system of its own that can be made full at once: nothing is written for it, its size is cut to what is used.
import { mkdirSync, statfsSync } from 'node:fs';
import { run, succeeds } from './command.ts';

/** Memory is only taken by what is stored; more than any check of free space asks for. */
const SIZE = '16g';
/** Something may be written between reading how much is used and the cut. */
const FILL_ATTEMPTS = 20;

export interface SmallDisk {
  folder: string;
  /** No byte more fits from then on. */
  fill(): Promise<void>;
  /** There is room again. */
  free(): Promise<void>;
  /** Unmounts it; what it held is gone. */
  close(): Promise<void>;
}

/** Mounts an empty disk on the folder, which is made when it is not there. */
export async function smallDisk(folder: string): Promise<SmallDisk> {
  mkdirSync(folder, { recursive: true });
  await run(['mount', '-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]);
  return {
    folder,
    async fill() {
      for (let attempt = 0; attempt < FILL_ATTEMPTS; attempt += 1) {
        const { blocks, bfree, bsize } = statfsSync(folder);
        // Less than one page would mean no limit.
        const usedBytes = Math.max(1, blocks - bfree) * bsize;
        if (await succeeds(['mount', '-o', `remount,size=${usedBytes}`, folder])) return;
      }
      throw new Error(`${folder} could not be made full: more is written to it all the time`);
    },
    async free() {
      await run(['mount', '-o', `remount,size=${SIZE}`, folder]);
    },
    async close() {
      await run(['umount', '--lazy', folder]);
    },
  };
}
