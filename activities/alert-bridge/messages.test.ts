// Five kinds of target and five events, through the bridge to receivers that are as strict as the services.
import { afterEach, expect, it } from '@jest/globals';
import type { Environment, NotifierType } from '../../release/environment.ts';
import { providers } from '../notify/providers.ts';
import { ALERT_LINKS, groupOf, groups } from '../testing/alert-groups.ts';
import { read, SECRETS, startReceiver, type StrictReceiver } from '../testing/strict-receivers.ts';
import type { AlertGroup } from './alert-group.ts';
import { createAlertBridge } from './app.ts';

const types = Object.keys(providers) as NotifierType[];
const chats = types.filter((type) => type !== 'webhook');
const SECRET_VARIABLE = 'ALERT_BRIDGE_TEST_SECRET';

let receiver: StrictReceiver | undefined;
afterEach(() => receiver?.close());

/** A bridge to one strict receiver, named as its type. The first `throttled` messages are above its rate limit. */
async function bridgeTo(
  type: NotifierType,
  {
    throttled = 0,
    offMs = () => 0,
    secretOf = SECRETS as Readonly<Record<string, string>>,
  }: {
    throttled?: number;
    offMs?: () => number;
    secretOf?: Readonly<Record<string, string>>;
  } = {},
) {
  const started = await startReceiver(type, Date.now(), { allowed: ALERT_LINKS, throttled });
  receiver = started;
  const secret = type in secretOf ? { secret: { env: SECRET_VARIABLE } } : {};
  process.env[SECRET_VARIABLE] = secretOf[type] ?? '';
  const environment = { spec: { notify: { [type]: { type, url: { value: started.url }, ...secret } } } } as unknown as Environment;
  const now = (): number => Date.now() + offMs();
  const app = createAlertBridge({ environment, environmentFolder: '.', authenticate: async () => null, now, log: () => undefined });
  const post = async (group: AlertGroup): Promise<Response> =>
    await app.request(`/alerts/${type}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(group),
    });
  return { post, receiver: started };
}

/** The lines that the receiver shows, after it accepted the message. */
async function shownBy(type: NotifierType, group: AlertGroup): Promise<string[]> {
  const bridge = await bridgeTo(type);
  const response = await bridge.post(group);
  expect(bridge.receiver.refusals).toEqual([]);
  expect(await response.text()).toBe('delivered\n');
  expect(response.status).toBe(200);
  expect(bridge.receiver.received).toHaveLength(1);
  return (bridge.receiver.shown[0] ?? []).map(read);
}

/** That is all of it, or its beginning up to a cut. */
function expectBeginningOf(whole: readonly string[], shown: readonly string[]): void {
  const [all, text] = [whole.map(read).join('\n'), shown.join('\n')];
  if (text !== all) expect([text.at(-1), all.startsWith(text.slice(0, -1))]).toEqual(['…', true]);
}

it.each(chats.flatMap((type) => Object.entries(groups).map(([event, given]) => ({ type, event, given }))))(
  '$type accepts $event, and shows the same lines as the others',
  async ({ type, given: { group, headline, lines, ending } }) => {
    const [first = '', ...others] = await shownBy(type, group);
    expectBeginningOf([headline], [first]);
    if (type !== 'slack') expect(first).toBe(read(headline));
    expect(others.slice(-ending.length)).toEqual(ending.map(read));
    expectBeginningOf(lines, others.slice(0, -ending.length));
    const fits = lines.length < 10;
    if (fits) expect(others.slice(0, -ending.length)).toEqual(lines.map(read));
  },
);

it.each(Object.entries(groups))('a webhook accepts %s, with all fields and the text of the chats', async (_, { group, headline }) => {
  expect((await shownBy('webhook', group))[0]).toBe(read(headline));
  const [request] = receiver!.received;
  expect(JSON.parse(request!.bytes.toString('utf8'))).toMatchObject({
    kind: 'AlertGroup',
    drill: headline.startsWith('[DRILL]'),
    ...group,
  });
});

it.each(chats)('%s gets many alerts cut close to its limit', async (type) => {
  await shownBy(type, groups['a warning of more alerts than fit']!.group);
  const limits: Record<string, number> = { wecom: 4_096, dingtalk: 20_000, feishu: 20_000, slack: 3_000 };
  expect(receiver!.received[0]!.bytes.byteLength).toBeGreaterThan(0.9 * limits[type]!);
});

it.each(chats)('%s gets a message with every part as long as Alertmanager allows', async (type) => {
  const { group } = groups['a critical alert that fires']!;
  const long = '<'.repeat(5_000);
  const labels = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`label_${index}`, long]));
  const [alert] = group.alerts;
  const longest = { ...alert!, labels: { ...labels, alertname: long, severity: long }, annotations: { summary: long, description: long } };
  const shown = await shownBy(type, {
    ...groupOf([longest, { ...longest, labels: { ...longest.labels, pod: long }, fingerprint: 'b' }], 3),
    receiver: long,
    externalURL: `http://alertmanager/${'a'.repeat(5_000)}`,
  });
  expect(shown[0]).toMatch(/^FIRING <{20}/u);
  expect(shown.some((line) => line.startsWith('label_0="<<<'))).toBe(true);
});

