import { describe, expect, it } from '@jest/globals';
import { alertCondition, alertSample, foundAlert, foundRule } from '../testing/triggers.ts';
import { readAlert } from './alert.ts';
import type { AlertSample } from './sample.ts';

const read = (change: Partial<AlertSample>, condition = alertCondition) => readAlert(alertSample(0, change), condition, 'shop-staging');
const other = { alertname: 'HighErrorRate5m', severity: 'warning' };

describe('a trigger on an alert', () => {
  it('holds while the alert is active with its labels, also while Prometheus does not respond', () => {
    const reading = {
      state: 'holds',
      message: 'alert HighErrorRate5m is active in Alertmanager lab (severity="critical")',
      values: { activeAlerts: 1 },
    };
    expect(read({ alerts: [foundAlert({ labels: other }), foundAlert()] })).toEqual(reading);
    expect(read({ alerts: [foundAlert()], rules: null, trouble: 'Prometheus: timed out' })).toEqual(reading);
  });

  it('is false while the rule is evaluated and nothing is pending', () =>
    expect(read({})).toEqual({
      state: 'false',
      message: 'alert HighErrorRate5m is not active in Alertmanager lab',
      values: { activeAlerts: 0 },
    }));

  it('is false while it is active with other labels, and reports them', () =>
    expect(read({ alerts: [foundAlert({ labels: other })], rules: [foundRule({ labels: {} })] })).toMatchObject({
      state: 'false',
      message: expect.stringContaining('it is active with other labels (severity="warning"), expected severity="critical"'),
    }));

  it('is false while the same alert is active for another namespace, unless the condition names it', () => {
    const live = { alertname: 'HighErrorRate5m', severity: 'critical', namespace: 'shop' };
    const sample = {
      alerts: [foundAlert({ labels: live })],
      rules: [foundRule({ labels: {}, alerts: [{ labels: live, state: 'firing' }] })],
    };
    expect(read(sample)).toMatchObject({ state: 'false', message: expect.stringContaining('namespace="shop-staging"') });
    expect(read(sample, { ...alertCondition, labels: { namespace: 'shop' } }).state).toBe('holds');
    expect(read({ ...sample, alerts: [foundAlert({ labels: { ...live, namespace: 'shop-staging' } })] }).state).toBe('holds');
  });

  it.each<[string, Partial<AlertSample>, string]>([
    ['silenced', { alerts: [foundAlert({ state: 'suppressed', silencedBy: ['a1'] })] }, 'silenced by 1 silence: it does not count'],
    ['inhibited', { alerts: [foundAlert({ state: 'suppressed', inhibitedBy: ['f1', 'f2'] })] }, 'inhibited by 2 alerts: it does not count'],
    ['muted', { alerts: [foundAlert({ mutedBy: ['weekend'] })] }, 'muted by weekend: it does not count'],
    ['unprocessed', { alerts: [foundAlert({ state: 'unprocessed' })] }, 'in state unprocessed: it does not count'],
    [
      'pending',
      { rules: [foundRule({ alerts: [{ labels: {}, state: 'pending' }] })] },
      'is pending in Prometheus and not active in Alertmanager lab',
    ],
    [
      'not delivered to Alertmanager',
      { rules: [foundRule({ alerts: [{ labels: { severity: 'critical' }, state: 'firing' }] })] },
      'is firing in Prometheus and not active in Alertmanager lab',
    ],
  ])('is undecided while the alert is %s', (_, change, message) =>
    expect(read(change)).toMatchObject({ state: 'undecided', message: expect.stringContaining(message), values: { activeAlerts: 0 } }),
  );

  it('does not wait for the alerts of other label sets of the rule', () =>
    expect(read({ rules: [foundRule({ labels: {}, alerts: [{ labels: { severity: 'warning' }, state: 'firing' }] })] }).state).toBe(
      'false',
    ));

  it.each<[string, Partial<AlertSample>, string]>([
    [
      'Alertmanager does not respond',
      { alerts: null, trouble: 'Alertmanager lab: timed out after 3 s' },
      'Alertmanager lab: timed out after 3 s',
    ],
    ['Prometheus does not respond', { rules: null, trouble: 'Prometheus: timed out after 3 s' }, 'Prometheus: timed out after 3 s'],
    ['the rule does not exist', { rules: [] }, 'Prometheus has no alerting rule named HighErrorRate5m'],
    [
      'the rule has another value of a label',
      { rules: [foundRule({ labels: { severity: 'warning' } })] },
      'has the labels severity="warning", expected severity="critical"',
    ],
    [
      'the rule fails',
      { rules: [foundRule({ health: 'err', error: 'many-to-many matching' })] },
      'does not evaluate the rule of alert HighErrorRate5m: many-to-many',
    ],
    ['the rule was not evaluated yet', { rules: [foundRule({ ageMs: null })] }, 'evaluated the rule of alert HighErrorRate5m never'],
    ['the last evaluation is old', { rules: [foundRule({ ageMs: 61_000 })] }, 'evaluated the rule of alert HighErrorRate5m 1 m 1 s ago'],
    [
      'its metric has no series',
      { rules: [foundRule({ missingMetric: 'zap_error_total' })] },
      'reads the metric zap_error_total, which has no series',
    ],
    ['one of two rules is broken', { rules: [foundRule(), foundRule({ health: 'unknown' })] }, 'health is unknown'],
  ])('has no data when %s', (_, change, message) =>
    expect(read(change)).toMatchObject({ state: 'no-data', message: expect.stringContaining(message) }),
  );

  it('takes a templated label of a rule for any value', () =>
    expect(read({ rules: [foundRule({ labels: { severity: '{{ $labels.severity }}' } })] }).state).toBe('false'));
});
