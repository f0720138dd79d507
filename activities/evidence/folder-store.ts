// Evidence in a folder. A piece is one file named by its SHA-256 and its length; it appears there whole (temporary file, fsync, rename,
// fsync of the folder) or not at all, and is never changed. A process killed in the middle leaves only a `.part` file nobody reads.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvidenceRef } from '../../verdict/finding.ts';
import { syncFolder } from '../sync-folder.ts';
import type { EvidenceDescription, EvidenceStore } from './contract.ts';
import { EvidenceDamaged, EvidenceMissing, EvidenceTooLarge, notKept } from './errors.ts';
import { absent } from './absent.ts';
import { spaceIn } from './folder-space.ts';
import { takenAwayIn } from './prune.ts';

/** One piece at most. A load test of a million requests is about 2.5 GB as k6 writes it and 0.1 GB as it is stored (gzip). */
const EVIDENCE_LIMIT_BYTES = 2 * 1024 ** 3;
/** Read in pieces of this size: large enough that the disk sets the pace, small enough that memory stays constant. */
const READ_CHUNK_BYTES = 256 * 1024;
/** No capture lasts a day, so an older `.part` belongs to a process that was killed. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

export interface FolderStoreOptions {
  limitBytes?: number;
  now?: () => Date;
}

/**
 * Opens the store over `folder`; folders are made when first needed. Throws (from put) EvidenceTooLarge, EvidenceNotKept;
 * (from get) EvidenceMissing, EvidenceDamaged. Errors of the source of the bytes pass through unchanged, and nothing is stored then.
 */
export function createFolderEvidenceStore(
  folder: string,
  { limitBytes = EVIDENCE_LIMIT_BYTES, now = () => new Date() }: FolderStoreOptions = {},
): EvidenceStore {
  const incoming = join(folder, 'incoming');
  let swept: Promise<void> | undefined;

  async function put(description: EvidenceDescription, bytes: AsyncIterable<Uint8Array> | Uint8Array): Promise<EvidenceRef> {
    const capturedAt = now().toISOString();
    const part = join(incoming, `${randomUUID()}.part`);
    try {
      const handle = await atDisk(folder, async () => {
        await mkdir(incoming, { recursive: true });
        await (swept ??= sweepOnce());
        return open(part, 'wx');
      });
      const { hex, sizeBytes } = await writeAll(folder, handle, bytes, limitBytes);
      await atDisk(folder, () => settle(folder, part, hex, sizeBytes));
      return { digest: `sha256:${hex}`, sizeBytes, capturedAt, ...description };
    } catch (cause) {
      // The first error is the one to tell; a part that cannot be removed now is swept a day later.
      await rm(part, { force: true }).catch(() => undefined);
      throw cause;
    }
  }

  /** A sweep that failed is told by the put that began it, and tried again by the next: a disk may be well again. */
  async function sweepOnce(): Promise<void> {
    try {
      await sweep(incoming, now().getTime());
    } catch (cause) {
      swept = undefined;
      throw cause;
    }
  }

  async function has(digest: string): Promise<boolean> {
    const found = await findPiece(folder, hexOf(digest));
    return found !== null && found.actualBytes === found.sizeBytes;
  }

  return { put, get: (digest) => readPiece(folder, digest), has, space: () => atDisk(folder, () => spaceIn(folder)) };
}

/** Streams into the open file and closes it, whatever happens. */
async function writeAll(folder: string, handle: FileHandle, bytes: AsyncIterable<Uint8Array> | Uint8Array, limitBytes: number) {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limitBytes) {
        throw new EvidenceTooLarge(`One piece of evidence may have ${limitBytes} bytes; this one has more, and nothing of it was kept.`);
      }
      hash.update(chunk);
      await atDisk(folder, () => writeWhole(handle, chunk));
    }
    await atDisk(folder, () => handle.sync());
    return { hex: hash.digest('hex'), sizeBytes };
  } finally {
    await handle.close();
  }
}

/** A write may take only a part of the chunk (disk nearly full, signals): goes on until all of it is down. */
async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.byteLength) at += (await handle.write(chunk, at, chunk.byteLength - at)).bytesWritten;
}

/**
 * Gives the finished part its name. The same bytes put twice meet here: the second rename replaces a file by its equal, which is as new as its
 * last byte; prune goes by that time.
 */
async function settle(folder: string, part: string, hex: string, sizeBytes: number): Promise<void> {
  const shard = shardOf(folder, hex);
  await mkdir(shard, { recursive: true });
  await rename(part, join(shard, `${hex}.${sizeBytes}`));
  await syncFolder(shard);
  await syncFolder(join(folder, 'sha256'));
}

async function* readPiece(folder: string, digest: string): AsyncIterable<Uint8Array> {
  const hex = hexOf(digest);
  const found = await findPiece(folder, hex);
  if (!found) throw new EvidenceMissing(`There is no evidence ${digest} in ${folder}.`);
  if (found.actualBytes !== found.sizeBytes) {
    throw new EvidenceDamaged(digest, folder, `it has ${found.actualBytes} bytes and had ${found.sizeBytes} when it was stored`);
  }
  const hash = createHash('sha256');
  const handle = await open(found.path, 'r');
  try {
    for await (const chunk of handle.createReadStream({ highWaterMark: READ_CHUNK_BYTES, autoClose: false })) {
      const bytes = chunk as Uint8Array;
      hash.update(bytes);
      yield bytes;
    }
  } finally {
    await handle.close();
  }
  // Known only at the end: a reader must use nothing of it before the iteration has ended without an error.
  if (hash.digest('hex') !== hex) throw new EvidenceDamaged(digest, folder, 'its bytes have another SHA-256');
}

interface StoredPiece {
  path: string;
  /** As its name has it. */
  sizeBytes: number;
  actualBytes: number;
}

async function findPiece(folder: string, hex: string): Promise<StoredPiece | null> {
  const shard = shardOf(folder, hex);
  // A piece that was stored again while prune took it away is for a moment only among the pieces taken away.
  return (await findIn(shard, hex)) ?? (await findIn(takenAwayIn(folder), hex)) ?? (await findIn(shard, hex));
}

async function findIn(place: string, hex: string): Promise<StoredPiece | null> {
  const names = await readdir(place).catch(absent([]));
  const name = names.find((each) => each.startsWith(`${hex}.`));
  if (name === undefined) return null;
  const path = join(place, name);
  // Deleted just now: as good as never there.
  const entry = await stat(path).catch(absent(null));
  return entry && { path, sizeBytes: Number(name.split('.')[1]), actualBytes: entry.size };
}

const shardOf = (folder: string, hex: string): string => join(folder, 'sha256', hex.slice(0, 2));

/** Runs one step on the disk and turns its error into the sentence people read. */
async function atDisk<T>(folder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw notKept(folder, cause);
  }
}

/** Removes what killed processes left. Another process may sweep at the same time, so a part already gone is fine. */
async function sweep(incoming: string, nowMs: number): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    const found = await stat(path).catch(absent(null));
    if (found && nowMs - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new EvidenceMissing(`"${digest}" is not a digest of evidence; digests look like sha256:<64 hex digits>.`);
  return hex;
}
