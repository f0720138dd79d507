// The alert rules on the real Prometheus, which scrapes the server's own metrics: the watcher of a live version stops, and the alert fires.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { serveMetrics, type MetricsServer } from '../../activities/metrics/serve-metrics.ts';
import { waitingStatus } from '../testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleUndo, memoryFolder } from '../testing/memory-folder.ts';
import { measuring } from './measure.ts';
import { serverMetrics } from './registry.ts';

jest.setTimeout(240_000);

const RULES = resolve(import.meta.dirname, '../../deploy/prometheus/tminus-alerts.yaml');
const RUN = exampleUndo.countdown.firstRunId;

interface Alert {
  labels: Record<string, string>;
  state: string;
  annotations: Record<string, string>;
}

const countdowns = fakeCountdowns([waitingStatus]);
const folder = memoryFolder([{ ...exampleUndo, registeredAt: new Date().toISOString() }]);
let watches = true;
let folderPath: string;
let metrics: MetricsServer;
let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  const program = process.env['TMINUS_TOOL_PROMETHEUS'];
  if (!program) throw new Error('TMINUS_TOOL_PROMETHEUS names no Prometheus: `./scripts/lab tool prometheus` builds one');
  const watcherSeenAt = countdowns.watcherSeenAt.bind(countdowns);
  countdowns.watcherSeenAt = async (ref) => {
    if (watches) countdowns.watchers.set(RUN, Date.now());
    else countdowns.watchers.clear();
    return await watcherSeenAt(ref);
  };
  metrics = await serveMetrics('127.0.0.1:0', serverMetrics(measuring({ countdowns, folder, clusters: [], now: Date.now })));
  folderPath = await mkdtemp(join(tmpdir(), 'tminus-alerts-'));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'tminus', static_configs: [{ targets: [new URL(metrics.url).host] }] }],
  };
  await writeFile(join(folderPath, 'prometheus.yml'), JSON.stringify(config));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const child = spawn(
    program,
    [
      `--config.file=${join(folderPath, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folderPath, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  stop = async () => {
    const gone = new Promise((done) => child.once('exit', done));
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await gone;
  };
});
afterAll(async () => {
  await stop?.();
  await metrics?.close();
  await rm(folderPath, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

async function ask<T>(path: string): Promise<T | null> {
  const answer = await fetch(`${url}${path}`).catch(() => null);
  return answer?.ok ? ((await answer.json()) as { data: T }).data : null;
}

async function until<T>(what: string, read: () => Promise<T | null>, withinMs: number): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await read();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`never ${what}`);
    await new Promise((again) => setTimeout(again, 500));
  }
}

const alerts = async (): Promise<Alert[]> => (await ask<{ alerts: Alert[] }>('/api/v1/alerts'))?.alerts ?? [];
const firing = async (name: string): Promise<Alert | null> =>
  (await alerts()).find(({ labels, state }) => labels['alertname'] === name && state === 'firing') ?? null;

it('fires when the watcher of a live version stops, says what to do, and is quiet before and after', async () => {
  const measured = async () => {
    const found = await ask<{ result: unknown[] }>(`/api/v1/query?query=${encodeURIComponent('tminus_watcher_age_seconds < 10')}`);
    return found && found.result.length > 0 ? found : null;
  };
  await until('scraped', measured, 60_000);
  expect(await firing('TminusLiveVersionUnwatched')).toBeNull();

  watches = false;
  const began = Date.now();
  const alert = await until('firing', () => firing('TminusLiveVersionUnwatched'), 150_000);
  // 45 s until it counts as gone, 15 s for a scrape that hit a change of watchers; never at once.
  expect(Date.now() - began).toBeGreaterThan(45_000);
  expect(alert).toMatchObject({
    labels: { severity: 'critical', release: 'go-api-1.4.0', service: 'shop/go-api' },
    annotations: { summary: 'shop/go-api is live and unwatched', description: expect.stringContaining('Start a worker') },
  });

  watches = true;
  await until('quiet again', async () => ((await firing('TminusLiveVersionUnwatched')) ? null : true), 60_000);
});
