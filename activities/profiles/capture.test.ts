import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import { captureProfiles } from './capture.ts';

let folder: string;
let server: Server;
const asked: string[] = [];
const pod = { namespace: 'shop-staging', name: 'go-api-1', ip: '127.0.0.1' };

async function serve(answer: RequestListener) {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { store: createFolderEvidenceStore(folder), pprofPort: (server.address() as AddressInfo).port, cpuSeconds: 1, goroutineGapMs: 1 };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test('keeps what the CPU does, where goroutines wait and leak, and the heap, as they were received', async () => {
  let calls = 0;
  const options = await serve((request, response) => response.end(gzipSync(`${request.url} ${(calls += 1)}`)));
  const { evidence, facts } = await captureProfiles(pod, options);
  expect(facts).toEqual([]);
  expect(evidence.map((ref) => ref.kind).sort()).toEqual([
    'block-profile',
    'cpu-profile',
    'goroutine-leak-profile',
    'goroutine-profile',
    'goroutine-profile',
    'heap-profile',
    'mutex-profile',
  ]);
  expect(asked).toEqual(expect.arrayContaining(['/debug/pprof/mutex?seconds=1', '/debug/pprof/block?seconds=1']));
  expect(new Set(evidence.map((ref) => ref.source))).toEqual(new Set(['pod shop-staging/go-api-1']));
  expect(asked).toContain('/debug/pprof/profile?seconds=1');
  expect(asked.filter((url) => url === '/debug/pprof/goroutine')).toHaveLength(2);
  for (const ref of evidence) expect(await options.store.has(ref.digest)).toBe(true);
});

test('reports failed profiles as facts, and keeps the rest', async () => {
  const options = await serve((request, response) => {
    if (request.url?.includes('/profile')) response.writeHead(500).end('Could not enable CPU profiling: cpu profiling already in use\n');
    else if (request.url?.includes('/heap')) response.end('<html>no profile</html>');
    else if (request.url?.includes('goroutineleak')) response.writeHead(404).end('Unknown profile\n');
    else response.end(gzipSync('goroutines'));
  });
  const { evidence, facts } = await captureProfiles(pod, options);
  expect(evidence.map((ref) => ref.kind).sort()).toEqual(['block-profile', 'goroutine-profile', 'goroutine-profile', 'mutex-profile']);
  expect(facts.map((fact) => fact.text).sort()).toEqual([
    'no cpu profile: HTTP 500: Could not enable CPU profiling: cpu profiling already in use',
    'no goroutine leak profile: HTTP 404: Unknown profile',
    'no heap profile: the response is not a pprof profile',
  ]);
});

test('reports a pod that is gone', async () => {
  const options = await serve((_, response) => response.end());
  server.close();
  const { evidence, facts } = await captureProfiles(pod, options);
  expect(evidence).toEqual([]);
  expect(facts).toHaveLength(7);
  expect(facts[0]?.text).toContain('ECONNREFUSED');
});

test('asks one process for one CPU profile at a time', async () => {
  const options = await serve((request, response) => {
    // The CPU profile is answered only once the other capture has asked for its heap.
    if (!request.url?.includes('/profile?')) return void response.end(gzipSync('x'));
    const timer = setInterval(() => {
      if (asked.filter((url) => url.endsWith('/heap')).length < 2) return;
      clearInterval(timer);
      response.end(gzipSync('cpu'));
    }, 5);
  });
  const both = await Promise.all([captureProfiles(pod, options), captureProfiles(pod, options)]);
  expect(asked.filter((url) => url.includes('/profile'))).toHaveLength(1);
  expect(both.flatMap(({ facts }) => facts.map((fact) => fact.text))).toEqual([
    'no cpu profile: another capture of this worker is in progress',
  ]);
  expect((await captureProfiles(pod, options)).facts).toEqual([]);
});

test('ends at once when it is cut off, and keeps what it has', async () => {
  const cut = new AbortController();
  const options = await serve((request, response) => {
    if (!request.url?.endsWith('/goroutine')) return;
    response.end(gzipSync('goroutines'));
    setImmediate(() => cut.abort());
  });
  const { evidence, facts } = await captureProfiles(pod, { ...options, goroutineGapMs: 60_000, signal: cut.signal });
  expect(evidence.length).toBeLessThanOrEqual(1);
  expect(facts.map((fact) => fact.text)).toContain('no cpu profile: the load had ended');
});
