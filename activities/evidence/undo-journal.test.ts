import { beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countdownOf, entryOf } from '../testing/one-effect.ts';
import { openUndoJournal } from './undo-journal.ts';

const countdown = countdownOf('run-1');
const entry = entryOf({ image: 'old' }, countdown);
const other = entryOf({ image: 'old' }, countdownOf('run-2'));
let folder: string;
let at: string;
const journal = () => openUndoJournal(folder, () => new Date(at));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  at = '2026-11-25T09:00:00.000Z';
});

it('keeps the first registration of an id, whole', async () => {
  const first = await journal().register(entry, countdown);
  at = '2026-11-25T10:00:00.000Z';
  expect(first.isNew).toBe(true);
  expect(await journal().register(entry, countdown)).toEqual({ ...first, isNew: false });
  expect((await journal().list()).records).toEqual([{ entry, countdown, registeredAt: '2026-11-25T09:00:00.000Z', settled: null }]);
});

it('records how an undo ended, and by a later ending when it is taken back after all', async () => {
  await journal().register(entry, countdown);
  await journal().settle(entry, countdown, 'kept');
  at = '2026-11-26T09:00:00.000Z';
  await journal().settle(entry, countdown, 'kept');
  expect((await journal().list()).records[0]?.settled).toEqual({ outcome: 'kept', at: '2026-11-25T09:00:00.000Z' });
  await journal().settle(entry, countdown, 'restored');
  expect((await journal().list()).records[0]?.settled).toEqual({ outcome: 'restored', at });
});

it('records an ending also where the folder was lost since the registration', async () => {
  await journal().settle(entry, countdown, 'restored');
  expect((await journal().list()).records).toEqual([{ entry, countdown, registeredAt: at, settled: { outcome: 'restored', at } }]);
});

it('lists oldest first, and nothing where nothing was ever registered', async () => {
  expect(await journal().list()).toEqual({ records: [], damaged: [] });
  await journal().register(other, countdownOf('run-2'));
  at = '2026-11-24T09:00:00.000Z';
  await journal().register(entry, countdown);
  expect((await journal().list()).records.map((record) => record.entry.id)).toEqual([entry.id, other.id]);
});

it.each(['', '{"entry"', 'null', '[]', '{"entry":{"id":"x"}}'])(
  'reports %j in a sentence with the name of the file, and lists the others',
  async (text) => {
    await journal().register(entry, countdown);
    const file = join(folder, 'undo', 'damaged.json');
    await writeFile(file, text);
    const { records, damaged } = await journal().list();
    expect(records).toHaveLength(1);
    expect(damaged).toEqual([{ file, problem: expect.stringContaining(`${file} is not a record of an undo`) }]);
  },
);

it('replaces a damaged record of the undo that is registered', async () => {
  await journal().register(entry, countdown);
  const [name = ''] = await readdir(join(folder, 'undo'));
  await writeFile(join(folder, 'undo', name), '{');
  await journal().register(entry, countdown);
  expect(JSON.parse(await readFile(join(folder, 'undo', name), 'utf8'))).toMatchObject({ entry: { id: entry.id }, settled: null });
});

it('does not read what a killed process left half written', async () => {
  await journal().register(entry, countdown);
  await writeFile(join(folder, 'undo', 'x.json.1234.part'), '{"entry"');
  expect((await journal().list()).damaged).toEqual([]);
});

it('is named by the SHA-256 of the id', async () => {
  await journal().register(entry, countdown);
  expect(await readdir(join(folder, 'undo'))).toEqual([expect.stringMatching(/^[0-9a-f]{64}\.json$/)]);
});
