// What a load test keeps beside k6's points. k6 is replaced by a program that ends at once: the real one stands in load-test.k6.test.ts.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { readStatementsRecord } from '../../analysis/postgres/read-records.ts';
import { expandLoadTest, loadTestSchema } from '../../release/steps/load-test.ts';
import { bytesOf } from '../evidence/bytes-of.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { localK6 } from './local-k6.ts';
import { remoteK6 } from './remote-k6.ts';
import { runLoad } from './run-load.ts';

const folder = mkdtempSync(join(tmpdir(), 'tminus-run-load-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('reports the digests under load, and finds slow statements in the logs of the pods where the database does not answer', async () => {
  const store = createFolderEvidenceStore(join(folder, 'evidence'));
  const k6Path = join(folder, 'k6');
  writeFileSync(k6Path, '#!/bin/sh\nexit 0\n');
  chmodSync(k6Path, 0o755);
  const { digest } = await store.put(
    { kind: 'k6-script', mediaType: 'text/javascript', source: 'test' },
    new TextEncoder().encode('export default 1'),
  );
  const step = expandLoadTest(
    loadTestSchema.parse({
      type: 'loadTest',
      script: 'shop.js',
      target: 'shop-staging',
      stages: [{ duration: '1s', rate: 1 }],
    }),
    { script: 'shop.js', target: 'shop-staging', postgres: 'shop' },
  );
  const staging = { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' };
  const line = `${JSON.stringify({ msg: 'Query', sql: 'SELECT * FROM orders WHERE customer = $1', duration: 0.001 })}\n`;
  const { evidence, facts, imageIds } = await runLoad(
    { step, staging, image: 'go-api:1', scriptDigest: digest, runId: 'run-1' },
    {
      store,
      startK6: localK6({ k6Path, workFolder: join(folder, 'work'), user: null, hosts: [] }),
      resolveTarget: () => 'http://127.0.0.1:1',
      listPods: async () => [
        { name: 'go-api-1', ip: '127.0.0.1', image: 'mirror/go-api:1', templateImage: 'go-api:1', imageId: 'mirror/go-api@sha256:1' },
      ],
      readPodLog: async (target, pod) => (target === staging && pod === 'go-api-1' ? line : ''),
      pprofPort: 1,
      metricsPort: 1,
      databaseUrl: async () => 'postgres://shop@127.0.0.1:1/shop',
    },
    { signal: new AbortController().signal, heartbeat: () => undefined, attempt: 1 },
  );
  expect(imageIds).toEqual(['sha256:1']);
  const kept = evidence.find(({ kind }) => kind === 'slow-statements');
  expect(readStatementsRecord(await bytesOf(store, kept?.digest ?? ''))).toMatchObject({
    unread: null,
    source: 'service-log',
    statements: [{ statement: 'SELECT * FROM orders WHERE customer = $1', calls: 1, meanMs: 1 }],
  });
  expect(facts.find(({ text }) => text.includes("read from the service's own log"))?.text).toMatch(
    /^the database: connect ECONNREFUSED 127\.0\.0\.1:1; read from the service's own log,/,
  );
});

test('heartbeats while k6 is being started, and ends when it is cancelled then', async () => {
  const store = createFolderEvidenceStore(join(folder, 'starting'));
  const { digest } = await store.put({ kind: 'k6-script', mediaType: 'text/javascript', source: 'test' }, new Uint8Array());
  const step = expandLoadTest(
    loadTestSchema.parse({ type: 'loadTest', script: 'shop.js', target: 'shop-staging', stages: [{ duration: '1s', rate: 1 }] }),
    { script: 'shop.js', target: 'shop-staging' },
  );
  const cancelling = new AbortController();
  let beats = 0;
  const running = runLoad(
    {
      step,
      staging: { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' },
      image: 'go-api:1',
      scriptDigest: digest,
      runId: 'run-1',
    },
    {
      store,
      startK6: () => new Promise(() => undefined),
      resolveTarget: () => 'http://127.0.0.1:1',
      listPods: async () => [],
      pprofPort: 1,
      metricsPort: 1,
    },
    { signal: cancelling.signal, heartbeat: () => (beats += 1), attempt: 1 },
  );
  const ended = expect(running).rejects.toThrow('aborted by ops');
  await pause(2_500);
  cancelling.abort(new Error('aborted by ops'));
  await ended;
  expect(beats).toBeGreaterThanOrEqual(2);
});

test('treats an invalid trailer as a closed connection', async () => {
  const socket = join(folder, 'runner.sock');
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { trailer: 'k6-ended' });
    response.write('{}\n');
    response.addTrailers({ 'k6-ended': Buffer.from('{"exitCode":0').toString('base64') });
    response.end();
  });
  await new Promise<void>((done) => server.listen(socket, done));
  const k6 = await remoteK6({ socket, hosts: [] })({ script: new Uint8Array(), stages: [], maxVus: 1, targetUrl: 'http://x' });
  k6.points.resume();
  await expect(k6.ended).resolves.toMatchObject({ exitCode: null, lastError: expect.stringContaining('closed the connection') });
  server.close();
});
