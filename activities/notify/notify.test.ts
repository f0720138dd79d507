import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/common';
import type { Environment } from '../../release/environment.ts';
import { patient } from '../../workflows/activity-options.ts';
import { durationMs } from '../../release/duration.ts';
import type { Announcement } from '../bookkeeping-contract.ts';
import { DELIVERY_TIMEOUT_MS } from './deliver.ts';
import { createNotifyActivities, type Settled } from './notify.ts';

let server: Server;
/** Every call that came in. */
let got: string[];
/** What a target answers, call by call; 204 when nothing more is said. */
let answers: Record<string, (number | { status?: number; headers?: Record<string, string>; body?: string })[]>;
beforeEach(async () => {
  got = [];
  answers = {};
  server = createServer(({ url = '' }, response) => {
    got.push(url.slice(1));
    if (url === '/hangs') return;
    const next = answers[url.slice(1)]?.shift() ?? 204;
    const { status = 200, headers = {}, body = '' } = typeof next === 'number' ? { status: next } : next;
    response.writeHead(status, headers).end(body);
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
  const robot = { ...at('robot'), type: 'wecom' };
  const environment = {
    spec: { notify: { ...notify, robot, unset: { type: 'webhook', url: { env: 'NOT_SET' } } } },
  } as unknown as Environment;
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

const result = (errcode: number) => ({ body: JSON.stringify({ errcode }) });

it('tries a throttled robot again after its minute, and loses no message', async () => {
  answers = { robot: [result(45009), result(45009), result(0)] };
  const { undelivered, waitedMs, failures } = await acts().toTheEnd(announcement('robot'));
  expect(undelivered).toEqual([]);
  expect(got).toEqual(['robot', 'robot', 'robot']);
  expect(waitedMs).toEqual([60_000, 60_000]);
  expect(failures[0]?.message).toMatch(/^robot: .* responded with errcode 45009 \(more than 20 messages in a minute\)$/u);
});

it('outlasts the ten minutes that a chat service may block a robot', async () => {
  answers = { robot: Array.from({ length: 11 }, () => result(45009)).concat(result(0)) };
  const { undelivered, waitedMs } = await acts().toTheEnd(announcement('robot'));
  expect(undelivered).toEqual([]);
  expect(waitedMs.reduce((sum, ms) => sum + ms)).toBeGreaterThan(600_000);
});

it('waits as long as Retry-After asks, up to two minutes', async () => {
  const throttled = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } });
  answers = { oncall: [throttled('30'), throttled('0'), throttled('3600')] };
  expect((await acts().toTheEnd(announcement('oncall'))).waitedMs).toEqual([30_000, 2_000, 120_000]);
});

it('delays no other target for one that is throttled', async () => {
  answers = { robot: [result(45009), result(0)], oncall: [503] };
  const { undelivered, waitedMs } = await acts().toTheEnd(announcement('robot', 'oncall'));
  expect(undelivered).toEqual([]);
  expect(waitedMs).toEqual([1_000]);
});

it('waits three seconds at most for a throttled robot in a rehearsal', async () => {
  answers = { robot: Array.from({ length: 100 }, () => result(45009)) };
  const { undelivered, waitedMs } = await acts().toTheEnd({ ...announcement('robot'), rehearsal: true });
  expect(undelivered).toEqual([{ target: 'robot', message: expect.stringMatching(/45009 .*\(tried 3 times\)$/u) }]);
  expect(waitedMs).toEqual([3_000, 3_000]);
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
    /^the environment file has no notification target pagers; it has oncall, managers, hangs, robot, unset$/,
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
  expect(2 * DELIVERY_TIMEOUT_MS).toBeLessThanOrEqual(durationMs(patient.startToCloseTimeout));
  expect(11 * 120_000 + 12 * durationMs(patient.startToCloseTimeout)).toBeLessThan(durationMs(patient.scheduleToCloseTimeout));
  expect(patient.retry.nonRetryableErrorTypes).not.toContain('NotDelivered');
});
