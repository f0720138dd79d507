// A rule and a configuration to change in tests.
import { readAlertmanager, type AlertmanagerConfig } from '../alarm/alertmanager.ts';
import type { Assumptions } from '../alarm/budget.ts';
import type { AlertRule } from '../alarm/rules.ts';

export const rule = (changes: Partial<AlertRule> = {}): AlertRule => ({
  name: 'HighErrorRate5m',
  group: 'go-api',
  expression: 'rate(zap_error_total[5m]) > 10',
  forMs: 120_000,
  intervalMs: null,
  queryOffsetMs: null,
  labels: {},
  path: [],
  ...changes,
});

/** Every interval is 15 s, and the surge 50 errors/s. */
export const assumptions = (changes: Partial<Assumptions> = {}): Assumptions => ({
  scrapeMs: 15_000,
  scrapeMsOf: {},
  evaluationMs: 15_000,
  surge: { perSecond: 50 },
  trafficPerSecond: null,
  labels: {},
  ...changes,
});

/** A configuration that has to be right, with the receivers `chat`, `oncall` and the empty `nobody`. */
export function alertmanager(route: object = {}, others: object = {}): AlertmanagerConfig {
  const receivers = [
    { name: 'chat', webhook_configs: [{ url: 'http://127.0.0.1:1/' }] },
    { name: 'oncall', pagerduty_configs: [{ routing_key: 'x' }] },
    { name: 'nobody' },
  ];
  const { config, objections } = readAlertmanager({ route: { receiver: 'chat', ...route }, receivers, ...others });
  if (config === null) throw new Error(JSON.stringify(objections));
  return config;
}
