// Evidence in a folder. A piece is a file named by SHA-256 and length, written atomically (temporary file, fsync, rename, fsync of the folder) and
// never changed. A killed process leaves only a `.part` file.
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

/** Per piece. A load test of a million requests has about 2.5 GB as written by k6 and 0.1 GB gzipped. */
const MAX_EVIDENCE_BYTES = 2 * 1024 ** 3;
/** Large enough for the speed of the disk, small enough for constant memory. */
const READ_CHUNK_BYTES = 256 * 1024;
/** No capture lasts a day: an older `.part` belongs to a killed process. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

export interface FolderStoreOptions {
  limitBytes?: number;
  now?: () => Date;
}

/**
 * Opens the store in `folder`; folders are created when needed. put throws EvidenceTooLarge and EvidenceNotKept, get throws EvidenceMissing and
 * EvidenceDamaged. An error of the byte source is thrown unchanged, and nothing is stored.
 */
export function createFolderEvidenceStore(
  folder: string,
  { limitBytes = MAX_EVIDENCE_BYTES, now = () => new Date() }: FolderStoreOptions = {},
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
      // The first error is reported; a part that cannot be removed is swept a day later.
      await rm(part, { force: true }).catch(() => undefined);
      throw cause;
    }
  }

  /** The put that started a failed sweep reports it, and the next one retries. */
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
        throw new EvidenceTooLarge(`The evidence exceeds the limit of ${limitBytes} bytes; nothing was stored.`);
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

/** A single write may be partial (disk nearly full, signals). */
async function writeWhole(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let at = 0;
  while (at < chunk.byteLength) at += (await handle.write(chunk, at, chunk.byteLength - at)).bytesWritten;
}

/** Renames the finished part. Bytes that are already stored are replaced by equal ones with a new modification time, which prune uses. */
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
    throw new EvidenceDamaged(digest, folder, `it has ${found.actualBytes} bytes, ${found.sizeBytes} were stored`);
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
  // Verified only at the end: a reader must not use the bytes before the iteration ends without an error.
  if (hash.digest('hex') !== hex) throw new EvidenceDamaged(digest, folder, 'the SHA-256 of its bytes differs');
}

interface StoredPiece {
  path: string;
  /** According to its file name. */
  sizeBytes: number;
  actualBytes: number;
}

async function findPiece(folder: string, hex: string): Promise<StoredPiece | null> {
  const shard = shardOf(folder, hex);
  // A piece that is stored again during a prune may for a moment exist only in the folder of removed pieces.
  return (await findIn(shard, hex)) ?? (await findIn(takenAwayIn(folder), hex)) ?? (await findIn(shard, hex));
}

async function findIn(place: string, hex: string): Promise<StoredPiece | null> {
  const names = await readdir(place).catch(absent([]));
  const name = names.find((each) => each.startsWith(`${hex}.`));
  if (name === undefined) return null;
  const path = join(place, name);
  // It may have been deleted since the listing.
  const entry = await stat(path).catch(absent(null));
  return entry && { path, sizeBytes: Number(name.split('.')[1]), actualBytes: entry.size };
}

const shardOf = (folder: string, hex: string): string => join(folder, 'sha256', hex.slice(0, 2));

/** Runs one disk operation and converts its error. */
async function atDisk<T>(folder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw notKept(folder, cause);
  }
}

/** Removes parts of killed processes. Another process may sweep at the same time. */
async function sweep(incoming: string, nowMs: number): Promise<void> {
  for (const name of await readdir(incoming)) {
    const path = join(incoming, name);
    const found = await stat(path).catch(absent(null));
    if (found && nowMs - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

function hexOf(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new EvidenceMissing(`"${digest}" is not a digest; digests have the form sha256:<64 hex digits>.`);
  return hex;
}
