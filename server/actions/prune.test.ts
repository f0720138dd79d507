import { mkdtempSync, readdirSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { evidenceFolder } from '../../activities/evidence/evidence-folder.ts';
import { createFolderEvidenceStore } from '../../activities/evidence/folder-store.ts';
import { CountdownFailure } from '../temporal/countdowns.ts';
import { aOsei, EXAMPLE_NOW, EXAMPLE_POINTS_DIGEST, waiting } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { OPEN_POLICY, testApp } from '../testing/test-app.ts';
import { prune } from './prune.ts';

const PRUNE = '/api/v1/evidence/prune';
const DAY_MS = 86_400_000;
const NOW_MS = Date.parse(EXAMPLE_NOW);
const FILE = `sha256:${'f1'.repeat(32)}`;
const SCRIPT = `sha256:${'5c'.repeat(32)}`;
const open = { release: waiting.release, startedFrom: [FILE, SCRIPT] };

describe('pruning evidence', () => {
  it('keeps what an open countdown names: its steps, its release file, its scripts', async () => {
    const { api, countdowns, archive, logged } = testApp();
    countdowns.opened = [open];
    const answer = await api(PRUNE, { olderThan: '90d' });
    expect(await answer.json()).toMatchObject({ kind: 'PruneResult', dryRun: false, removed: 12, keptNamed: 4, openCountdowns: 1 });
    const [asked] = archive.pruned;
    expect([FILE, SCRIPT, EXAMPLE_POINTS_DIGEST].filter((digest) => !asked?.named.has(digest))).toEqual([]);
    expect(asked).toMatchObject({ olderThanMs: 90 * DAY_MS, dryRun: false });
    expect(logged).toEqual([
      'evidence.pruned by local/a.osei: 12 pieces, 3145728 bytes, stored before 2026-08-26T08:05:00.000Z; 1 open countdowns',
    ]);
  });

  it('keeps everything stored since the oldest open countdown began, whatever age is asked for', async () => {
    const { api, countdowns, archive } = testApp();
    countdowns.opened = [open];
    await api(PRUNE, { olderThan: '1d', dryRun: true });
    expect(archive.pruned).toMatchObject([{ olderThanMs: NOW_MS - Date.parse(waiting.startedAt), dryRun: true }]);
  });

  it.each([
    ['does not answer', open, 'no worker answered'],
    ['was started without a record of its scripts', { ...open, startedFrom: null }, 'has no record of the scripts'],
  ])('removes nothing where an open countdown %s, and names it', async (_, opened, why) => {
    const { api, countdowns, archive } = testApp();
    countdowns.opened = [opened];
    countdowns.status = async () => {
      throw new CountdownFailure('NoWorker', 'no worker answered', 'start a worker');
    };
    const answer = await api(PRUNE, { olderThan: '90d' });
    expect(answer.status).toBe(409);
    const { message } = (await answer.json()) as { message: string };
    expect(message).toMatch(/^nothing was removed: the evidence that the open countdown go-api-1.4.0 needs is unknown/);
    expect(message).toContain(why);
    expect(archive.pruned).toEqual([]);
  });

  it.each(['soon', '90', '23h', ''])('refuses the age "%s"', async (olderThan) => {
    const { api, archive } = testApp();
    const answer = await api(PRUNE, { olderThan });
    expect(answer.status).toBe(400);
    // Named as people type it.
    expect(((await answer.json()) as { message: string }).message).toMatch(/^--older-than: /);
    expect(archive.pruned).toEqual([]);
  });

  it('is for those who may start countdowns, with a token of their own', async () => {
    const { api, archive, signIn } = testApp({ startPolicy: { ...OPEN_POLICY, starters: ['sre'] } });
    expect((await api(PRUNE, { olderThan: '90d' })).status).toBe(403);
    const browser = await signIn();
    expect((await browser.post(PRUNE, { olderThan: '90d' })).status).toBe(401);
    expect(archive.pruned).toEqual([]);
  });

  it('removes the old pieces of a folder on disk that nothing names, and no other', async () => {
    const at = mkdtempSync(path.join(tmpdir(), 'tminus-prune-'));
    const store = createFolderEvidenceStore(at);
    const put = async (text: string, ageMs: number) => {
      const { digest } = await store.put({ kind: 'k6-script', mediaType: 'text/javascript', source: text }, Buffer.from(text));
      const shard = path.join(at, 'sha256', digest.slice(7, 9));
      for (const name of readdirSync(shard)) utimesSync(path.join(shard, name), (NOW_MS - ageMs) / 1000, (NOW_MS - ageMs) / 1000);
      return digest;
    };
    const [old, named, young] = [await put('old', 100 * DAY_MS), await put('named', 100 * DAY_MS), await put('young', 5 * DAY_MS)];
    const countdowns = fakeCountdowns();
    countdowns.opened = [{ ...open, startedFrom: [named] }];
    const dependencies = { countdowns, folder: evidenceFolder(at), startPolicy: OPEN_POLICY, now: () => NOW_MS, log: () => undefined };
    expect(await prune(dependencies, { olderThan: '90d', dryRun: true }, aOsei)).toMatchObject({ removed: 1, keptNamed: 1, keptYoung: 1 });
    expect(await store.has(old)).toBe(true);
    await prune(dependencies, { olderThan: '90d', dryRun: false }, aOsei);
    expect(await Promise.all([old, named, young].map((digest) => store.has(digest)))).toEqual([false, true, true]);
  });
});
