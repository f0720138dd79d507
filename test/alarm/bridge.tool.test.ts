// The real Alertmanager, the alert bridge and receivers that are as strict as the chat services.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startAlertBridge, type RunningBridge } from '../../activities/alert-bridge/start.ts';
import { startResettingProxy, type ResettingProxy } from '../../activities/testing/resetting-proxy.ts';
import { SECRETS, startReceiver, type StrictReceiver } from '../../activities/testing/strict-receivers.ts';
import type { Environment } from '../../release/environment.ts';
import { alertmanagerProcess, type AlertmanagerProcess } from './alertmanager-process.ts';

jest.setTimeout(60_000);

const TOKEN = 'a-token-of-28-characters-abc';
const QUERY = 'http://prometheus:9090/graph?g0.expr=up';
const ARRIVAL_MS = 30_000;

/**
 * One receiver of Alertmanager for each. The throttled one answers its first two messages with a result code in a 200; the way to the lossy one goes
 * through a proxy.
 */
const targets = ['team', 'throttled', 'lossy'] as const;
const allowed: string[] = [QUERY];
let receivers: Record<(typeof targets)[number], StrictReceiver>;
let bridge: RunningBridge;
let proxy: ResettingProxy;
let alertmanager: AlertmanagerProcess;
const log: string[] = [];

beforeAll(async () => {
  receivers = {
    team: await startReceiver('feishu', Date.now(), { allowed }),
    throttled: await startReceiver('feishu', Date.now(), { allowed, throttled: 2 }),
    lossy: await startReceiver('feishu', Date.now(), { allowed }),
  };
  process.env['BRIDGE_TOOL_TOKEN'] = TOKEN;
  process.env['BRIDGE_TOOL_SECRET'] = SECRETS.feishu;
  const notify = Object.fromEntries(
    targets.map((name) => [name, { type: 'feishu', url: { value: receivers[name].url }, secret: { env: 'BRIDGE_TOOL_SECRET' } }]),
  );
  const environment = { spec: { notify, alertBridge: { token: { env: 'BRIDGE_TOOL_TOKEN' } } } } as unknown as Environment;
  bridge = await startAlertBridge({ address: '127.0.0.1:0', environment, environmentFolder: '.', log: (line) => log.push(line) });
  const bridgePort = Number(new URL(bridge.url).port);
  proxy = await startResettingProxy('127.0.0.1', bridgePort);
  const portOf = (name: string): number => (name === 'lossy' ? proxy.port : bridgePort);
  alertmanager = await alertmanagerProcess({
    route: {
      receiver: 'team',
      // A drill with an id of its own is a group of its own; group_interval is 5 m by default.
      group_by: ['alertname', 'tminus_drill'],
      group_wait: '1s',
      routes: [
        { receiver: 'throttled', matchers: ['severity="throttled"'] },
        { receiver: 'lossy', matchers: ['severity="lossy"'] },
        { receiver: 'team', matchers: ['severity="short"'], group_interval: '1s' },
      ],
    },
    receivers: targets.map((name) => ({
      name,
      webhook_configs: [
        {
          url: `http://127.0.0.1:${portOf(name)}/alerts/${name}`,
          max_alerts: 100,
          http_config: { authorization: { type: 'Bearer', credentials: TOKEN } },
        },
      ],
    })),
  });
  const port = alertmanager.address.split(':')[1];
  allowed.push(...targets.map((name) => `http://${hostname()}:${port}/#/alerts?receiver=${name}`));
});
afterEach(() => void log.splice(0));
afterAll(async () => {
  await alertmanager?.close();
  await proxy?.close();
  await bridge?.close();
  for (const receiver of Object.values(receivers ?? {})) receiver.close();
});

