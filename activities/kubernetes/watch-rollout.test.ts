import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { judgeRollback } from '../../verdict/rollback.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { playedCluster, PLAYED_IMAGE } from '../guard/played-cluster.ts';
import { watchRollout } from './watch-rollout.ts';

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };
const activity = { heartbeat: () => undefined, signal: new AbortController().signal };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watch-rollout-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const watch = (writtenAt?: string) =>
  watchRollout(
    playedCluster().client,
    createFolderEvidenceStore(folder),
    { target, observedGeneration: 3, image: PLAYED_IMAGE, timeoutMs: 60_000, ...(writtenAt === undefined ? {} : { writtenAt }) },
    activity,
  );
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const healthy = { ok: true, detail: 'ok', pods: 3, seconds: 0.3, evidence: [] };
const limits = { rollbackMs: 30_000, healthMs: 60_000, startedAfterMs: null };

it('times a rollback from its write, so that a watch begun again by another worker does not call a late one quick', async () => {
  const rollout = await watch(secondsAgo(40));
  expect(rollout).toMatchObject({ outcome: 'complete' });
  expect(rollout.seconds).toBeGreaterThanOrEqual(40);
  expect(judgeRollback('shop/go-api', rollout, healthy, limits)[0]).toMatchObject({ code: 'RolledBackLate', outcome: 'fail' });
  expect(judgeRollback('shop/go-api', await watch(secondsAgo(4)), healthy, limits)[0]).toMatchObject({ code: 'RolledBackInTime' });
});

it('takes no time below zero when the clock that noted the write is ahead', async () => {
  expect((await watch(secondsAgo(-5))).seconds).toBe(0);
});

it('times the watch itself where nobody said when the write was, as older workflows do not', async () => {
  expect((await watch()).seconds).toBeLessThan(5);
});
