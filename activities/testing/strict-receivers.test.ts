// Each check of a strict receiver refuses what it is there for: a good request, with one thing wrong.
import { createHmac } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import type { NotifierType } from '../../release/environment.ts';
import { announcementMessage } from '../notify/announcement-message.ts';
import { providers } from '../notify/providers.ts';
import type { NotifyRequest } from '../notify/provider.ts';
import { events } from './announcements.ts';
import { SECRETS, startReceiver, type StrictReceiver } from './strict-receivers.ts';

let receiver: StrictReceiver | undefined;
afterEach(() => receiver?.close());

interface Body {
  timestamp: string;
  sign: string;
  text: string;
  markdown: { content: string; text: string; title: string };
  at: { isAtAll: boolean };
  blocks: { text: { text: string; type: string } }[];
  content: { post: { en_us: { content: object[][] } } };
}
type Change = (request: NotifyRequest, now: Date) => Partial<NotifyRequest>;

const inBody =
  (change: (body: Body) => void): Change =>
  ({ body }) => {
    const parsed = JSON.parse(body) as Body;
    change(parsed);
    return { body: JSON.stringify(parsed) };
  };
const inQuery =
  (change: (query: URLSearchParams, now: Date) => void): Change =>
  ({ url }, now) => {
    const address = new URL(url);
    change(address.searchParams, now);
    return { url: address.href };
  };
const sign = (key: string, message: string): string => createHmac('sha256', key).update(message).digest('base64');
const dingtalkSignedAt = (timestamp: number) => (query: URLSearchParams) => {
  query.set('timestamp', String(timestamp));
  query.set('sign', sign(SECRETS.dingtalk, `${timestamp}\n${SECRETS.dingtalk}`));
};
const feishuSignedAt = (timestamp: number) => (body: Body) => {
  body.timestamp = String(timestamp);
  body.sign = sign(`${timestamp}\n${SECRETS.feishu}`, '');
};
const withContentType =
  (type: string): Change =>
  () => ({ headers: { 'content-type': type } });
const nowMs = Date.now();
const seconds = Math.floor(nowMs / 1_000);

const wrong: [NotifierType, string, Change, RegExp][] = [
  ['webhook', 'a body that was changed after it was signed', ({ body }) => ({ body: `${body} ` }), /No matching signature/u],
  ['wecom', 'another content type', withContentType('text/plain'), /content type/u],
  ['wecom', 'another key', inQuery((query) => query.set('key', 'other')), /no robot has the key/u],
  [
    'wecom',
    '4,097 bytes',
    inBody(({ markdown }) => void (markdown.content += 'm'.repeat(4_097 - Buffer.byteLength(markdown.content)))),
    /4097/u,
  ],
  ['wecom', 'a cut inside a code point', inBody(({ markdown }) => void (markdown.content += '🧯'.slice(0, 1))), /cut inside a character/u],
  ['wecom', 'a mention', inBody(({ markdown }) => void (markdown.content += '\n<@all>')), /tag or mention/u],
  ['wecom', 'a link of its own', inBody(({ markdown }) => void (markdown.content += '\n[go](https://evil.example)')), /another address/u],
  [
    'wecom',
    'a link inside a line',
    inBody(({ markdown }) => void (markdown.content += ' [go](https://evil.example)')),
    /link in the text/u,
  ],
  [
    'dingtalk',
    'key and message of the signature exchanged',
    inQuery((query) => query.set('sign', sign(`${query.get('timestamp')}\n${SECRETS.dingtalk}`, ''))),
    /sign not match/u,
  ],
  ['dingtalk', 'a timestamp in seconds', inQuery(dingtalkSignedAt(seconds)), /milliseconds is off/u],
  ['dingtalk', 'a signature of two hours ago', inQuery(dingtalkSignedAt(nowMs - 7_200_000)), /milliseconds is off/u],
  ['dingtalk', 'a second timestamp', inQuery((query) => query.append('timestamp', '1')), /or several/u],
  [
    'dingtalk',
    'a signature that is encoded twice',
    inQuery((query) => query.set('sign', encodeURIComponent(query.get('sign') ?? ''))),
    /sign not match/u,
  ],
  ['dingtalk', '20,001 bytes', ({ body }) => ({ body: body + ' '.repeat(20_001 - Buffer.byteLength(body)) }), /20001/u],
  ['dingtalk', 'everybody mentioned', inBody(({ at }) => void (at.isAtAll = true)), /everybody/u],
  [
    'feishu',
    'key and message of the signature exchanged',
    inBody((body) => void (body.sign = sign(SECRETS.feishu, `${body.timestamp}\n${SECRETS.feishu}`))),
    /sign match fail/u,
  ],
  [
    'feishu',
    'secret before timestamp in the key',
    inBody((body) => void (body.sign = sign(`${SECRETS.feishu}\n${body.timestamp}`, ''))),
    /sign match fail/u,
  ],
  ['feishu', 'a timestamp in milliseconds', inBody(feishuSignedAt(nowMs)), /seconds is not within/u],
  ['feishu', '20,001 bytes', ({ body }) => ({ body: body + ' '.repeat(20_001 - Buffer.byteLength(body)) }), /20001/u],
  [
    'feishu',
    'a mention of everybody',
    inBody(({ content }) => void content.post.en_us.content.push([{ tag: 'at', user_id: 'all' }])),
    /element at/u,
  ],
  [
    'feishu',
    'a link of its own',
    inBody(({ content }) => void content.post.en_us.content.push([{ tag: 'a', text: 'go', href: 'https://evil.example' }])),
    /element a/u,
  ],
  ['slack', 'a header of 151 characters', inBody(({ blocks }) => void (blocks[0]!.text.text = 'h'.repeat(151))), /limit 150/u],
  ['slack', 'a section of 3,001 characters', inBody(({ blocks }) => void (blocks[1]!.text.text = 'm'.repeat(3_001))), /limit 3000/u],
  ['slack', 'a mention of the channel', inBody(({ blocks }) => void (blocks[1]!.text.text += ' <!channel>')), /mention or link/u],
  ['slack', 'a mention in the text for notifications', inBody((body) => void (body.text += ' <!here>')), /mention or link/u],
  ['slack', 'a disguised link', inBody(({ blocks }) => void (blocks[1]!.text.text += ' <https://evil.example|page>')), /mention or link/u],
];

it.each(wrong)('%s refuses %s', async (type, _, change, reason) => {
  receiver = await startReceiver(type, nowMs);
  const target = { url: receiver.url, ...(type in SECRETS ? { secret: SECRETS[type as keyof typeof SECRETS] } : {}) };
  const now = new Date(nowMs);
  const { announcement } = events['a wait for approval']!;
  const good = providers[type].compose(announcementMessage(announcement), target, now);
  const post = async ({ url, headers, body }: NotifyRequest): Promise<string> =>
    (await fetch(url, { method: 'POST', headers: { ...headers }, body })).text();
  await post(good);
  expect(receiver.refusals).toEqual([]);
  const answer = await post({ ...good, ...change(good, now) });
  expect(receiver.refusals).toEqual([expect.stringMatching(reason)]);
  expect(answer).not.toMatch(/^ok$|code":0\b/u);
});
