// Five kinds of target and five events, against receivers that are as strict as the services.
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import type { NotifierType } from '../../release/environment.ts';
import type { Announcement } from '../bookkeeping-contract.ts';
import { events } from '../testing/announcements.ts';
import { PAGE, read, SECRETS, startReceiver, type StrictReceiver } from '../testing/strict-receivers.ts';
import { announcementMessage } from './announcement-message.ts';
import { deliver } from './deliver.ts';
import { providers } from './providers.ts';

const types = Object.keys(providers) as NotifierType[];
const chats = types.filter((type) => type !== 'webhook');
/** Of the real clock: the verifier of the plain webhook has no other. */
let now: Date;
beforeAll(() => void (now = new Date()));

let receiver: StrictReceiver | undefined;
afterEach(() => receiver?.close());

const secretOf = (type: NotifierType) => (type in SECRETS ? { secret: SECRETS[type as keyof typeof SECRETS] } : {});

/** What the receiver shows, after it accepted the message. */
async function shownBy(type: NotifierType, announcement: Announcement): Promise<readonly string[]> {
  receiver = await startReceiver(type, now.getTime());
  const message = announcementMessage(announcement);
  const failure: unknown = await deliver(providers[type], { url: receiver.url, ...secretOf(type) }, message, { now }).catch(
    (error: unknown) => error,
  );
  expect(receiver.refusals).toEqual([]);
  expect(failure).toBeUndefined();
  expect(receiver.received).toHaveLength(1);
  return receiver.shown[0] ?? [];
}

it.each(chats.flatMap((type) => Object.entries(events).map(([event, given]) => ({ type, event, given }))))(
  '$type accepts $event, and shows the same lines as the others',
  async ({ type, given }) => {
    expect((await shownBy(type, given.announcement)).map(read)).toEqual(given.lines.map(read));
  },
);

it.each(Object.entries(events))('a webhook accepts %s, with the message unchanged', async (_, { announcement }) => {
  expect(await shownBy('webhook', announcement)).toEqual([announcement.message]);
});

const LONG: [string, string][] = [
  ['ASCII', 'p99 of POST /api/order/create 420 ms > 300 ms; '.repeat(1_000)],
  ['Chinese', '订单接口延迟超过上限；'.repeat(3_000)],
  ['emoji of several code points', '👩🏽‍🚒'.repeat(5_000)],
  ['signs that become longer', '<&>*`](@all '.repeat(3_000)],
];

it.each(chats.flatMap((type) => LONG.map(([what, message]) => ({ type, what, message }))))(
  '$type gets a long message of $what cut to its limit, with deadline, command and link',
  async ({ type, message }) => {
    const { announcement, lines } = events['a wait for approval']!;
    const [headline, cut = '', ...others] = (await shownBy(type, { ...announcement, message })).map(read);
    expect([headline, ...others]).toEqual(lines.filter((_, index) => index !== 1).map(read));
    expect(cut).toMatch(/.…$/u);
    expect(read(message).startsWith(cut.slice(0, -1))).toBe(true);
    const limits: Record<string, number> = { wecom: 4_096, dingtalk: 20_000, feishu: 20_000, slack: 3_000 };
    const { bytes } = receiver!.received[0]!;
    expect(bytes.byteLength).toBeGreaterThan(0.9 * limits[type]!);
  },
);

it.each(chats)('%s gets no part of an emoji that is made of several code points', async (type) => {
  const firefighter = '👩🏽‍🚒';
  for (const before of ['', 'a', 'ab', 'abc']) {
    const { announcement } = events['a wait for approval']!;
    const [, cut = ''] = await shownBy(type, { ...announcement, message: before + firefighter.repeat(5_000) });
    expect(cut.replace(before, '').replaceAll(firefighter, '')).toBe('…');
    receiver?.close();
  }
});

it('a message with every part as long as a file may have it still fits', async () => {
  const { announcement } = events['a wait for approval']!;
  const name = `${'a'.repeat(62)}b`;
  const longest = {
    ...announcement,
    rehearsal: true,
    verdict: 'no-go' as const,
    release: name,
    checkpoint: name,
    service: `${name}/${name}`,
    waitsFor: Array.from({ length: 32 }, () => '<'.repeat(1_000)),
    command: `tminus approve ${name} -m "…"`,
    message: 'm'.repeat(5_000),
  };
  for (const type of chats) {
    const lines = await shownBy(type, longest);
    expect(lines[0]).toMatch(/^REHEARSAL no-go: a{60}/u);
    expect(lines).toEqual(expect.arrayContaining(['deadline 2026-11-24 08:30 UTC (in 2 h 30 m)', longest.command]));
    expect(lines.at(-1)).toBe(`Open the page -> ${PAGE}`);
    receiver?.close();
  }
});

it('wecom gets 4,096 bytes whole, and one byte more cut', async () => {
  const { announcement } = events['a wait for approval']!;
  const contentBytes = () =>
    Buffer.byteLength((JSON.parse(receiver!.received[0]!.bytes.toString('utf8')) as { markdown: { content: string } }).markdown.content);
  await shownBy('wecom', { ...announcement, message: '' });
  const freeBytes = 4_096 - contentBytes();
  receiver?.close();
  expect((await shownBy('wecom', { ...announcement, message: 'm'.repeat(freeBytes) }))[1]).toBe('m'.repeat(freeBytes));
  expect(contentBytes()).toBe(4_096);
  receiver?.close();
  expect((await shownBy('wecom', { ...announcement, message: 'm'.repeat(freeBytes + 1) }))[1]).toBe(`${'m'.repeat(freeBytes - 3)}…`);
});

it('dingtalk signs each attempt for its own time, in place of an old signature in the address', async () => {
  receiver = await startReceiver('dingtalk', now.getTime());
  const { announcement } = events['a wait for approval']!;
  const url = `${receiver.url}&timestamp=1&sign=old`;
  for (const offMs of [-1_800_000, 0, 1_800_000])
    await deliver(providers.dingtalk, { url, ...secretOf('dingtalk') }, announcementMessage(announcement), {
      now: new Date(now.getTime() + offMs),
    });
  expect(receiver.refusals).toEqual([]);
  expect(new Set(receiver.received.map((request) => request.url)).size).toBe(3);
});

it.each(['dingtalk', 'feishu'] as const)('%s without a secret sends no signature', (type) => {
  const { announcement } = events['a wait for approval']!;
  const { url, body } = providers[type].compose(announcementMessage(announcement), { url: 'https://chat.example/robot?x=1' }, now);
  expect(url).toBe('https://chat.example/robot?x=1');
  expect(Object.keys(JSON.parse(body) as object)).toEqual(type === 'feishu' ? ['msg_type', 'content'] : ['msgtype', 'markdown', 'at']);
});
