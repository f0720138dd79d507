import { describe, expect, it } from '@jest/globals';
import { prometheusDurationMs } from './duration.ts';
import { readCondition } from './expression.ts';
import { readAlertRules } from './rules.ts';

const alert = { alert: 'HighErrorRate', expr: 'rate(zap_error_total[5m]) > 10', for: '2m', labels: { severity: 'page' } };
const group = { name: 'go-api', interval: '15s', rules: [{ record: 'x', expr: 'y' }, alert] };

describe('alerting rules', () => {
  it.each([
    ['a rule file', { groups: [group] }, ['groups', 0, 'rules', 1]],
    ['an object of the operator', { kind: 'PrometheusRule', spec: { groups: [group] } }, ['spec', 'groups', 0, 'rules', 1]],
    [
      'a list of objects',
      { kind: 'List', items: [{ kind: 'PrometheusRule', spec: { groups: [group] } }] },
      ['items', 0, 'spec', 'groups', 0, 'rules', 1],
    ],
  ])('are read from %s, without the recording rules', (_, document, path) => {
    expect(readAlertRules(document)).toEqual({
      objections: [],
      rules: [
        {
          name: 'HighErrorRate',
          group: 'go-api',
          expression: 'rate(zap_error_total[5m]) > 10',
          forMs: 120_000,
          intervalMs: 15_000,
          queryOffsetMs: null,
          labels: { severity: 'page' },
          path,
        },
      ],
    });
  });

  it('take labels of their group, and their own before those', () => {
    const { rules } = readAlertRules({ groups: [{ ...group, labels: { severity: 'none', team: 'shop' } }] });
    expect(rules[0]?.labels).toEqual({ severity: 'page', team: 'shop' });
  });

  it.each([
    [{ groups: [{ ...group, rules: [{ ...alert, fro: '2m' }] }] }, 'groups.0.rules.0.fro: unknown field "fro"'],
    [{ groups: [{ ...group, rules: [{ ...alert, for: '2 m' }] }] }, 'groups.0.rules.0.for: "2 m" is not a duration'],
    [{ groups: [{ ...group, rules: [{ alert: 'A' }] }] }, 'groups.0.rules.0: expr is missing'],
    [{ groups: [{ ...group, rules: [{ expr: 'up' }] }] }, 'groups.0.rules.0: alert is missing'],
    [{ groups: { a: 1 } }, 'groups: a list is needed here'],
    [{ groups: ['a'] }, 'groups.0: a mapping of fields is needed here'],
    [{ route: {} }, ': this is not a rule file: it has no groups'],
    [{ kind: 'ConfigMap' }, 'kind: an object of kind "ConfigMap" holds no alerting rules'],
    ['text', ': a mapping of fields is needed here'],
  ])('have their objection at its path: %j', (document, objection) => {
    expect(readAlertRules(document).objections.map(({ path, message }) => `${path.join('.')}: ${message}`)).toContain(objection);
  });
});

describe('conditions', () => {
  const condition = (expression: string) => {
    const reading = readCondition(expression);
    if (!reading.ok) throw new Error(reading.reason);
    return reading.condition;
  };

  it.each([
    ['rate(a[5m]) > 10', 10, 300_000],
    ['(rate(a[1h30m])) >= 1e1', 10, 5_400_000],
    ['increase(a[5m]) > 3000', 10, 300_000],
    ['rate(a[300]) * 60 > 10 * 60', 10, 300_000],
    ['sum(increase(a[1m])) / 60 > 10', 10, 60_000],
    ['-60 * rate(a[5m]) < -600', 10, 300_000],
    ['100 * sum(rate(a[5m])) / sum(rate(b[5m])) > 5', 0.05, 300_000],
  ])('%s has the threshold %d', (expression, threshold, windowMs) => {
    const read = condition(expression);
    expect(read.threshold).toBeCloseTo(threshold, 12);
    expect(read.windowMs).toBe(windowMs);
  });

  it.each([
    ['rate(a{job="go-api",pod=~"x.*"}[5m]) > 1', { known: { job: 'go-api' }, closed: false }],
    ['sum(rate(a{job="go-api"}[5m])) > 1', { known: {}, closed: true }],
    ['sum by (job, pod) (rate(a{job="go-api"}[5m])) > 1', { known: { job: 'go-api', pod: null }, closed: true }],
    ['sum(rate(a{job="go-api"}[5m])) without (job) > 1', { known: { job: '' }, closed: false }],
    ['sum by (job) (rate(a[5m])) / on () sum(rate(b[5m])) > 1', { known: {}, closed: true }],
    ['rate(a[5m]) / on (job) group_left (team) rate(b[5m]) > 1', { known: {}, closed: false }],
  ])('%s leaves the labels that are known', (expression, labels) => {
    expect(condition(expression).labels).toEqual(labels);
  });
});

it.each([
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1w2d', 777_600_000],
  ['250ms', 250],
  ['0', 0],
  ['30', null],
  ['1.5s', null],
  ['1s1m', null],
  ['', null],
])('reads the duration %j as Prometheus does', (text, ms) => {
  expect(prometheusDurationMs(text)).toBe(ms);
});
