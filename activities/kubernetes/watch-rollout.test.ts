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

const asked = { target, observedGeneration: 3, image: PLAYED_IMAGE, timeoutMs: 60_000 };
const watch = (writtenAt?: string) =>
  watchRollout(
    playedCluster().client,
    createFolderEvidenceStore(folder),
    { ...asked, ...(writtenAt === undefined ? {} : { writtenAt }) },
    activity,
  );
const secondsAgo = (seconds: number) => new Date(Date.now() - seconds * 1_000).toISOString();
const healthy = { ok: true, detail: 'ok', pods: 3, seconds: 0.3, imageIds: [], evidence: [] };
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

it.each([401, 403, 404])('tells a moment in which the API server answers %i, and goes on watching', async (status) => {
  const played = playedCluster({ status });
  const told: string[] = [];
  const heartbeat = ({ text }: { text: string }) => {
    told.push(text);
    played.status = 200;
  };
  expect(await watchRollout(played.client, createFolderEvidenceStore(folder), asked, { ...activity, heartbeat })).toMatchObject({
    outcome: 'complete',
  });
  expect(told).toEqual([expect.stringContaining(`(${status})`)]);
});

it('says that it may not look, and not that the rollout was late, when that lasts to the end', async () => {
  const { client } = playedCluster({ status: 403 });
  await expect(watchRollout(client, createFolderEvidenceStore(folder), { ...asked, timeoutMs: 300 }, activity)).rejects.toMatchObject({
    name: 'ApiFailure',
    status: 403,
  });
});
