// Input files. An ordinary one is read in place; a pipe (`<(kubectl exec …)`) can be read only once and is copied first.
import { createReadStream, createWriteStream } from 'node:fs';
import { size } from '../../verdict/wording/index.ts';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UnreadableEvidence } from '../../analysis/analysis.ts';
import { isGzip, WHOLE_LIMIT_BYTES } from '../../analysis/bytes/gunzip.ts';
import { gunzipped } from '../../analysis/load-test/summary.ts';

/** Bytes that can be read again and again. */
export interface Input {
  /** The argument. */
  name: string;
  /** Path of the bytes. */
  path: string;
}

const WHOLE_LIMIT = size(WHOLE_LIMIT_BYTES);
/** Enough to detect every kind, in one read. */
const HEAD_BYTES = 64 * 1024;

/** Not a readable file. */
export class NotAFile extends Error {
  override readonly name = 'NotAFile';
}

/** The result of `read` for a file. Throws NotAFile, and UnreadableEvidence for a pipe that is empty or larger than 256 MB. */
export async function withInput<T>(file: string, read: (input: Input) => Promise<T>): Promise<T> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new NotAFile(`${file} not found`) : error;
  });
  if (found.isDirectory()) throw new NotAFile(`${file} is a folder; give the files in it`);
  if (found.isFile()) return await read({ name: file, path: file });
  return await withTemporaryFile(pipeBytes(file), (path) => read({ name: file, path }));
}

/** The result of `use` for a temporary file with these bytes. */
export async function withTemporaryFile<T>(bytes: AsyncIterable<Uint8Array>, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tminus-analyze-'));
  try {
    const path = join(folder, 'input');
    await pipeline(bytes, createWriteStream(path));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* pipeBytes(file: string): AsyncIterable<Uint8Array> {
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > WHOLE_LIMIT_BYTES)
      throw new UnreadableEvidence(`the pipe has more than ${WHOLE_LIMIT}`, `byte ${WHOLE_LIMIT_BYTES}`, 'save it to a file first');
    yield chunk;
  }
  if (size === 0) throw new UnreadableEvidence('the pipe is empty', 'byte 0', 'a pipe can be read only once: save it to a file first');
}

/** The first bytes, gunzipped; empty if their compression is damaged: the reader of the whole file reports that. */
export async function headOf({ path }: Input): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    return isGzip(head) ? await firstGunzipped(head) : head;
  } finally {
    await handle.close();
  }
}

async function firstGunzipped(head: Uint8Array): Promise<Uint8Array> {
  try {
    for await (const chunk of gunzipped(once(head))) return chunk;
  } catch {
    // The head of a gzip stream is cut off in the middle of a block.
  }
  return new Uint8Array();
}

/** All bytes. Throws UnreadableEvidence above 256 MB, also for files without a size, as below /proc. */
export async function wholeOf({ path }: Input): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    // One byte more than the size, so that the end is reached without a second buffer.
    let bytes = Buffer.allocUnsafe(Math.max(Math.min(size, WHOLE_LIMIT_BYTES) + 1, HEAD_BYTES));
    for (let length = 0; ;) {
      if (size > WHOLE_LIMIT_BYTES || length > WHOLE_LIMIT_BYTES)
        throw new UnreadableEvidence(`the file is larger than ${WHOLE_LIMIT}`, `byte ${WHOLE_LIMIT_BYTES}`, 'capture a shorter period');
      if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length, WHOLE_LIMIT_BYTES + 1));
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) return bytes.subarray(0, length);
      length += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

/** Bytes as a stream of one chunk. */
export async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
