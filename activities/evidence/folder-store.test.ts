import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { EvidenceStore } from './contract.ts';
import { createFolderEvidenceStore } from './folder-store.ts';

const description = { kind: 'k6-points', mediaType: 'application/x-ndjson', source: 'test' } as const;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function read(store: EvidenceStore, digest: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(digest)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evidence-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

test('keeps bytes under their SHA-256 and gives them back', async () => {
  const store = createFolderEvidenceStore(folder, { now: () => new Date(0) });
  async function* pieces() {
    yield bytesOf('one ');
    yield bytesOf('');
    yield bytesOf('two');
  }
  const ref = await store.put(description, pieces());
  expect(ref).toEqual({ ...description, digest: digestOf(bytesOf('one two')), sizeBytes: 7, capturedAt: '1970-01-01T00:00:00.000Z' });
  expect((await read(store, ref.digest)).toString()).toBe('one two');
  expect(await store.has(ref.digest)).toBe(true);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('keeps an empty piece too', async () => {
  const store = createFolderEvidenceStore(folder);
  const { digest, sizeBytes } = await store.put(description, new Uint8Array());
  expect(sizeBytes).toBe(0);
  expect((await read(store, digest)).length).toBe(0);
  expect(await store.has(digest)).toBe(true);
});

test('stores the same bytes put by many at once only once', async () => {
  const store = createFolderEvidenceStore(folder);
  const other = createFolderEvidenceStore(folder);
  const bytes = new Uint8Array(1_000_000).fill(7);
  const refs = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).put(description, bytes)));
  expect(new Set(refs.map((ref) => ref.digest)).size).toBe(1);
  expect(await files(folder)).toHaveLength(1);
  expect((await read(store, digestOf(bytes))).equals(bytes)).toBe(true);
});

test('reports unknown bytes as missing', async () => {
  const store = createFolderEvidenceStore(folder);
  const digest = digestOf(bytesOf('never stored'));
  expect(await store.has(digest)).toBe(false);
  await expect(read(store, digest)).rejects.toMatchObject({ name: 'EvidenceMissing', message: expect.stringContaining(digest) });
  await expect(read(store, '../../etc/passwd')).rejects.toMatchObject({ name: 'EvidenceMissing' });
});

test('finds one damaged bit', async () => {
  const store = createFolderEvidenceStore(folder);
  const { digest } = await store.put(description, new Uint8Array(600_000).fill(1));
  const [path] = (await files(folder)) as [string];
  const bytes = await readFile(path);
  bytes[599_999] = 0;
  await writeFile(path, bytes);
  await expect(read(store, digest)).rejects.toMatchObject({
    name: 'EvidenceDamaged',
    message: expect.stringContaining('the SHA-256 of its bytes differs'),
  });
});

test('finds a truncated file before the first byte is given out', async () => {
  const store = createFolderEvidenceStore(folder);
  const { digest } = await store.put(description, bytesOf('0123456789'));
  const [path] = (await files(folder)) as [string];
  await truncate(path, 4);
  expect(await store.has(digest)).toBe(false);
  await expect(store.get(digest)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    name: 'EvidenceDamaged',
    message: expect.stringContaining('4 bytes, 10 were stored'),
  });
});

test('heals a truncated file when the bytes are put again', async () => {
  const store = createFolderEvidenceStore(folder);
  const { digest } = await store.put(description, bytesOf('0123456789'));
  await truncate(((await files(folder)) as [string])[0], 4);
  await store.put(description, bytesOf('0123456789'));
  expect((await read(store, digest)).toString()).toBe('0123456789');
});

test('passes an error of the source through and keeps nothing of it', async () => {
  const store = createFolderEvidenceStore(folder);
  async function* broken() {
    yield bytesOf('half');
    throw new Error('the pod went away');
  }
  await expect(store.put(description, broken())).rejects.toThrow('the pod went away');
  expect(await files(folder)).toEqual([]);
});

