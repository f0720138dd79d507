import { expect, it } from '@jest/globals';
import type { Announcement } from '../activities/bookkeeping-contract.ts';
import { serveMetrics } from '../activities/metrics/serve-metrics.ts';
import { workerMetrics } from './metrics.ts';

const read = async (url: string): Promise<string> => await (await fetch(url)).text();

it('counts notifications that failed for good, by target, from a zero that is there before the first', async () => {
  const metrics = workerMetrics(['oncall', 'chat']);
  const server = await serveMetrics('127.0.0.1:0', metrics.registry);
  expect(await read(server.url)).toContain('tminus_notification_failures_total{target="oncall"} 0');
  const notify = metrics.counted(async () => [{ target: 'oncall', message: 'HTTP 500' }]);
  expect(await notify({} as Announcement)).toEqual([{ target: 'oncall', message: 'HTTP 500' }]);
  await metrics.counted(async () => [])({} as Announcement);
  const text = await read(server.url);
  expect(text).toContain('tminus_notification_failures_total{target="oncall"} 1');
  expect(text).toContain('tminus_notification_failures_total{target="chat"} 0');
  await server.close();
});

it('serves nothing but metrics', async () => {
  const server = await serveMetrics('127.0.0.1:0', workerMetrics([]).registry);
  expect((await fetch(server.url.replace('/metrics', '/'))).status).toBe(404);
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(404);
  await server.close();
});

it.each(['9480', 'localhost', '127.0.0.1:'])('refuses %s as an address', async (address) => {
  await expect(serveMetrics(address, workerMetrics([]).registry)).rejects.toThrow(
    'TMINUS_METRICS_ADDRESS must be host:port, such as 127.0.0.1:9480',
  );
});
