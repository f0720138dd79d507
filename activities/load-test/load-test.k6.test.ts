// With the real k6 against a small server on loopback. k6 is found by TMINUS_TOOL_K6 or on PATH; without it these tests fail, never skip.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import { summarizeLoad } from '../../analysis/load-test/summary.ts';
import { judgeRuntime } from '../../analysis/runtime/judge.ts';
import { readRuntimeSamples } from '../../analysis/runtime/read-samples.ts';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { ActivityProgress } from '../running-activity.ts';
import type { LoadTestInput, StepReport } from '../steps-contract.ts';
import type { StartK6 } from './k6-run.ts';
import { findK6 } from '../testing/find-k6.ts';
import { separateUser } from './k6-user.ts';
import { localK6, type LocalK6 } from './local-k6.ts';
import { runLoad } from './run-load.ts';
import type { LoadTestDependencies } from './dependencies.ts';

jest.setTimeout(30_000);

const k6Path = findK6();
const ENDPOINT = 'POST /api/order/create';
const SCRIPT = `
import http from 'k6/http';
export const options = { vus: 7, duration: '99s', thresholds: { http_req_duration: ['p(99)<0'] } };
export function setup() { return { path: '/api/order/create' }; }
export default function (data) { http.post(__ENV.TARGET + data.path, 'x', { tags: { name: '${ENDPOINT}' } }); }
`;

