import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { playedCluster, PLAYED_IMAGE, type PlayedCluster } from '../guard/played-cluster.ts';
import type { ActivityProgress } from './contract.ts';
import { verifyVersion } from './verify-version.ts';

const target = { cluster: 'lab', namespace: 'shop', deployment: 'go-api', container: 'go-api' };

let folder: string;
let health: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-version-'));
  health = createServer((_request, response) => void response.end('{"status":"ok"}'));
  await new Promise<void>((done) => health.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  health.closeAllConnections();
  health.close();
  await rm(folder, { recursive: true, force: true });
});

function verify(played: Pick<ReturnType<typeof playedCluster>, 'client'>, timeoutMs: number, heartbeat: (told: ActivityProgress) => void) {
  const url = `http://127.0.0.1:${(health.address() as AddressInfo).port}/healthz`;
  const input = { target, image: PLAYED_IMAGE, healthTarget: 'shop', healthPath: '/healthz', timeoutMs };
  return verifyVersion(played.client, createFolderEvidenceStore(folder), url, input, { heartbeat, signal: new AbortController().signal });
}

it.each<PlayedCluster['status']>([401, 403, 404])(
  'tells a moment in which the API server answers %i, and proves the version all the same',
  async (status) => {
    const played = playedCluster({ status });
    const told: string[] = [];
    const proof = await verify(played, 20_000, ({ text }) => {
      told.push(text);
      played.status = 200;
    });
    expect(proof).toMatchObject({ ok: true, pods: 3 });
    expect(told).toEqual([expect.stringContaining(`(${status})`)]);
  },
);

it('says that it may not look, and not that the version does not serve, when that lasts to the end', async () => {
  await expect(verify(playedCluster({ status: 403 }), 300, () => undefined)).rejects.toMatchObject({ name: 'ApiFailure', status: 403 });
});