test('refuses more bytes than one piece may have and keeps nothing of them', async () => {
  const store = createFolderEvidenceStore(folder, { limitBytes: 10 });
  await expect(store.put(description, bytesOf('0123456789'))).resolves.toMatchObject({ sizeBytes: 10 });
  await expect(store.put(description, bytesOf('0123456789a'))).rejects.toMatchObject({ name: 'EvidenceTooLarge' });
  expect(await files(folder)).toHaveLength(1);
});

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EROFS', 'read-only'],
])('reports %s during a write and leaves no partial file', async (code, sentence) => {
  const probe = await open(join(folder, 'probe'), 'w');
  const fileHandle = Object.getPrototypeOf(probe) as { write(...args: unknown[]): Promise<{ bytesWritten: number }> };
  await probe.close();
  await rm(join(folder, 'probe'));
  let writes = 0;
  const write = fileHandle.write;
  jest.spyOn(fileHandle, 'write').mockImplementation(function (this: unknown, ...args: unknown[]) {
    writes += 1;
    return writes > 2 ? Promise.reject(Object.assign(new Error(`${code}: write`), { code })) : write.apply(this as typeof fileHandle, args);
  });
  async function* many() {
    for (let i = 0; i < 5; i += 1) yield bytesOf(`piece ${i}`);
  }
  const store = createFolderEvidenceStore(folder);
  await expect(store.put(description, many())).rejects.toMatchObject({
    name: 'EvidenceNotKept',
    message: expect.stringContaining(sentence),
  });
  expect(writes).toBe(3);
  expect(await files(folder)).toEqual([]);
});

test('reports a path that cannot be a folder', async () => {
  await writeFile(join(folder, 'file'), '');
  const store = createFolderEvidenceStore(join(folder, 'file', 'store'));
  await expect(store.put(description, bytesOf('x'))).rejects.toMatchObject({
    name: 'EvidenceNotKept',
    message: expect.stringContaining('is a file'),
  });
  expect(await store.has(digestOf(bytesOf('x')))).toBe(false);
});

test('leaves no readable half when the process is killed in the middle of a put, and sweeps what it left a day later', async () => {
  const script = `
    import { createFolderEvidenceStore } from ${JSON.stringify(join(import.meta.dirname, 'folder-store.ts'))};
    const store = createFolderEvidenceStore(${JSON.stringify(folder)});
    async function* half() { yield new Uint8Array(100000); process.stdout.write('half is down'); await new Promise((done) => setTimeout(done, 60000)); }
    await store.put({ kind: 'k6-points', mediaType: 'x', source: 'x' }, half());
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');

  const left = await files(folder);
  expect(left).toHaveLength(1);
  expect(left[0]).toMatch(/incoming\/.*\.part$/);
  const store = createFolderEvidenceStore(folder);
  expect(await store.has(digestOf(new Uint8Array(100_000)))).toBe(false);

  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(left[0] as string, yesterday, yesterday);
  await store.put(description, bytesOf('next'));
  expect(await files(folder)).toHaveLength(1);
});

test('stores again after a sweep that failed once', async () => {
  // A folder of the name of a part cannot be removed as a file, and stops the sweep.
  const old = join(folder, 'incoming', 'old.part');
  await mkdir(old, { recursive: true });
  const yesterday = new Date(Date.now() - 25 * 3_600_000);
  await utimes(old, yesterday, yesterday);
  const store = createFolderEvidenceStore(folder);
  await expect(store.put(description, bytesOf('x'))).rejects.toMatchObject({ name: 'EvidenceNotKept' });
  await rm(old, { recursive: true });
  expect((await read(store, (await store.put(description, bytesOf('x'))).digest)).toString()).toBe('x');
});

test('measures the room in its file system, and leaves no probe behind', async () => {
  const space = await createFolderEvidenceStore(folder).space();
  expect(space.freeBytes).toBeGreaterThan(0);
  expect(space.totalBytes).toBeGreaterThanOrEqual(space.freeBytes);
  expect(await files(folder)).toEqual([]);
});

test('has no room in a folder that cannot be one', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(createFolderEvidenceStore(join(folder, 'file', 'store')).space()).rejects.toMatchObject({
    name: 'EvidenceNotKept',
    message: expect.stringContaining('is a file'),
  });
});

test('has no room when the probe cannot be written to the disk', async () => {
  const probe = await open(join(folder, 'probe'), 'w');
  const fileHandle = Object.getPrototypeOf(probe) as { sync(): Promise<void> };
  await probe.close();
  await rm(join(folder, 'probe'));
  jest.spyOn(fileHandle, 'sync').mockRejectedValue(Object.assign(new Error('ENOSPC: fsync'), { code: 'ENOSPC' }));
  await expect(createFolderEvidenceStore(folder).space()).rejects.toMatchObject({
    name: 'EvidenceNotKept',
    message: expect.stringContaining('the disk is full'),
  });
  expect(await files(folder)).toEqual([]);
});

test('keeps memory constant while a large piece streams through', async () => {
  const store = createFolderEvidenceStore(folder);
  const chunk = new Uint8Array(1_000_000);
  async function* large() {
    for (let i = 0; i < 150; i += 1) yield chunk;
  }
  const before = process.memoryUsage().rss;
  const { digest } = await store.put(description, large());
  let sizeBytes = 0;
  for await (const piece of store.get(digest)) sizeBytes += piece.byteLength;
  expect(sizeBytes).toBe(150_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(75_000_000);
});
