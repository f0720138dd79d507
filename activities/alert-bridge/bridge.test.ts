// The bridge towards Alertmanager: what is 200, what is retried, and who may send.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Environment } from '../../release/environment.ts';
import { DELIVERY_TIMEOUT_MS } from '../notify/deliver.ts';
import { groupOf, groups } from '../testing/alert-groups.ts';
import type { AlertGroup } from './alert-group.ts';
import { createAlertBridge, type AppOptions } from './app.ts';
import { createSendOnce } from './sent-once.ts';
import { startAlertBridge, type RunningBridge } from './start.ts';

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}
const errcode = (code: number): Answer => ({ body: JSON.stringify({ errcode: code }) });

let server: Server;
/** `webhook-id` of each message that arrived, or its body. */
let got: string[];
/** Answers to the next messages; then a success. */
let answers: (Answer | 'hang')[];
let lines: string[];
let nowMs: number;
const started: RunningBridge[] = [];
beforeEach(async () => {
  [got, answers, lines, nowMs] = [[], [], [], Date.parse('2026-11-24T06:00:00Z')];
  server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      got.push(String(request.headers['webhook-id'] ?? 'message'));
      const answer = answers.shift() ?? errcode(0);
      if (answer === 'hang') return;
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await Promise.all(started.splice(0).map((bridge) => bridge.close()));
});

function environmentWith(alertBridge: object | undefined, notify?: object): Environment {
  const url = { value: `http://127.0.0.1:${(server.address() as AddressInfo).port}/key-of-the-robot` };
  return {
    spec: { notify: notify ?? { team: { type: 'wecom', url }, oncall: { type: 'webhook', url } }, alertBridge },
  } as unknown as Environment;
}

const options = (): AppOptions => ({
  environment: environmentWith(undefined),
  environmentFolder: '.',
  authenticate: async () => null,
  now: () => nowMs,
  timeoutMs: 1_000,
  log: (line) => lines.push(line),
});

const group: AlertGroup = groups['a critical alert that fires']!.group;
const json = { 'content-type': 'application/json' };

