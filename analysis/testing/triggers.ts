// For tests: watches of triggers, and samples as Prometheus, the logs of pods and Alertmanager give them.
import type { AlertCondition, LogCondition, MetricsCondition, TriggerCondition, TriggerWatch } from '../trigger/condition.ts';
import type { AlertSample, FoundAlert, FoundRule, LogPod, LogSample, MetricsSample, TriggerSample } from '../trigger/sample.ts';
import { addSample, EMPTY_TALLY, type TriggerTally } from '../trigger/watch.ts';

export const TRIGGER_PODS = ['go-api-a-1', 'go-api-a-2', 'go-api-b-1'];
export const STARTED_MS = Date.parse('2026-11-24T09:00:00Z');

export const metricsCondition: MetricsCondition = {
  type: 'metrics',
  name: 'order-errors',
  metric: 'http_request_duration_seconds',
  minRatePerSecond: 500,
  maxErrorPercent: 1,
  falseAlarmPercent: 0.1,
  windowMs: 10_000,
  intervalMs: 2_000,
  noDataAfterMs: 20_000,
};
export const logCondition: LogCondition = {
  type: 'log',
  name: 'dial-timeouts',
  text: 'dial tcp*: i/o timeout',
  perMinute: 10,
  intervalMs: 5_000,
  noDataAfterMs: 60_000,
};
export const alertCondition: AlertCondition = {
  type: 'alert',
  name: 'high-error-rate',
  alert: 'HighErrorRate5m',
  labels: { severity: 'critical' },
  alertmanager: 'lab',
  intervalMs: 5_000,
  noDataAfterMs: 60_000,
};

export const watchOf = (trigger: TriggerCondition, change: Partial<TriggerWatch> = {}): TriggerWatch => ({
  trigger,
  subject: 'deployment shop/go-api',
  namespace: 'shop',
  until: 'fires',
  sinceMs: null,
  forMs: 0,
  timeoutMs: 3_600_000,
  ...change,
});

/** The state after all samples. */
export const tallyOf = (samples: readonly TriggerSample[], watch: TriggerWatch): TriggerTally =>
  samples.reduce((tally, sample) => addSample(tally, sample, watch), EMPTY_TALLY);

/** Counters of a pod; null: scraped, without a series of the metric. */
export type FakeCounters = Record<string, { requests: number; errors: number } | null>;

/** A sample whose pods all serve and were scraped a second before. */
export function metricsSample(atS: number, counters: FakeCounters, change: Partial<MetricsSample> = {}): MetricsSample {
  const values = (of: (counts: { requests: number; errors: number }) => number) =>
    Object.entries(counters).flatMap(([pod, counts]) => (counts === null ? [] : [{ pod, value: of(counts) }]));
  const every = (value: number) => Object.keys(counters).map((pod) => ({ pod, value }));
  return {
    type: 'metrics',
    atMs: STARTED_MS + 1_000 * atS,
    pods: Object.keys(counters).map((name) => ({ name, serves: true })),
    answers: {
      up: every(1),
      ageS: every(1),
      requests: values(({ requests }) => requests),
      coded: values(({ requests }) => requests),
      errors: values(({ errors }) => errors).filter(({ value }) => value > 0),
    },
    evaluatedAtS: STARTED_MS / 1_000 + atS - 1,
    trouble: null,
    queries: { up: 'up{}', ageS: 'age{}', requests: 'requests{}', coded: 'coded{}', errors: 'errors{}' },
    ...change,
  };
}

export const logPod = (change: Partial<LogPod> = {}): LogPod => ({
  name: 'go-api-a-1',
  lines: 5,
  matches: [],
  cursor: null,
  restarts: 0,
  logged: true,
  trouble: null,
  ...change,
});

export const logSample = (atS: number, pods: LogPod[], trouble: string | null = null): LogSample => ({
  type: 'log',
  atMs: STARTED_MS + 1_000 * atS,
  pods,
  trouble,
});

export const foundAlert = (change: Partial<FoundAlert> = {}): FoundAlert => ({
  labels: { alertname: 'HighErrorRate5m', severity: 'critical' },
  state: 'active',
  silencedBy: [],
  inhibitedBy: [],
  mutedBy: [],
  ...change,
});

export const foundRule = (change: Partial<FoundRule> = {}): FoundRule => ({
  labels: { severity: 'critical' },
  health: 'ok',
  error: '',
  ageMs: 1_000,
  alerts: [],
  missingMetric: null,
  ...change,
});

export const alertSample = (atS: number, change: Partial<AlertSample> = {}): AlertSample => ({
  type: 'alert',
  atMs: STARTED_MS + 1_000 * atS,
  alerts: [],
  rules: [foundRule()],
  trouble: null,
  ...change,
});
