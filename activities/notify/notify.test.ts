import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/common';
import type { Environment } from '../../release/environment.ts';
import { patient } from '../../workflows/activity-options.ts';
import { durationMs } from '../../release/duration.ts';
import type { Announcement } from '../bookkeeping-contract.ts';
import { createNotifyActivities, type Settled } from './notify.ts';
import { WEBHOOK_TIMEOUT_MS } from './webhook.ts';

let server: Server;
/** Every call that came in. */
let got: string[];
/** What a target answers, call by call; 204 when nothing more is said. */
let answers: Record<string, number[]>;
beforeEach(async () => {
  got = [];
  answers = {};
  server = createServer(({ url = '' }, response) => {
    got.push(url.slice(1));
    if (url !== '/hangs') response.writeHead(answers[url.slice(1)]?.shift() ?? 204).end();
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

/** The activity as Temporal runs it: an attempt after each failure that says when, each with what the one before kept. */
function acts(kept: Settled[] = []) {
  const at = (name: string) => ({ type: 'webhook', url: { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}` } });
  const notify = Object.fromEntries(['oncall', 'managers', 'hangs'].map((name) => [name, at(name)]));
  const environment = { spec: { notify: { ...notify, unset: { type: 'webhook', url: { env: 'NOT_SET' } } } } } as unknown as Environment;
  let number = 0;
  let settled: readonly Settled[] = kept;
  const attempt = () => ({ number, settled, keep: (now: readonly Settled[]) => void (settled = structuredClone(now)) });
  const activities = createNotifyActivities({ environment, environmentFolder: '.', timeoutMs: 2_000, attempt });
  const next = (said: Announcement) => {
    number += 1;
    return activities.notify(said);
  };
  const toTheEnd = async (said: Announcement) => {
    const failures: ApplicationFailure[] = [];
    for (;;) {
      try {
        return { undelivered: await next(said), failures, waitedMs: failures.map(({ nextRetryDelay }) => Number(nextRetryDelay)) };
      } catch (error) {
        if ((error as ApplicationFailure).type !== 'NotDelivered') throw error;
        failures.push(error as ApplicationFailure);
      }
    }
  };
  return { next, toTheEnd };
}

it('retries an overloaded target with growing delays, and sends to the others once', async () => {
  answers = { oncall: [503, 429, 500, 408] };
  const { undelivered, failures, waitedMs } = await acts().toTheEnd(announcement('oncall', 'managers'));
  expect(undelivered).toEqual([]);
  expect(got.sort()).toEqual(['managers', 'oncall', 'oncall', 'oncall', 'oncall', 'oncall']);
  expect(waitedMs).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(failures[0]).toMatchObject({
    type: 'NotDelivered',
    nonRetryable: false,
    message: expect.stringMatching(/^oncall: .* responded with HTTP 503$/),
  });
});

it('tries a target again that hangs or cannot be reached', async () => {
  await expect(acts().next(announcement('hangs'))).rejects.toMatchObject({ type: 'NotDelivered' });
  const { next: send } = acts();
  const gone = announcement('oncall');
  server.close();
  server.closeAllConnections();
  await expect(send(gone)).rejects.toMatchObject({ type: 'NotDelivered', message: expect.stringMatching(/^oncall: cannot reach /) });
});

it('gives up on a target after six minutes of waiting, and answers it with its last reason', async () => {
  answers = { oncall: Array<number>(100).fill(503) };
  const { undelivered, waitedMs } = await acts().toTheEnd(announcement('oncall', 'managers'));
  expect(undelivered).toEqual([{ target: 'oncall', message: expect.stringMatching(/ responded with HTTP 503 \(tried 12 times\)$/) }]);
  expect(waitedMs.reduce((sum, ms) => sum + ms)).toBe(363_000);
  expect(got.filter((name) => name === 'managers')).toHaveLength(1);
});

it('does not make a rehearsal wait for a receiver that is down', async () => {
  answers = { oncall: Array<number>(100).fill(503) };
  const { undelivered, waitedMs } = await acts().toTheEnd({ ...announcement('oncall'), rehearsal: true });
  expect(undelivered).toHaveLength(1);
  expect(waitedMs).toEqual([1_000, 2_000]);
});

it.each([
  ['answers 404', 'oncall', [404], / responded with HTTP 404$/],
  ['answers that it moved', 'oncall', [302], / responded with HTTP 302$/],
  [
    'is in no environment file',
    'pagers',
    [],
    /^the environment file has no notification target pagers; it has oncall, managers, hangs, unset$/,
  ],
  ['has an address that is not set', 'unset', [], /^the environment variable NOT_SET is not set$/],
])('returns a target that %s at once: a retry would not deliver', async (_, target, status, sentence) => {
  answers = { oncall: status };
  expect(await acts().next(announcement(target, 'managers'))).toEqual([{ target, message: expect.stringMatching(sentence) }]);
});

it('does not retry a target that refused while another one is retried', async () => {
  answers = { oncall: [404], managers: [503, 503] };
  const { undelivered } = await acts().toTheEnd(announcement('oncall', 'managers'));
  expect(undelivered).toEqual([{ target: 'oncall', message: expect.stringContaining('responded with HTTP 404') }]);
  expect(got.sort()).toEqual(['managers', 'managers', 'managers', 'oncall']);
});

it('does not send again to a target of an earlier attempt whose worker died', async () => {
  const { undelivered } = await acts([{ target: 'oncall' }]).toTheEnd(announcement('oncall', 'managers'));
  expect(undelivered).toEqual([]);
  expect(got).toEqual(['managers']);
});

it('tries within what the countdown gives it: a hanging target ends before its attempt, and the last attempt before the message', () => {
  expect(2 * WEBHOOK_TIMEOUT_MS).toBeLessThanOrEqual(durationMs(patient.startToCloseTimeout));
  expect(363_000 + 12 * durationMs(patient.startToCloseTimeout)).toBeLessThan(durationMs(patient.scheduleToCloseTimeout));
  expect(patient.retry.nonRetryableErrorTypes).not.toContain('NotDelivered');
});