type App = ReturnType<typeof createAlertBridge>;
async function post(app: App, body: unknown = group, path = '/alerts/team', headers: Record<string, string> = json) {
  const response = await app.request(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

describe('a target that does not accept a message', () => {
  it.each<[string, Answer | 'hang', RegExp]>([
    ['throttles in the body of a 200', errcode(45_009), /errcode 45009 \(more than 20 messages in a minute\)/u],
    ['is busy', errcode(-1), /errcode -1/u],
    ['refuses for good in the body of a 200', errcode(93_000), /errcode 93000 \(no robot has the key in the address\)/u],
    ['refuses a message that is too long', errcode(40_058), /errcode 40058/u],
    ['answers an unknown code', errcode(777), /errcode 777/u],
    ['throttles by status', { status: 429, headers: { 'retry-after': '9' } }, /HTTP 429/u],
    ['is overloaded', { status: 503 }, /HTTP 503/u],
    ['is not at this address', { status: 404 }, /HTTP 404/u],
    ['is behind a login page', { body: '<html>Log in</html>' }, /a web page, such as the login of a proxy/u],
    ['answers an empty body', { body: '' }, /with an empty body/u],
    ['does not answer in time', 'hang', /timed out after 1 s/u],
  ])('%s is 503 with the reason, and is tried again', async (_, answer, reason) => {
    answers = [answer];
    const app = createAlertBridge(options());
    const { status, text } = await post(app);
    expect({ status, text }).toEqual({ status: 503, text: expect.stringMatching(reason) });
    expect(text).toMatch(/^not delivered to team: [^\n]+\n$/u);
    expect(lines).toEqual([text.trim()]);
    expect(text).not.toContain('key-of-the-robot');
    nowMs += 60_000;
    expect(await post(app)).toEqual({ status: 200, text: 'delivered\n' });
    expect(got).toHaveLength(2);
  });

  it('cannot be reached', async () => {
    const app = createAlertBridge(options());
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    expect(await post(app)).toEqual({ status: 503, text: expect.stringMatching(/cannot reach 127\.0\.0\.1:\d+: connect ECONNREFUSED/u) });
  });

  it('has a credential that cannot be read', async () => {
    const environment = environmentWith(undefined, { team: { type: 'wecom', url: { env: 'NOT_SET' } } });
    expect(await post(createAlertBridge({ ...options(), environment }))).toEqual({
      status: 503,
      text: 'not delivered to team: the environment variable NOT_SET is not set\n',
    });
  });

  it('takes less time than Alertmanager waits at least', () => {
    expect(DELIVERY_TIMEOUT_MS).toBeLessThan(10_000);
  });
});

describe('a pause that a service asks for', () => {
  it('is kept without a request, and is at most two minutes', async () => {
    answers = [{ status: 429, headers: { 'retry-after': '3600' } }];
    const app = createAlertBridge(options());
    await post(app);
    nowMs += 119_000;
    expect(await post(app)).toEqual({
      status: 503,
      text: 'not delivered to team: the service asked for a pause, which ends in 1 s\n',
    });
    expect(got).toHaveLength(1);
    nowMs += 1_000;
    expect(await post(app)).toMatchObject({ status: 200 });
  });

  it('does not delay another target', async () => {
    answers = [errcode(45_009)];
    const app = createAlertBridge(options());
    expect((await post(app)).status).toBe(503);
    expect((await post(app, group, '/alerts/oncall')).status).toBe(200);
  });
});

describe('a repeated notification', () => {
  it('of the same state is delivered once, and again after two minutes, when repeat_interval wants it', async () => {
    const app = createAlertBridge(options());
    expect(await post(app, group, '/alerts/oncall')).toEqual({ status: 200, text: 'delivered\n' });
    nowMs += 119_000;
    const values = { ...group, alerts: group.alerts.map((alert) => ({ ...alert, annotations: { summary: 'go-api logs 51 errors/s' } })) };
    expect(await post(app, values, '/alerts/oncall')).toEqual({ status: 200, text: 'duplicate\n' });
    nowMs += 1_000;
    expect(await post(app, group, '/alerts/oncall')).toEqual({ status: 200, text: 'delivered\n' });
    expect(new Set(got).size).toBe(2);
  });

  it('after a failure is sent again under the same id, so that a receiver can drop what it got', async () => {
    answers = ['hang'];
    const app = createAlertBridge(options());
    expect((await post(app, group, '/alerts/oncall')).status).toBe(503);
    nowMs += 1_000;
    expect((await post(app, group, '/alerts/oncall')).status).toBe(200);
    expect(got).toHaveLength(2);
    expect(new Set(got).size).toBe(1);
  });

  it('while the first is being sent waits for it, and is not sent beside it', async () => {
    const app = createAlertBridge(options());
    const both = await Promise.all([post(app), post(app)]);
    expect(both.map(({ text }) => text)).toEqual(['delivered\n', 'duplicate\n']);
    answers = ['hang'];
    const failed = await Promise.all([post(app, { ...group, groupKey: 'b' }), post(app, { ...group, groupKey: 'b' })]);
    expect(failed.map(({ status }) => status)).toEqual([503, 503]);
    expect(got).toHaveLength(2);
  });

  const [alert] = group.alerts;
  it.each<[string, AlertGroup, string]>([
    ['another group', { ...group, groupKey: 'other' }, '/alerts/team'],
    ['a resolved group', groupOf([{ ...alert!, status: 'resolved' }]), '/alerts/team'],
    ['an alert that began again', groupOf([{ ...alert!, startsAt: '2026-11-24T06:01:00Z' }]), '/alerts/team'],
    ['another alert', groupOf([{ ...alert!, fingerprint: 'other' }]), '/alerts/team'],
    ['one more alert', { ...group, alerts: [alert!, { ...alert!, fingerprint: 'other' }] }, '/alerts/team'],
    ['more alerts that were left out', { ...group, truncatedAlerts: 1 }, '/alerts/team'],
    ['another target', group, '/alerts/oncall'],
  ])('is not %s', async (_, other, path) => {
    const app = createAlertBridge(options());
    await post(app);
    expect(await post(app, other, path)).toEqual({ status: 200, text: 'delivered\n' });
  });

  it('is remembered for 10,000 states, and the oldest is forgotten first', async () => {
    const sendOnce = createSendOnce(() => nowMs);
    const send = async () => ({ outcome: 'delivered' as const });
    for (let state = 0; state <= 10_000; state += 1) await sendOnce(String(state), send);
    expect(await sendOnce('10000', send)).toEqual({ outcome: 'duplicate' });
    expect(await sendOnce('0', send)).toEqual({ outcome: 'delivered' });
  });
});

describe('a request that cannot be delivered', () => {
  it.each<[string, unknown, string, number, RegExp]>([
    ['for an unknown target', group, '/alerts/temas', 404, /^there is no notification target "temas"; spec\.notify has team, oncall\n$/u],
    ['to another path', group, '/', 404, /^send alerts as POST to \/alerts\/<target>\n$/u],
    ['without JSON', 'alerts', '/alerts/team', 400, /^the body is not JSON\n$/u],
    [
      'of another version',
      { ...group, version: '3' },
      '/alerts/team',
      400,
      /^the body is not version 4 of Alertmanager's webhook: version: [^\n]+\n$/u,
    ],
    [
      'with a field of another type',
      { ...group, alerts: [{ ...group.alerts[0], startsAt: 'now' }] },
      '/alerts/team',
      400,
      /webhook: alerts\[0\]\.startsAt: [^\n]+\n$/u,
    ],
    ['without alerts', { ...group, alerts: [] }, '/alerts/team', 400, /webhook: alerts: [^\n]+\n$/u],
    ['that is null', 'null', '/alerts/team', 400, /webhook: body: [^\n]+\n$/u],
    [
      'above 4 MiB',
      ' '.repeat(4 * 1024 * 1024 + 1),
      '/alerts/team',
      413,
      /^the body is larger than 4 MiB; set max_alerts of the webhook in Alertmanager\n$/u,
    ],
  ])('%s is refused with one sentence', async (_, body, path, status, sentence) => {
    expect(await post(createAlertBridge(options()), body, path)).toEqual({ status, text: expect.stringMatching(sentence) });
    expect(got).toEqual([]);
  });

  it('with another content type is refused, as a form of another site would be', async () => {
    expect(await post(createAlertBridge(options()), group, '/alerts/team', { 'content-type': 'text/plain' })).toEqual({
      status: 400,
      text: 'the content type is not application/json\n',
    });
  });

  it('accepts fields that newer versions add, and a time with an offset', async () => {
    const newer = {
      ...group,
      notification_reason: 'repeat',
      alerts: [{ ...group.alerts[0], startsAt: '2026-11-24T07:58:00.123456789+02:00', since: 1 }],
    };
    expect(await post(createAlertBridge(options()), newer)).toMatchObject({ status: 200 });
  });
});

describe('the metrics', () => {
  it('count deliveries by target and outcome, refused requests by reason, and have every series from the start', async () => {
    const app = createAlertBridge(options());
    const read = async (): Promise<string> => await (await app.request('/metrics')).text();
    expect(await read()).toContain('tminus_alert_deliveries_total{target="oncall",outcome="refused"} 0');
    answers = [errcode(93_000), errcode(45_009)];
    for (let count = 0; count < 3; count += 1) await post(app);
    await post(app, group, '/alerts/oncall');
    await post(app, group, '/alerts/oncall');
    await post(app, '{');
    const text = await read();
    for (const line of [
      'tminus_alert_deliveries_total{target="team",outcome="refused"} 1',
      'tminus_alert_deliveries_total{target="team",outcome="unavailable"} 1',
      'tminus_alert_deliveries_total{target="team",outcome="paused"} 1',
      'tminus_alert_deliveries_total{target="oncall",outcome="delivered"} 1',
      'tminus_alert_deliveries_total{target="oncall",outcome="duplicate"} 1',
      'tminus_alert_delivery_seconds_count{target="team"} 3',
      'tminus_alert_requests_refused_total{reason="malformed"} 1',
      'tminus_alert_requests_refused_total{reason="too_large"} 0',
    ])
      expect(text).toContain(`${line}\n`);
  });
});

describe('the process', () => {
  const TOKEN = 'a-token-of-28-characters-abc';
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'alert-bridge-'));
    writeFileSync(join(path, 'token'), `${TOKEN}\n`);
    return path;
  };
  const start = async (
    alertBridge: object | undefined,
    { address = '127.0.0.1:0', environmentFolder = '.', notify = undefined as object | undefined } = {},
  ): Promise<RunningBridge> => {
    const environment = environmentWith(alertBridge, notify);
    const bridge = await startAlertBridge({ environment, environmentFolder, address, log: (line) => lines.push(line) });
    started.push(bridge);
    return bridge;
  };
  const send = async (url: string, headers: Record<string, string>): Promise<number> =>
    (await fetch(`${url}/alerts/team`, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(group) })).status;

  it('accepts the token of its file alone, and a new one without a restart', async () => {
    const environmentFolder = folder();
    const bridge = await start({ token: { file: 'token' } }, { environmentFolder });
    expect(await send(bridge.url, {})).toBe(401);
    for (const authorization of [`Bearer ${TOKEN}x`, 'Bearer', 'Bearer ', `Basic ${TOKEN}`, TOKEN])
      expect(await send(bridge.url, { authorization })).toBe(401);
    expect(got).toEqual([]);
    expect(await send(bridge.url, { authorization: `Bearer ${TOKEN}` })).toBe(200);
    writeFileSync(join(environmentFolder, 'token'), 'another-token-of-the-team');
    expect(await send(bridge.url, { authorization: `Bearer ${TOKEN}` })).toBe(401);
    expect(await send(bridge.url, { authorization: 'bearer another-token-of-the-team' })).toBe(200);
    writeFileSync(join(environmentFolder, 'token'), '');
    expect(await send(bridge.url, { authorization: 'Bearer ' })).toBe(503);
    rmSync(join(environmentFolder, 'token'));
    expect(await send(bridge.url, { authorization: `Bearer ${TOKEN}` })).toBe(503);
    expect((await fetch(`${bridge.url}/healthz`)).status).toBe(200);
    expect(lines.join('\n')).not.toContain('token-of');
  });

  it('without a token responds on loopback, and not to the name of another site', async () => {
    const bridge = await start({ allowUnauthenticated: true });
    expect(await send(bridge.url, {})).toBe(200);
    // fetch does not send another Host.
    const asked = request(`${bridge.url}/alerts/team`, { method: 'POST', headers: { ...json, host: 'evil.example' } });
    asked.end(JSON.stringify(group));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(401);
  });

  it.each<[string, object | undefined, Parameters<typeof start>[1], RegExp]>([
    ['without spec.alertBridge', undefined, {}, /^spec\.alertBridge is not set in the environment file/u],
    ['without targets', { allowUnauthenticated: true }, { notify: {} }, /^spec\.notify of the environment file has no target$/u],
    [
      'without a token on another address',
      { allowUnauthenticated: true },
      { address: '0.0.0.0:0' },
      /^the alert bridge does not listen on 0\.0\.0\.0/u,
    ],
    ['with a token that is not set', { token: { env: 'NOT_SET' } }, {}, /cannot be read: the environment variable NOT_SET is not set$/u],
    [
      'at no address',
      { allowUnauthenticated: true },
      { address: '7481' },
      /^TMINUS_ALERT_BRIDGE_ADDRESS must be host:port, such as 127\.0\.0\.1:7481/u,
    ],
  ])('does not start %s', async (_, alertBridge, how, message) => {
    await expect(start(alertBridge, how)).rejects.toMatchObject({ name: 'BridgeRefused', message: expect.stringMatching(message) });
  });

  it('does not start with a short token', async () => {
    const environmentFolder = folder();
    writeFileSync(join(environmentFolder, 'token'), 'short');
    await expect(start({ token: { file: 'token' } }, { environmentFolder })).rejects.toThrow('has 5 characters, at least 16 are required');
  });

  it('does not start at a port that is taken', async () => {
    const other = createTcpServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ allowUnauthenticated: true }, { address: `127.0.0.1:${port}` })).rejects.toThrow(
      `the alert bridge cannot listen on 127.0.0.1:${port}`,
    );
    other.close();
  });

  it('reports targets that cannot be used, and starts for the others', async () => {
    const notify = { ...environmentWith(undefined).spec.notify, unset: { type: 'webhook', url: { env: 'NOT_SET' } } };
    const bridge = await start({ allowUnauthenticated: true }, { notify });
    expect(lines).toEqual(['unset cannot be used: the environment variable NOT_SET is not set']);
    expect(await send(bridge.url, {})).toBe(200);
  });
});
