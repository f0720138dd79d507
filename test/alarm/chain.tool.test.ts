// The whole chain on the real Prometheus and Alertmanager: an exporter whose errors surge, two rules, and a receiver that notes when a
// message arrives. Each arrives within its computed band.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { prometheusProcess, type PrometheusProcess } from '../../activities/testing/prometheus-process.ts';
import { readAlertmanager } from '../../analysis/alarm/alertmanager.ts';
import { alarmBudget, type Assumptions, type RouteBudget } from '../../analysis/alarm/budget.ts';
import { routesOf } from '../../analysis/alarm/routing.ts';
import { readAlertRules } from '../../analysis/alarm/rules.ts';
import { alertmanagerProcess, type AlertmanagerProcess } from './alertmanager-process.ts';

jest.setTimeout(60_000);

const SURGE_PER_SECOND = 50;
const assumptions: Assumptions = {
  scrapeMs: 1_000,
  scrapeMsOf: {},
  evaluationMs: 2_000,
  surge: { perSecond: SURGE_PER_SECOND },
  trafficPerSecond: null,
  labels: {},
};
const rules = {
  groups: [
    {
      name: 'go-api',
      rules: [
        { alert: 'Slow', expr: 'rate(zap_error_total[10s]) > 10', for: '3s', labels: { severity: 'warning' } },
        { alert: 'Fast', expr: 'sum(rate(zap_error_total[6s])) > 10', labels: { severity: 'critical' } },
      ],
    },
  ],
};
/** Longer than the band of `Slow` is wide: a budget without it is missed every time. */
const GROUP_WAIT_MS = 6_000;

let surgedAt: number | null = null;
let scrapes = 0;
const arrived = new Map<string, number>();

const exporter = createServer((_, answer) => {
  scrapes += 1;
  const errors = surgedAt === null ? 0 : Math.floor(((performance.now() - surgedAt) / 1_000) * SURGE_PER_SECOND);
  // Prometheus 3 refuses a scrape without one.
  answer.setHeader('content-type', 'text/plain; version=0.0.4');
  answer.end(`# TYPE zap_error_total counter\nzap_error_total{module="order"} ${errors}\n`);
});
const receiver = createServer((request, answer) => {
  void noted(request).then(() => answer.end());
});

async function noted(request: IncomingMessage): Promise<void> {
  const now = performance.now();
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { commonLabels } = JSON.parse(body) as { commonLabels: { alertname: string } };
  if (!arrived.has(commonLabels.alertname)) arrived.set(commonLabels.alertname, now);
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function until(what: string, holds: () => boolean, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never ${what}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

const config = (receiverAddress: string): object => ({
  route: {
    receiver: 'slow',
    group_by: ['alertname'],
    group_wait: `${GROUP_WAIT_MS / 1_000}s`,
    routes: [{ matchers: ['severity="critical"'], receiver: 'fast', group_wait: '0s' }],
  },
  receivers: ['slow', 'fast'].map((name) => ({ name, webhook_configs: [{ url: `http://${receiverAddress}/` }] })),
});

describe('the chain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-chain-'));
  let prometheus: PrometheusProcess;
  let alertmanager: AlertmanagerProcess;
  let configuration: object;

  beforeAll(async () => {
    configuration = config(await listening(receiver));
    alertmanager = await alertmanagerProcess(configuration);
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, JSON.stringify(rules));
    prometheus = await prometheusProcess({
      global: { scrape_interval: '1s', evaluation_interval: '2s' },
      rule_files: [file],
      scrape_configs: [{ job_name: 'go-api', static_configs: [{ targets: [await listening(exporter)] }] }],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager.address] }] }] },
    });
  });
  afterAll(async () => {
    await prometheus?.close();
    await alertmanager?.close();
    exporter.close();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('delivers each message within its band, and outside of a band that leaves out group_wait', async () => {
    const { config: routes } = readAlertmanager(configuration);
    if (!routes) throw new Error('the configuration is refused');
    const budgets = readAlertRules(rules).rules.map((rule): [string, RouteBudget] => {
      const budget = alarmBudget(rule, routes, assumptions);
      if (budget.kind !== 'budget') throw new Error(JSON.stringify(budget));
      return [rule.name, budget.routes[0]];
    });
    // The longest window full of scrapes, so that rate() has all samples it counts on.
    await until('scraped often enough', () => scrapes >= 12, 30_000);
    surgedAt = performance.now();
    await until('delivered', () => arrived.size === budgets.length, 30_000);
    for (const [name, { earliestMs, latestMs }] of budgets) {
      const tookMs = (arrived.get(name) ?? NaN) - surgedAt;
      expect({ name, tookMs, inBand: tookMs >= earliestMs && tookMs <= latestMs }).toMatchObject({ inBand: true });
      if (name === 'Slow') expect(tookMs).toBeGreaterThan(latestMs - GROUP_WAIT_MS);
    }
  });
});

describe('the routes', () => {
  const routes = {
    receiver: 'root',
    routes: [
      { receiver: 'a', matchers: ['severity="critical"', 'team=~"shop|search"'], continue: true },
      {
        receiver: 'b',
        match: { severity: 'critical' },
        routes: [
          { receiver: 'c', matchers: ['team!="shop"'] },
          { receiver: 'd', match_re: { team: 'sh.' } },
        ],
      },
      { receiver: 'e', matchers: ['team=~"pay.*"', 'zone=""'] },
      { receiver: 'f', matchers: ['zone!~"eu|us"'], continue: true },
      { receiver: 'g', matchers: ['{zone=~"e.|as",team="pay"}'] },
    ],
  };
  const values = { severity: ['critical', 'warning'], team: ['shop', 'search', 'pay', 'payments', null], zone: ['eu', 'as', null] };
  const sets = values.severity.flatMap((severity) =>
    values.team.flatMap((team) => values.zone.map((zone) => ({ severity, ...(team && { team }), ...(zone && { zone }) }))),
  );

  it('are taken as Alertmanager takes them', async () => {
    const receivers = ['root', 'a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name }));
    const document = { route: routes, receivers };
    const { config: parsed } = readAlertmanager(document);
    if (!parsed) throw new Error('the configuration is refused');
    const alertmanager = await alertmanagerProcess(document);
    try {
      for (const [index, set] of sets.entries()) {
        const labels = { ...set, alertname: `A${index}` };
        const ours = routesOf({ known: labels, closed: true }, parsed).routes.map(({ receiver: name }) => name);
        expect({ labels, receivers: ours }).toEqual({ labels, receivers: await alertmanager.receiversOf(labels) });
      }
    } finally {
      await alertmanager.close();
    }
  });
});
