import { Context, asyncLocalStorage, type Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFolderEvidenceStore } from '../evidence/folder-store.ts';
import type { LoadTestInput } from '../steps-contract.ts';
import { createLoadTestActivities } from './activities.ts';
import type { LoadTestDependencies } from './dependencies.ts';
import { runLoad } from './run-load.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'load-activities-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function contextWith(signal: AbortSignal): Context {
  const cancelled = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  cancelled.catch(() => undefined);
  const parts = { info: { attempt: 2 } as Info, cancelled, cancellationSignal: signal, heartbeat: () => undefined };
  return Object.assign(Object.create(Context.prototype) as Context, parts);
}

const activities = (resolveTarget: (name: string) => string) =>
  createLoadTestActivities(() => ({
    store: createFolderEvidenceStore(folder),
    startK6: () => Promise.reject(new Error('no k6 here')),
    resolveTarget,
    listPods: () => Promise.resolve([]),
    pprofPort: 1,
    metricsPort: 1,
  }));

const input = (): LoadTestInput => ({
  step: {
    type: 'loadTest',
    name: 'load-test',
    script: 'shop.js',
    target: 'shop-staging',
    stages: [{ seconds: 1, ratePerSecond: 1 }],
    maxVus: 1,
    limits: { p99Ms: 300, errorPercent: 1, deliveredPercent: 95, endpoints: {} },
    sampleEveryMs: 1_000,
    profiles: 'on-breach',
    cpuProfileMs: 1_000,
  },
  staging: { cluster: 'lab', namespace: 'shop-staging', deployment: 'go-api', container: 'go-api' },
  image: 'x',
  scriptDigest: `sha256:${'0'.repeat(64)}`,
  runId: 'run-1',
});

const run = (asked: LoadTestInput, signal = new AbortController().signal, resolveTarget = () => 'http://127.0.0.1:1') =>
  asyncLocalStorage.run(contextWith(signal), () => activities(resolveTarget).runLoadTest(asked));

test('leaves no timer behind when the database to watch has no address', async () => {
  const asked: string[] = [];
  const dependencies: LoadTestDependencies = {
    store: createFolderEvidenceStore(folder),
    startK6: () => Promise.reject(new Error('no k6 here')),
    resolveTarget: () => 'http://127.0.0.1:1',
    listPods: async () => {
      asked.push('pods');
      return [];
    },
    databaseUrl: () => Promise.reject(new Error('the environment variable PGURL is not set')),
    pprofPort: 1,
    metricsPort: 1,
  };
  const { step, ...rest } = input();
  const script = await dependencies.store.put({ kind: 'k6-script', mediaType: 'text/javascript', source: 'test' }, new Uint8Array());
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await expect(
    runLoad({ ...rest, step: { ...step, postgres: 'shop' }, scriptDigest: script.digest }, dependencies, {
      signal: new AbortController().signal,
      heartbeat: () => void asked.push('beat'),
      attempt: 1,
    }),
  ).rejects.toThrow('PGURL is not set');
  expect(timers()).toBe(before);
  expect(asked).toEqual([]);
});

test('does not retry what a retry cannot fix', async () => {
  await expect(run(input())).rejects.toMatchObject({
    type: 'EvidenceMissing',
    nonRetryable: true,
    message: expect.stringContaining('There is no evidence'),
  });
  await expect(run(input())).rejects.toBeInstanceOf(ApplicationFailure);
});

test('passes a failure of its dependencies through unchanged', async () => {
  const resolveTarget = (): string => {
    throw ApplicationFailure.nonRetryable('there is no target shop-staging in the environment file', 'Misconfigured');
  };
  await expect(run(input(), undefined, resolveTarget)).rejects.toMatchObject({ type: 'Misconfigured' });
});

test('ends as cancelled when it was cancelled, whatever broke on the way', async () => {
  const cancel = new AbortController();
  const running = run(input(), cancel.signal);
  cancel.abort(new CancelledFailure('the countdown was aborted'));
  await expect(running).rejects.toBeInstanceOf(CancelledFailure);
});
