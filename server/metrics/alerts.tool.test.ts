// The alert rules on the real Prometheus, which scrapes the server's own metrics: the watcher of a live version stops, and the alert fires.
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { serveMetrics, type MetricsServer } from '../../activities/metrics/serve-metrics.ts';
import { firingAlert, prometheusProcess, type PrometheusProcess } from '../../activities/testing/prometheus-process.ts';
import { waiting } from '../../workflows/testing/example-status.ts';
import { fakeCountdowns } from '../testing/fake-countdowns.ts';
import { exampleUndo, memoryFolder } from '../testing/memory-folder.ts';
import { createMeasurement } from './measure.ts';
import { serverMetrics } from './registry.ts';

jest.setTimeout(240_000);

const RULES = resolve(import.meta.dirname, '../../deploy/prometheus/tminus-alerts.yaml');
const RUN = exampleUndo.countdown.firstRunId;

const countdowns = fakeCountdowns([waiting]);
const folder = memoryFolder([{ ...exampleUndo, registeredAt: new Date().toISOString() }]);
let watches = true;
let metrics: MetricsServer;
let prometheus: PrometheusProcess;

beforeAll(async () => {
  const watcherSeenAt = countdowns.watcherSeenAt.bind(countdowns);
  countdowns.watcherSeenAt = async (ref) => {
    if (watches) countdowns.watchers.set(RUN, Date.now());
    else countdowns.watchers.clear();
    return await watcherSeenAt(ref);
  };
  metrics = await serveMetrics('127.0.0.1:0', serverMetrics(createMeasurement({ countdowns, folder, clusters: [], now: Date.now })));
  prometheus = await prometheusProcess({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [RULES],
    scrape_configs: [{ job_name: 'tminus', static_configs: [{ targets: [new URL(metrics.url).host] }] }],
  });
});
afterAll(async () => {
  await prometheus?.close();
  await metrics?.close();
});

async function ask<T>(path: string): Promise<T | null> {
  const answer = await fetch(`${prometheus.url}${path}`).catch(() => null);
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

const firing = (name: string) => firingAlert(prometheus.url, name);

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
