// What each kind of target makes of an answer: delivered, to be tried again later, or refused.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { NotifierType } from '../../release/environment.ts';
import { events } from '../testing/announcements.ts';
import { announcementMessage } from './announcement-message.ts';
import { deliver, NotDelivered } from './deliver.ts';
import { providers } from './providers.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

const NOW = new Date('2026-11-24T06:00:00Z');
const LOGIN_PAGE = '<!doctype html><html><title>Log in</title></html>';

/** `delivered`, or `later` or `refused` with the reason, and the wait that is asked for. */
async function outcomeOf(type: NotifierType, { status = 200, headers = {}, body = '' }: Answer): Promise<string> {
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(status, headers).end(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/robot/key-of-the-robot`;
  const message = announcementMessage(events['a wait for approval']!.announcement);
  return deliver(providers[type], { url }, message, { now: NOW }).then(
    () => 'delivered',
    (error: Error) => {
      expect(error.message).not.toContain('key-of-the-robot');
      const reason = error.message.replace(/^127\.0\.0\.1:\d+ responded with /u, '');
      if (!(error instanceof NotDelivered)) return `refused: ${reason}`;
      return `later: ${reason}${error.afterMs === undefined ? '' : `, after ${error.afterMs} ms`}`;
    },
  );
}

const errcode = (code: number): Answer => ({ body: JSON.stringify({ errcode: code, errmsg: 'see https://x/key-of-the-robot' }) });
const code = (code: number): Answer => ({ body: JSON.stringify({ code, msg: 'see https://x/key-of-the-robot' }) });

const answers: [NotifierType, Answer, string][] = [
  ['webhook', { status: 204 }, 'delivered'],
  ['webhook', { status: 200, body: LOGIN_PAGE }, 'delivered'],
  ['webhook', { status: 429, headers: { 'retry-after': '30' } }, 'later: HTTP 429, after 30000 ms'],

  ['wecom', errcode(0), 'delivered'],
  ['wecom', errcode(45009), 'later: errcode 45009 (more than 20 messages in a minute), after 60000 ms'],
  ['wecom', errcode(-1), 'later: errcode -1 (the service is busy), after 0 ms'],
  ['wecom', errcode(40058), 'refused: errcode 40058 (the message is too long or malformed)'],
  ['wecom', errcode(93000), 'refused: errcode 93000 (no robot has the key in the address)'],
  ['wecom', errcode(777), 'refused: errcode 777'],

  ['dingtalk', errcode(0), 'delivered'],
  ['dingtalk', errcode(130101), 'later: errcode 130101 (more than 20 messages in a minute), after 60000 ms'],
  [
    'dingtalk',
    errcode(310000),
    'refused: errcode 310000 (signature, keyword or source address rejected; check the secret, the clock and the security settings of the robot)',
  ],

  ['feishu', code(0), 'delivered'],
  ['feishu', { body: '{"StatusCode":0,"StatusMessage":"success"}' }, 'delivered'],
  ['feishu', code(11232), 'later: code 11232 (too many messages), after 0 ms'],
  ['feishu', { ...code(11232), status: 400 }, 'later: code 11232 (too many messages), after 0 ms'],
  ['feishu', code(19021), 'refused: code 19021 (signature or timestamp rejected; check the secret and the clock)'],
  ['feishu', { ...code(9499), status: 400 }, 'refused: code 9499 (the message is malformed)'],
  ['feishu', { body: '{"code":19024,"StatusCode":0}' }, 'refused: code 19024 (the message contains no keyword of the robot)'],

  ['slack', { body: 'ok' }, 'delivered'],
  ['slack', { status: 429, headers: { 'retry-after': '7' }, body: 'rate_limited' }, 'later: HTTP 429 (rate_limited), after 7000 ms'],
  ['slack', { status: 410, body: 'channel_is_archived' }, 'refused: HTTP 410 (channel_is_archived)'],
  ['slack', { status: 500, body: 'rollup_error' }, 'later: HTTP 500 (rollup_error)'],
  ['slack', { status: 404, body: 'see https://x/key-of-the-robot' }, 'refused: HTTP 404'],
  ['slack', { body: '{"ok":true}' }, 'refused: HTTP 200 with another body than "ok"; check the address of this target'],
];

describe('an answer', () => {
  it.each(answers)('of %s: %j is %s', async (type, answer, outcome) => {
    expect(await outcomeOf(type, answer)).toBe(outcome);
  });

  const chats = (Object.keys(providers) as NotifierType[]).filter((type) => type !== 'webhook');
  it.each(chats.flatMap((type) => anyChat(type).map((row) => [type, ...row] as const)))(
    'of %s: %j is %s',
    async (type, answer, outcome) => {
      expect(await outcomeOf(type, answer)).toMatch(outcome);
    },
  );
});

/** The same for every chat service. */
function anyChat(type: NotifierType): [Answer, RegExp][] {
  const refusedPage = type === 'slack' ? /^refused: HTTP 200 with another body/u : /^refused: HTTP 200 with a web page/u;
  return [
    [{ body: LOGIN_PAGE, headers: { 'content-type': 'text/html' } }, refusedPage],
    [{ body: LOGIN_PAGE.padEnd(200_000) }, refusedPage],
    [{ body: '' }, /^later: HTTP 200 with an empty body$/u],
    [{ body: '[0]' }, /^refused: HTTP 200 with (a body without a result|another body)/u],
    [{ status: 302, headers: { location: 'https://login.example/' } }, /^refused: HTTP 302$/u],
    [{ status: 502, body: LOGIN_PAGE }, /^later: HTTP 502$/u],
    [{ status: 503, headers: { 'retry-after': '120' } }, /^later: HTTP 503, after 120000 ms$/u],
    [{ status: 429, headers: { 'retry-after': 'Tue, 24 Nov 2026 06:00:09 GMT' } }, /^later: HTTP 429, after 9000 ms$/u],
    [{ status: 429, headers: { 'retry-after': 'soon' } }, /^later: HTTP 429$/u],
    [{ status: 403 }, /^refused: HTTP 403$/u],
  ];
}
