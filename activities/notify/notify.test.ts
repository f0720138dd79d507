import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Environment } from '../../release/environment.ts';
import { patient } from '../../workflows/activity-options.ts';
import { durationMs } from '../../release/duration.ts';
import type { Announcement } from '../bookkeeping-contract.ts';
import { createNotifyActivities } from './notify.ts';
import { WEBHOOK_WITHIN_MS } from './webhook.ts';

let server: Server;
let got: string[];
beforeEach(async () => {
  got = [];
  server = createServer(({ url }, response) => {
    got.push(url ?? '');
    if (url !== '/hangs') response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const announcement = (...targets: string[]): Announcement => ({
  key: 'go-api/run/7',
  release: 'go-api',
  service: 'shop/go-api',
  checkpoint: 'final-poll',
  verdict: 'hold',
  message: '0 of 2 approvals',
  at: '2026-11-24T06:00:00Z',
  rehearsal: false,
  targets,
  launchAt: '2026-11-24T09:00:00Z',
});

function acts(told: string[] = []) {
  const kept: string[][] = [];
  const at = (name: string) => ({ type: 'webhook', url: { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}` } });
  const notify = Object.fromEntries(['oncall', 'managers', 'hangs'].map((name) => [name, at(name)]));
  const attempt = () => ({ told, keep: (names: readonly string[]) => void kept.push([...names]) });
  const environment = { spec: { notify } } as unknown as Environment;
  return { kept, ...createNotifyActivities({ environment, environmentFolder: '.', withinMs: 200, attempt }) };
}

it('answers a target that hangs as one that cannot be told, and tells the others once', async () => {
  const { notify } = acts();
  expect(await notify(announcement('oncall', 'hangs', 'managers'))).toMatchObject([
    { target: 'hangs', sentence: expect.stringContaining('cannot reach') },
  ]);
  expect(got.sort()).toEqual(['/hangs', '/managers', '/oncall']);
});

it('gives a hanging target up well before the attempt itself is given up, which would tell all others again', () => {
  expect(2 * WEBHOOK_WITHIN_MS).toBeLessThanOrEqual(durationMs(patient.startToCloseTimeout));
});

it('does not tell again whom an earlier attempt told before its worker died', async () => {
  const { notify, kept } = acts(['oncall']);
  expect(await notify(announcement('oncall', 'managers'))).toEqual([]);
  expect(got).toEqual(['/managers']);
  expect(kept).toEqual([['oncall', 'managers']]);
});
