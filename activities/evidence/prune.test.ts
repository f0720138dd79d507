import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { copyFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EvidenceStore } from './contract.ts';
import { createFolderEvidenceStore } from './folder-store.ts';
import { createRestrictedStore } from './restricted.ts';
import { pruneEvidence, type PruneOptions } from './prune.ts';

const DAY_MS = 24 * 3_600_000;
const options: PruneOptions = { olderThanMs: 90 * DAY_MS, named: new Set(), dryRun: false };

let folder: string;
let store: EvidenceStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prune-'));
  store = createFolderEvidenceStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const put = async (text: string): Promise<string> =>
  (await store.put({ kind: 'k6-points', mediaType: 'text/plain', source: 'test' }, new TextEncoder().encode(text))).digest;
const fileOf = (digest: string, text: string): string =>
  join(folder, 'sha256', digest.slice(7, 9), `${digest.slice(7)}.${Buffer.byteLength(text)}`);

/** Stores text as if that many days ago. */
async function putDaysAgo(text: string, days: number): Promise<string> {
  const digest = await put(text);
  const then = new Date(Date.now() - days * DAY_MS);
  await utimes(fileOf(digest, text), then, then);
  return digest;
}

test('prune keeps what an open countdown names, and what is young, and removes the rest', async () => {
  const [named, old, young] = [await putDaysAgo('named', 100), await putDaysAgo('old', 91), await putDaysAgo('young', 89)];
  expect(await pruneEvidence(folder, { ...options, named: new Set([named]) })).toEqual({
    removed: 1,
    removedBytes: 3,
    keptNamed: 1,
    keptYoung: 1,
  });
  expect([await store.has(named), await store.has(old), await store.has(young)]).toEqual([true, false, true]);
});

test('prune removes old restricted pieces too, and keeps what an undo names', async () => {
  const restricted = createRestrictedStore(folder);
  const digests: string[] = [];
  for (const text of ['named', 'old']) {
    const { digest } = await restricted.put({ kind: 'deployment-snapshot', mediaType: 'text/plain', source: 'test' }, Buffer.from(text));
    const then = new Date(Date.now() - 100 * DAY_MS);
    await utimes(fileOf(digest, text).replace('/sha256/', '/restricted/sha256/'), then, then);
    digests.push(digest);
  }
  await mkdir(join(folder, 'undo'));
  await writeFile(join(folder, 'undo', 'a.json'), JSON.stringify({ before: { whole: digests[0] } }));
  expect(await pruneEvidence(folder, options)).toMatchObject({ removed: 1, keptNamed: 1 });
  expect(await Promise.all(digests.map((digest) => restricted.has(digest)))).toEqual([true, false]);
});

test('prune counts and removes nothing in a dry run', async () => {
  const old = await putDaysAgo('old', 91);
  expect(await pruneEvidence(folder, { ...options, dryRun: true })).toMatchObject({ removed: 1, removedBytes: 3 });
  expect(await store.has(old)).toBe(true);
});

test('prune keeps what last-good, undo and countdown records refer to, the pointers themselves and parts in progress', async () => {
  const [good, snapshot, record] = [await putDaysAgo('good', 400), await putDaysAgo('snapshot', 400), await putDaysAgo('record', 400)];
  const beside = {
    'last-good/lab.shop.go-api.json': good,
    'undo/0a.json': snapshot,
    'records/go-api.1.json': record,
    'incoming/slow.part': 'x',
  };
  const then = new Date(Date.now() - 400 * DAY_MS);
  for (const [name, text] of Object.entries(beside)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), JSON.stringify({ deep: [text] }));
    await utimes(join(folder, name), then, then);
  }
  expect(await pruneEvidence(folder, options)).toMatchObject({ removed: 0, keptNamed: 3 });
  for (const name of Object.keys(beside)) expect((await stat(join(folder, name))).isFile()).toBe(true);
});

test('prune keeps an old piece whose bytes were stored again', async () => {
  const digest = await putDaysAgo('again', 100);
  await put('again');
  expect(await pruneEvidence(folder, options)).toMatchObject({ removed: 0, keptYoung: 1 });
  expect(await store.has(digest)).toBe(true);
});

test('prune keeps a piece whose bytes are stored again between the first stat and the removal', async () => {
  const digest = await putDaysAgo('again', 100);
  const path = fileOf(digest, 'again');
  let asked = 0;
  const now = (): number => {
    asked += 1;
    // As a put does it: a new file takes the name over, right after prune has seen the old one.
    if (asked === 1) {
      copyFileSync(path, join(folder, 'incoming', 'x.part'));
      renameSync(join(folder, 'incoming', 'x.part'), path);
    }
    return Date.now();
  };
  expect(await pruneEvidence(folder, { ...options, now })).toMatchObject({ removed: 0, keptYoung: 1 });
  expect(asked).toBeGreaterThan(1);
  expect(await store.has(digest)).toBe(true);
});

test('prune loses none of the pieces that are stored again while it runs', async () => {
  const texts = Array.from({ length: 60 }, (_, index) => `piece ${index}`);
  for (const text of texts) await putDaysAgo(text, 100);
  const [, digests] = await Promise.all([pruneEvidence(folder, options), Promise.all(texts.map(put)), pruneEvidence(folder, options)]);
  expect(await Promise.all(digests.map((digest) => store.has(digest)))).toEqual(texts.map(() => true));
});

test('a prune that was killed between taking away and removing leaves a readable piece, and the next one goes on', async () => {
  const [named, old] = [await putDaysAgo('named', 100), await putDaysAgo('old', 100)];
  await mkdir(join(folder, 'taken-away'));
  for (const [digest, text] of [
    [named, 'named'],
    [old, 'old'],
  ] as const)
    await rename(fileOf(digest, text), join(folder, 'taken-away', `${digest.slice(7)}.${text.length}.0`));
  expect([await store.has(named), await store.has(old)]).toEqual([true, true]);
  expect(await pruneEvidence(folder, { ...options, named: new Set([named]) })).toMatchObject({ removed: 1, keptNamed: 1 });
  expect([await store.has(named), await store.has(old), await readdir(join(folder, 'taken-away'))]).toEqual([true, false, []]);
});

test('a piece that was stored again after a prune was killed stays', async () => {
  const digest = await putDaysAgo('again', 100);
  await mkdir(join(folder, 'taken-away'));
  await rename(fileOf(digest, 'again'), join(folder, 'taken-away', `${digest.slice(7)}.5.0`));
  await put('again');
  expect(await pruneEvidence(folder, options)).toMatchObject({ removed: 0, keptYoung: 1 });
  expect([await store.has(digest), await readdir(join(folder, 'taken-away'))]).toEqual([true, []]);
});

test('prune refuses an age at which a step may still be running', async () => {
  await putDaysAgo('old', 100);
  for (const olderThanMs of [DAY_MS - 1, 0, Number.NaN])
    await expect(pruneEvidence(folder, { ...options, olderThanMs })).rejects.toThrow('the minimum age for pruning evidence is 1d');
});

test('prune removes nothing when a pointer cannot be read', async () => {
  const old = await putDaysAgo('old', 100);
  await mkdir(join(folder, 'undo', 'a-folder.json'), { recursive: true });
  await expect(pruneEvidence(folder, options)).rejects.toThrow(`The evidence store ${folder} was pruned only in part`);
  expect(await store.has(old)).toBe(true);
});

test('prune of a folder without evidence removes nothing', async () => {
  expect(await pruneEvidence(join(folder, 'none'), options)).toEqual({ removed: 0, removedBytes: 0, keptNamed: 0, keptYoung: 0 });
});