it.each(types)('%s: a message above the rate limit is 503, and arrives once when Alertmanager tries again', async (type) => {
  let offMs = 0;
  const bridge = await bridgeTo(type, { throttled: 2, offMs: () => offMs });
  const { group } = groups['a critical alert that fires']!;
  const statuses: number[] = [];
  for (; statuses.at(-1) !== 200 && statuses.length < 20; offMs += 10_000) statuses.push((await bridge.post(group)).status);
  expect(statuses.slice(0, -1)).toEqual(statuses.slice(0, -1).map(() => 503));
  expect(statuses.at(-1)).toBe(200);
  expect(bridge.receiver.refusals).toEqual([]);
  expect(bridge.receiver.shown).toHaveLength(1);
  // While a service asks for a pause nothing is sent to it, which would prolong the pause.
  expect(bridge.receiver.received).toHaveLength(3);
  const pauses: Record<NotifierType, number> = { webhook: 2, slack: 2, feishu: 2, wecom: 12, dingtalk: 12 };
  expect(statuses.length - 1).toBe(pauses[type]);
});

it.each([
  ['webhook', 'HTTP 401'],
  ['dingtalk', 'errcode 310000'],
  ['feishu', 'code 19021'],
] as const)('%s: a message with a wrong signature is 503 with %s, and is not lost', async (type, reason) => {
  const { post, receiver } = await bridgeTo(type, { secretOf: { [type]: 'another secret' } });
  const response = await post(groups['a critical alert that fires']!.group);
  expect({ status: response.status, text: await response.text() }).toEqual({ status: 503, text: expect.stringContaining(reason) });
  expect(receiver.shown).toEqual([]);
  expect(receiver.refusals).toHaveLength(1);
  process.env[SECRET_VARIABLE] = SECRETS[type];
  expect((await post(groups['a critical alert that fires']!.group)).status).toBe(200);
  expect(receiver.shown).toHaveLength(1);
});

it('a real alert in the group of a drill is counted first, and only the drill is marked', async () => {
  const [real] = groups['a critical alert that fires']!.group.alerts;
  const [drill] = groups['an alert of a drill']!.group.alerts;
  const shown = await shownBy('wecom', groupOf([drill!, { ...real!, fingerprint: 'b' }]));
  expect(shown[0]).toBe('[DRILL] and 1 real alert: FIRING critical, 2 alerts: HighErrorRate1m');
  expect(shown.filter((line) => line.includes('FIRING since')).map((line) => line.slice(0, 20))).toEqual([
    '[DRILL] FIRING since',
    'FIRING since 2026-11',
  ]);
});

it('firing alerts come before resolved ones', async () => {
  const [firing] = groups['a critical alert that fires']!.group.alerts;
  const resolved = { ...firing!, status: 'resolved' as const, labels: { ...firing!.labels, severity: 'warning' }, fingerprint: 'b' };
  const shown = await shownBy('feishu', groupOf([resolved, firing!]));
  expect(shown[0]).toBe('FIRING critical, 2 alerts, 1 of them resolved: HighErrorRate1m');
  expect(shown.filter((line) => /^(?:FIRING|RESOLVED) (?:since|at)/u.test(line)).map((line) => line.split(' ')[0])).toEqual([
    'FIRING',
    'RESOLVED',
  ]);
});

it('a link above 1,000 bytes is left out: cut, it would lead to another place', async () => {
  const { group, lines } = groups['a critical alert that fires']!;
  const [alert] = group.alerts;
  const shown = await shownBy('wecom', groupOf([{ ...alert!, generatorURL: `http://prometheus:9090/graph?g0.expr=${'a'.repeat(1_000)}` }]));
  expect(shown.slice(1, 1 + lines.length)).toEqual(lines);
  expect(shown.filter((line) => line.startsWith('Open')).map((line) => line.split(' -> ')[0])).toEqual([
    'Open the runbook',
    'Open Alertmanager',
  ]);
});