/** An alert that began a minute ago, longer than `group_wait`, so that its group is sent at once. */
async function post(labels: Record<string, string>, { endsAt }: { endsAt?: Date } = {}): Promise<void> {
  const startsAt = new Date(Date.now() - 60_000);
  const annotations = { summary: `go-api logs 50 errors/s`, description: 'More than 10 errors/s.' };
  const { status } = await fetch(`http://${alertmanager.address}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels, annotations, startsAt, generatorURL: QUERY, ...(endsAt ? { endsAt } : {}) }]),
  });
  expect(status).toBe(200);
}

const headlines = (receiver: StrictReceiver): string[] => receiver.shown.map(([headline = '']) => headline);

/** The first result, asked for until there is one. */
async function eventually<T>(what: string, find: () => T | undefined | Promise<T | undefined>, seen: () => unknown): Promise<T> {
  const deadline = performance.now() + ARRIVAL_MS;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`never: ${what}; ${JSON.stringify({ seen: seen(), log })}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

const arrives = (receiver: StrictReceiver, headline: string): Promise<readonly string[]> =>
  eventually(
    headline,
    () => receiver.shown.find((lines) => lines[0] === headline),
    () => receiver,
  );

describe('an alert', () => {
  it('arrives when it fires and when it is resolved', async () => {
    const labels = { alertname: 'Errors', job: 'go-api', severity: 'short' };
    await post(labels);
    expect(await arrives(receivers.team, 'FIRING short: Errors')).toEqual([
      'FIRING short: Errors',
      'job="go-api"',
      expect.stringMatching(/^FIRING since \d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC: go-api logs 50 errors\/s$/u),
      'More than 10 errors/s.',
      'sent by tminus for the Alertmanager receiver team',
      `Open the query -> ${QUERY}`,
      expect.stringMatching(/^Open Alertmanager -> http:/u),
    ]);
    await post(labels, { endsAt: new Date() });
    await arrives(receivers.team, 'RESOLVED short: Errors');
    expect(receivers.team.refusals).toEqual([]);
    expect(log).toEqual([]);
  });

  it('arrives once after the service refused it twice in the body of a 200: Alertmanager tries again', async () => {
    await post({ alertname: 'Throttled', severity: 'throttled' });
    await arrives(receivers.throttled, 'FIRING throttled: Throttled');
    expect(receivers.throttled.refusals).toEqual([]);
    expect(receivers.throttled.received).toHaveLength(3);
    expect(receivers.throttled.shown).toHaveLength(1);
    expect(log).toEqual(Array.from({ length: 2 }, () => expect.stringMatching(/^not delivered to throttled: .* code 11232/u)));
  });
});

it('an alert whose 200 is lost on the way back arrives once: the second request of Alertmanager is a duplicate', async () => {
  proxy.loseNextAnswer();
  await post({ alertname: 'Lost', severity: 'lossy' });
  const metrics = async (): Promise<string> => await (await fetch(`${bridge.url}/metrics`)).text();
  const duplicate = 'tminus_alert_deliveries_total{target="lossy",outcome="duplicate"} 1\n';
  await eventually('a duplicate', async () => ((await metrics()).includes(duplicate) ? true : undefined), metrics);
  expect(proxy.lost()).toBe(1);
  expect(headlines(receivers.lossy)).toEqual(['FIRING lossy: Lost']);
});

it('two drills in a row of one alert both arrive, and the first one posted again does not', async () => {
  const drill = (id: string) => post({ alertname: 'Errors', severity: 'critical', tminus_drill: id });
  const headline = '[DRILL] FIRING critical: Errors';
  await drill('go-api-1');
  expect(await arrives(receivers.team, headline)).toContain('tminus_drill="go-api-1"');
  receivers.team.shown.splice(0);
  await drill('go-api-1');
  await drill('go-api-2');
  expect(await arrives(receivers.team, headline)).toContain('tminus_drill="go-api-2"');
  expect(headlines(receivers.team)).toEqual([headline]);
});

it('Alertmanager accepts the configuration of the how-to page, and routes a critical alert to oncall', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/how-to/send-alerts-to-chat.md'), 'utf8');
  const [, text = ''] = /```yaml\n(route:\n[^`]*)```/u.exec(page) ?? [];
  const documented = await alertmanagerProcess(parse(text) as object);
  try {
    expect(await documented.receiversOf({ alertname: 'Errors', severity: 'critical' })).toEqual(['oncall']);
    expect(await documented.receiversOf({ alertname: 'Slow', severity: 'warning' })).toEqual(['release-room']);
  } finally {
    await documented.close();
  }
});
