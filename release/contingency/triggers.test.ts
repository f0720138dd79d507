import { describe, expect, it } from '@jest/globals';
import { expandTrigger, triggerSchema } from './triggers.ts';

const metrics = { name: 'order-errors', type: 'metrics', minRate: 1_000 };
const log = { name: 'dial-timeouts', type: 'log', text: 'dial tcp*: i/o timeout' };
const alert = { name: 'high-error-rate', type: 'alert', alert: 'HighErrorRate5m', alertmanager: 'lab' };
const problemOf = (trigger: unknown): string => {
  const issue = triggerSchema.safeParse(trigger).error?.issues[0];
  return issue ? `${issue.path.join('.')}: ${issue.message}` : '';
};

describe('a trigger', () => {
  it('on metrics has a rate, a limit and a false-alarm probability in numbers', () =>
    expect(expandTrigger(triggerSchema.parse(metrics))).toEqual({
      name: 'order-errors',
      type: 'metrics',
      metric: 'http_request_duration_seconds',
      minRatePerSecond: 1_000,
      maxErrorPercent: 1,
      falseAlarmPercent: 0.1,
      windowMs: 10_000,
      intervalMs: 2_000,
      noDataAfterMs: 20_000,
    }));

  it('on logs counts the matching lines of a minute', () =>
    expect(expandTrigger(triggerSchema.parse(log))).toEqual({
      name: 'dial-timeouts',
      type: 'log',
      text: 'dial tcp*: i/o timeout',
      perMinute: 10,
      intervalMs: 5_000,
      noDataAfterMs: 60_000,
    }));

  it('on an alert names its labels and its Alertmanager', () =>
    expect(expandTrigger(triggerSchema.parse({ ...alert, labels: { severity: 'critical' }, interval: '2s' }))).toEqual({
      name: 'high-error-rate',
      type: 'alert',
      alert: 'HighErrorRate5m',
      labels: { severity: 'critical' },
      alertmanager: 'lab',
      intervalMs: 2_000,
      noDataAfterMs: 60_000,
    }));

  it.each([
    [{ ...metrics, maxErrorRate: '0%' }, /^maxErrorRate: a limit of 0% cannot be tested/],
    [{ ...metrics, maxErrorRate: '100%' }, /^maxErrorRate: a limit of 100%/],
    [{ ...metrics, falseAlarm: '0%' }, /^falseAlarm: write a probability above 0%/],
    [{ ...metrics, falseAlarm: '20%' }, /^falseAlarm: .*at most 10%/],
    [{ ...metrics, minRate: 0 }, /^minRate: /],
    [{ ...metrics, interval: '1s' }, /^interval: "1s" is out of range/],
    [{ ...metrics, interval: '31s', window: '60s', noDataAfter: '60s' }, /^interval: "31s" is out of range/],
    [{ ...metrics, window: '1s' }, /^window: .*from one to 20 intervals/],
    [{ ...metrics, window: '41s' }, /^window: .*from one to 20 intervals/],
    [{ ...metrics, noDataAfter: '1s' }, /^noDataAfter: data would count as missing between two samples/],
    [{ ...metrics, metric: 'a b' }, /^metric: use a Prometheus metric name/],
    [{ ...metrics, interval: 'soon' }, /^interval: "soon" is not a duration/],
    [{ ...log, text: ' * ' }, /^text: this matches every line/],
    [{ ...log, text: '' }, /^text: this is empty/],
    [{ ...log, perMinute: 601 }, /^perMinute: /],
    [{ ...log, noDataAfter: '2s' }, /^noDataAfter: /],
    [{ ...alert, labels: { 'a-b': 'c' } }, /^labels.a-b: /],
    [{ ...alert, labels: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, 'x'])) }, /^labels: more than 20 labels/],
    [{ ...alert, type: 'guess' }, /^type: /],
  ])('is refused with the field and a reason: %j', (trigger, reason) => expect(problemOf(trigger)).toMatch(reason));
});