let folder: string;
let store: EvidenceStore;
let server: Server;
let port: number;
let delayMs: number;
let profileAnsweredAt: number;
const beats: ActivityProgress[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-k6-'));
  // The user k6 runs as has to get to its own folder below.
  await chmod(folder, 0o711);
  store = createFolderEvidenceStore(join(folder, 'evidence'));
  delayMs = 1;
  profileAnsweredAt = 0;
  beats.length = 0;
  server = createServer((request, response) => {
    const url = request.url ?? '';
    if (url === '/metrics') response.end(metricsAtEase());
    else if (url.includes('debug=1')) response.end('# PauseNs = [100000 0]\n# PauseEnd = [1 0]\n# NumGC = 1\n');
    else if (url.startsWith('/debug/pprof/')) {
      profileAnsweredAt = performance.now();
      response.end(gzipSync(url));
    } else setTimeout(() => response.end('ok'), delayMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  expect(await k6Processes()).toEqual([]);
  expect(await readdir(join(folder, 'work')).catch(() => [])).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

/** What a Go service at ease tells: counters that grow with time. */
function metricsAtEase(): string {
  const seconds = performance.now() / 1_000;
  return `go_goroutines 42
go_memstats_heap_alloc_bytes 4e+06
go_memstats_gc_sys_bytes 3e+06
go_cpu_classes_gc_total_cpu_seconds_total ${0.01 * seconds}
go_cpu_classes_total_cpu_seconds_total ${2 * seconds}
go_sched_latencies_seconds_bucket{le="0.000917504"} ${Math.floor(1_000 * seconds)}
go_sched_latencies_seconds_bucket{le="+Inf"} ${Math.floor(1_000 * seconds)}
`;
}
const RUNTIME_AT_EASE = [
  'GcCpuWithinLimit',
  'GcPausesWithinLimit',
  'GoroutinesWithinLimit',
  'MemorySteady',
  'MemorySteady',
  'SchedulerWaitsWithinLimit',
];

interface Asked {
  script?: string;
  rate?: number;
  seconds?: number;
  p99Ms?: number;
  profiles?: 'always' | 'on-breach';
  maxVus?: number;
  dependencies?: Partial<LoadTestDependencies>;
  signal?: AbortSignal;
}

async function inputFor({
  script = SCRIPT,
  rate = 80,
  seconds = 4,
  p99Ms = 300,
  profiles = 'on-breach',
  maxVus = 30,
}: Asked): Promise<LoadTestInput> {
  const { digest } = await store.put({ kind: 'k6-script', mediaType: 'text/javascript', source: 'test' }, new TextEncoder().encode(script));
  return {
    step: {
      type: 'loadTest',
      name: 'load-test',
      script: 'shop.js',
      target: 'shop-staging',
      stages: [
        { seconds: 0, ratePerSecond: rate },
        { seconds, ratePerSecond: rate },
      ],
      maxVus,
      limits: { p99Ms, errorPercent: 1, deliveredPercent: 95, endpoints: {} },
      sampleEveryMs: 1_000,
      profiles,
      cpuProfileMs: 1_000,
    },
    staging: { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' },
    image: 'registry.local/go-api:sha-1',
    scriptDigest: digest,
    runId: 'run-1',
  };
}

/** As a worker runs it: as another user where the tests may switch. */
const k6Options = (path: string): LocalK6 => ({ k6Path: path, workFolder: join(folder, 'work'), user: separateUser(), hosts: [] });
const k6At = (path: string): StartK6 => localK6(k6Options(path));

async function run(asked: Asked = {}): Promise<StepReport> {
  const dependencies: LoadTestDependencies = {
    store,
    startK6: k6At(k6Path),
    resolveTarget: () => `http://127.0.0.1:${port}`,
    listPods: () =>
      Promise.resolve([
        {
          name: 'go-api-1',
          ip: '127.0.0.1',
          image: 'registry.local/go-api:sha-1',
          templateImage: 'registry.local/go-api:sha-1',
          imageId: 'sha256:1',
        },
      ]),
    pprofPort: port,
    metricsPort: port,
    goroutineGapMs: 500,
    ...asked.dependencies,
  };
  const signal = asked.signal ?? new AbortController().signal;
  return runLoad(await inputFor(asked), dependencies, { signal, heartbeat: (progress) => beats.push(progress), attempt: 1 });
}

const codes = (report: StepReport): string[] => report.findings.map((finding) => finding.code).sort();
const say = (report: StepReport, code: string): string | undefined => report.findings.find((finding) => finding.code === code)?.message;

/** Ids of k6 processes (and their watchers) that run a script below this test's folder. */
async function k6Processes(): Promise<number[]> {
  const found: number[] = [];
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const argv = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '');
    if (argv.includes(join(folder, 'work', 'load-')) && argv.includes('json=-')) found.push(Number(id));
  }
  return found;
}

async function until<T>(ask: () => Promise<T> | T, met: (value: T) => boolean): Promise<T> {
  for (let turn = 0; turn < 400; turn += 1) {
    const value = await ask();
    if (met(value)) return value;
    await wait(20);
  }
  throw new Error('what was waited for did not come within 8 s');
}

test('passes a service that keeps its limits, under the release file’s load and not the script’s', async () => {
  const report = await run();
  expect(say(report, 'LoadRunIncomplete')).toBeUndefined();
  expect(codes(report)).toEqual(
    ['CandidateUnderLoad', 'ErrorRateWithinLimit', 'LatencyWithinLimit', 'LoadDelivered', ...RUNTIME_AT_EASE].sort(),
  );
  expect(say(report, 'LatencyWithinLimit')).toMatch(/^p99 of POST \/api\/order\/create is [\d.]+ ms, limit 300 ms$/);
  const load = report.facts.find((fact) => fact.subject === 'load');
  expect(load?.text).toMatch(/^4 s, 80 iterations\/s requested, [\d.]+ delivered, 0 dropped$/);
  expect(Math.abs((load?.values.requests ?? 0) - 320)).toBeLessThanOrEqual(2);
  expect(report.facts.find((fact) => fact.subject === 'runtime')?.text).toContain('goroutines 42 → 42');
  expect(report.evidence.map((ref) => ref.kind)).toEqual(['k6-points', 'runtime-samples']);
  expect(beats.some(({ text, unit, total }) => /iterations\/s requested, [\d.]+ delivered/.test(text) && unit === 's' && total === 4)).toBe(
    true,
  );

  // What `tminus verify` does: the same findings, byte for byte, from the stored bytes alone.
  const { stages, limits } = (await inputFor({})).step;
  const points = report.evidence[0]?.digest ?? '';
  const samples = report.evidence[1]?.digest ?? '';
  const again = [
    ...judgeLoad(await summarizeLoad(store.get(points), limits), limits, stages, [points]),
    ...judgeRuntime(await readRuntimeSamples(store.get(samples)), { p99LimitMs: limits.p99Ms, evidence: [samples] }),
  ];
  expect(JSON.stringify(again)).toBe(JSON.stringify(report.findings));
  // By which its traces are told from those of production.
  const { start } = await summarizeLoad(store.get(points), limits);
  expect(start?.underLoad).toEqual({ namespace: 'shop-staging', deployment: 'go-api' });
});

test('takes profiles while a limit is broken, and stops the run within 3 s once it is hopeless and they are taken', async () => {
  delayMs = 120;
  const started = performance.now();
  const report = await run({ rate: 100, seconds: 25, p99Ms: 50 });
  const ended = performance.now();
  expect((ended - started) / 1_000).toBeLessThan(9);
  process.stdout.write(`hopeless: ${((ended - profileAnsweredAt) / 1_000).toFixed(2)} s from the last profile to the verdict\n`);
  expect(ended - profileAnsweredAt).toBeLessThan(3_000);
  expect(codes(report)).toContain('LatencyAboveLimit');
  expect(codes(report)).not.toContain('LoadRunIncomplete');
  expect(say(report, 'LatencyAboveLimit')).toMatch(/^p99 of POST \/api\/order\/create is (1[2-9]|[2-9]\d)\d ms, limit 50 ms$/);
  expect(report.evidence.map((ref) => ref.kind).sort()).toEqual([
    'block-profile',
    'cpu-profile',
    'goroutine-leak-profile',
    'goroutine-profile',
    'goroutine-profile',
    'heap-profile',
    'k6-points',
    'mutex-profile',
    'runtime-samples',
  ]);
  expect(report.facts.map((fact) => fact.text)).toContain('7 profiles of the only pod, captured while a limit was broken');
  expect(report.facts[0]?.text).toMatch(/^stopped after \d+ s because it could no longer pass: 100 iterations\/s requested/);
});

test('stops a hopeless run though a pod is too busy to give its profiles', async () => {
  delayMs = 120;
  let askedAt = 0;
  const busy = createServer(({ url }) => void (url?.includes('/profile') && (askedAt ||= Date.now()))).listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const report = await run({ rate: 100, seconds: 25, p99Ms: 50, dependencies: { pprofPort: (busy.address() as AddressInfo).port } });
  busy.closeAllConnections();
  busy.close();
  const { end } = await summarizeLoad(store.get(report.evidence[0]?.digest ?? ''));
  expect(end?.stopped).toBe('hopeless');
  // The profiles may take 1 s and 5 s more; then k6 ends within 3 s.
  const tookMs = Date.parse(end?.at ?? '') - askedAt;
  process.stdout.write(`hopeless: ${(tookMs / 1_000).toFixed(2)} s from the first question for a profile to the end of k6\n`);
  expect(tookMs).toBeLessThan(9_000);
  expect(report.facts.filter((fact) => fact.text.endsWith('the load had ended')).length).toBeGreaterThan(0);
});

test('profiles the pods whose own requests are slow when there are more than three', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const pages: Server[] = [];
  // One port on all addresses, as pods have it.
  let shared = 0;
  for (const [index, name] of names.entries()) {
    let requests = 0;
    const page = createServer((request, response) => {
      requests += 10;
      const seconds = requests * ({ d: 0.2, e: 0.4 }[name] ?? 0.01);
      if (request.url === '/metrics')
        response.end(`http_request_duration_seconds_sum ${seconds}\nhttp_request_duration_seconds_count ${requests}\ngo_goroutines 9\n`);
      else response.end(gzipSync('profile'));
    }).listen(shared, `127.0.0.${index + 2}`);
    await once(page, 'listening');
    shared = (page.address() as AddressInfo).port;
    pages.push(page);
  }
  const pods = names.map((name, index) => ({
    name,
    ip: `127.0.0.${index + 2}`,
    image: 'registry.local/go-api:sha-1',
    templateImage: 'registry.local/go-api:sha-1',
    imageId: 'sha256:1',
  }));
  const report = await run({
    rate: 50,
    seconds: 6,
    profiles: 'always',
    dependencies: { listPods: () => Promise.resolve(pods), metricsPort: shared, pprofPort: shared },
  });
  for (const page of pages) {
    page.closeAllConnections();
    page.close();
  }
  expect(report.facts.map((fact) => fact.text)).toContainEqual(
    expect.stringMatching(/profiles of 3 of 5 pods, those with the slowest requests \(e 400 ms, d 200 ms, [abc] 10 ms\), captured/),
  );
  const profiled = new Set(report.evidence.filter(({ kind }) => kind === 'cpu-profile').map(({ source }) => source));
  expect([...profiled]).toEqual(expect.arrayContaining(['pod shop-staging/d', 'pod shop-staging/e']));
});

test('goes on to the verdict when the profiles cannot be had', async () => {
  delayMs = 120;
  const report = await run({ rate: 100, seconds: 25, p99Ms: 50, dependencies: { pprofPort: 1 } });
  expect(codes(report)).toContain('LatencyAboveLimit');
  expect(report.facts.filter((fact) => fact.text.startsWith('no ')).length).toBe(7);
});

test('profiles a run that keeps its limits too, for a leak breaks none until it is too late', async () => {
  const report = await run({ profiles: 'always' });
  expect(codes(report)).toEqual(
    ['CandidateUnderLoad', 'ErrorRateWithinLimit', 'LatencyWithinLimit', 'LoadDelivered', ...RUNTIME_AT_EASE].sort(),
  );
  expect(report.facts.map((fact) => fact.text)).toContain('7 profiles of the only pod, captured in the middle of the run');
});

test('fails a dead target by its errors, not by its speed', async () => {
  const report = await run({
    rate: 50,
    seconds: 2,
    dependencies: { resolveTarget: () => 'http://127.0.0.1:1', pprofPort: 1, metricsPort: 1 },
  });
  expect(codes(report)).toEqual(['CandidateUnderLoad', 'ErrorRateAboveLimit', 'LatencyUndecided', 'LoadDelivered', 'RuntimeUnknown']);
});

test('holds when another build is deployed under the load, and names it', async () => {
  let lists = 0;
  const pod = { name: 'go-api-1', ip: '127.0.0.1', image: 'registry.local/go-api:sha-1', templateImage: 'registry.local/go-api:sha-1' };
  const report = await run({
    seconds: 2,
    dependencies: { listPods: () => Promise.resolve([{ ...pod, imageId: (lists += 1) < 3 ? 'sha256:1' : 'sha256:2' }]) },
  });
  expect(say(report, 'CandidateNotUnderLoad')).toBe(
    'the load test did not measure registry.local/go-api:sha-1: the pods ran different images of this name: sha256:1, sha256:2; ' +
      'deploy it to staging, then retry the step',
  );
});

test('counts what was delivered in iterations, where each sends two requests', async () => {
  const script = SCRIPT.replace(/(http\.post\(.*\);) \}/, '$1 $1 }');
  const report = await run({ script, rate: 40, seconds: 2 });
  const load = report.facts.find((fact) => fact.subject === 'load');
  expect(load?.text).toMatch(/^2 s, 40 iterations\/s requested, (39|40|41)[\d.]* delivered, 0 dropped$/);
  expect(load?.values.requests).toBe(2 * (load?.values.iterations ?? 0));
});

test('holds when iterations were dropped for want of virtual users', async () => {
  delayMs = 200;
  const report = await run({ rate: 20, seconds: 2, maxVus: 1 });
  expect(codes(report)).toEqual(expect.arrayContaining(['IterationsDropped', 'LoadNotDelivered']));
});

test('holds when k6 is killed in the middle', async () => {
  const killing = (async () => {
    await until(
      () => beats.length,
      (beat) => beat >= 2,
    );
    for (const id of await k6Processes()) if (await isK6(id)) process.kill(id, 'SIGKILL');
  })();
  const report = await run({ seconds: 20 });
  await killing;
  expect(say(report, 'LoadRunIncomplete')).toContain('k6 was ended by SIGKILL');
});

test('holds with k6’s message when the script is broken, and when there is no k6', async () => {
  const broken = await run({ script: 'export default function () {}\nnope();' });
  expect(say(broken, 'LoadRunIncomplete')).toMatch(/k6 sent no request: .*nope is not defined/);
  const missing = await run({ dependencies: { startK6: k6At(join(folder, 'no-such-k6')) } });
  expect(say(missing, 'LoadRunIncomplete')).toMatch(/exit code 127: .*no-such-k6.*not found/);
});

test('ends k6 when it is cancelled and keeps no half evidence', async () => {
  const cancel = new AbortController();
  const running = run({ seconds: 20, signal: cancel.signal });
  const refused = expect(running).rejects.toThrow('the countdown was aborted');
  await until(
    () => beats.length,
    (beat) => beat >= 2,
  );
  const asked = performance.now();
  cancel.abort(new Error('the countdown was aborted'));
  await refused;
  expect(performance.now() - asked).toBeLessThan(1_000);
  expect(await readdir(join(folder, 'evidence', 'incoming'))).toEqual([]);
  expect((await readdir(join(folder, 'evidence', 'sha256'))).length).toBe(1);
});

test('ends k6 and leaves nothing when the evidence cannot be kept', async () => {
  const full: EvidenceStore = {
    ...store,
    async put(description, bytes) {
      if (description.kind !== 'k6-points') return store.put(description, bytes);
      for await (const chunk of bytes as AsyncIterable<Uint8Array>) if (chunk.length > 0) break;
      throw Object.assign(new Error('the disk is full; free some space, then retry'), { name: 'EvidenceNotKept' });
    },
  };
  await expect(run({ seconds: 20, dependencies: { store: full } })).rejects.toMatchObject({ name: 'EvidenceNotKept' });
});

test('reports at once that the script is not in the store', async () => {
  const input = { ...(await inputFor({})), scriptDigest: `sha256:${'0'.repeat(64)}` };
  const dependencies = {
    store,
    startK6: k6At(k6Path),
    resolveTarget: () => 'http://127.0.0.1:1',
    listPods: () => Promise.resolve([]),
    pprofPort: 1,
    metricsPort: 1,
  };
  await expect(
    runLoad(input, dependencies, { signal: new AbortController().signal, heartbeat: () => undefined, attempt: 1 }),
  ).rejects.toMatchObject({ name: 'EvidenceMissing' });
});

test('k6 does not outlive a worker that was killed, whose retry is a clean run of its own', async () => {
  const input = await inputFor({ seconds: 30 });
  const worker = `
    import { createFolderEvidenceStore } from ${JSON.stringify(join(import.meta.dirname, '..', 'evidence', 'folder-store.ts'))};
    import { localK6 } from ${JSON.stringify(join(import.meta.dirname, 'local-k6.ts'))};
    import { runLoad } from ${JSON.stringify(join(import.meta.dirname, 'run-load.ts'))};
    await runLoad(${JSON.stringify(input)}, {
      store: createFolderEvidenceStore(${JSON.stringify(join(folder, 'evidence'))}), startK6: localK6(${JSON.stringify(k6Options(k6Path))}),
      resolveTarget: () => 'http://127.0.0.1:${port}', listPods: async () => [], pprofPort: 1, metricsPort: 1,
    }, { signal: new AbortController().signal, heartbeat: () => process.stdout.write('beat'), attempt: 1 });
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', worker], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await until(k6Processes, (ids) => ids.length === 2);
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  const killed = performance.now();
  await until(k6Processes, (ids) => ids.length === 0);
  process.stdout.write(`worker killed: k6 gone after ${((performance.now() - killed) / 1_000).toFixed(2)} s\n`);

  await rm(join(folder, 'work'), { recursive: true });
  const report = await run({ seconds: 1 });
  const summary = await summarizeLoad(store.get(report.evidence[0]?.digest ?? ''));
  expect(summary).toMatchObject({ runs: 1, cutOff: false, end: { exitCode: 0 } });
  expect(Math.abs(summary.requests - 80)).toBeLessThanOrEqual(2);
});

test('even a k6 that writes nothing, and so meets no broken pipe, does not outlive a killed worker', async () => {
  const work = join(folder, 'work', 'load-silent');
  await mkdir(work, { recursive: true });
  const silent = join(work, 'k6');
  await writeFile(silent, '#!/bin/sh\ntrap "" INT TERM PIPE HUP\nwhile :; do sleep 1; done\n', { mode: 0o700 });
  const worker = `
    import { startK6 } from ${JSON.stringify(join(import.meta.dirname, 'k6-process.ts'))};
    startK6({
      k6Path: ${JSON.stringify(silent)}, archive: 'x', folder: ${JSON.stringify(work)}, targetUrl: 'x',
      reach: { hosts: {}, blacklist: [], noProxy: [] }, user: null,
    });
    process.stdout.write('started');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', worker], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await until(k6Processes, (ids) => ids.length === 2);
  child.kill('SIGKILL');
  await until(k6Processes, (ids) => ids.length === 0);
  await rm(work, { recursive: true });
});

/** The watcher's command is the shell's. */
async function isK6(id: number): Promise<boolean> {
  return !(await readFile(`/proc/${id}/cmdline`, 'utf8')).startsWith('/bin/sh');
}
