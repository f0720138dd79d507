import { describe, expect, it } from '@jest/globals';
import { alertmanager } from '../testing/alarm.ts';
import { readAlertmanager } from './alertmanager.ts';
import { matches, parseMatchers, type AlertLabels } from './matcher.ts';
import { inhibitorsOf, routesOf } from './routing.ts';

const closed = (known: Record<string, string>): AlertLabels => ({ known: { alertname: 'A', ...known }, closed: true });
const places = (labels: AlertLabels, route: object) => routesOf(labels, alertmanager(route)).routes.map(({ place }) => place);
const critical = closed({ severity: 'critical', team: 'shop' });

describe('matchers', () => {
  const met = (text: string, labels: AlertLabels = critical) => parseMatchers(text)?.map((matcher) => matches(matcher, labels));

  it.each([
    ['severity="critical"', [true]],
    ['severity = critical', [true]],
    ['severity!="critical"', [false]],
    ['severity=~"warn|crit"', [false]],
    ['severity=~"warn.*|crit.*"', [true]],
    ['severity!~"warn.*"', [true]],
    ['{severity="critical",team="shop"}', [true, true]],
    ['{severity="critical", team=~"a,b|shop",}', [true, true]],
    ['"severity"="critical"', [true]],
    ['region=""', [true]],
    ['region!=""', [false]],
    ['severity=~"(?i)CRITICAL"', [true]],
    ['severity=~"crit\\\\-?ical"', [true]],
  ])('%s, with patterns anchored and missing labels as empty texts', (text, outcome) => {
    expect(met(text)).toEqual(outcome);
  });

  it('are unknown where the label or the pattern is', () => {
    expect(met('team="shop"', { known: {}, closed: false })).toEqual([null]);
    expect(met('team="shop"', { known: { team: null }, closed: true })).toEqual([null]);
    expect(met('team=~"sh(?P<x>op)"')).toEqual([null]);
  });

  it.each(['severity', 'severity=="x"', '="x"', 'a="b" c="d"', ''])('are refused as %j', (text) => {
    expect(parseMatchers(text)).toBeNull();
  });
});

describe('the walk through the routes', () => {
  it('ends at the first child that matches, as deep as one does, and at the parent where none does', () => {
    const routes = [
      { matchers: ['severity="warning"'] },
      { matchers: ['severity="critical"'], routes: [{ matchers: ['team="search"'] }, { matchers: ['team="shop"'] }] },
      { matchers: ['team="shop"'] },
    ];
    expect(places(critical, { routes })).toEqual(['route.routes[1].routes[1]']);
    expect(places(closed({ severity: 'critical' }), { routes })).toEqual(['route.routes[1]']);
    expect(places(closed({}), { routes })).toEqual(['route']);
  });

  it('goes on after a match that says continue', () => {
    const routes = [{ matchers: ['severity="critical"'], continue: true }, { match: { team: 'shop' } }, { match_re: { team: 'sh.*' } }];
    expect(places(critical, { routes })).toEqual(['route.routes[0]', 'route.routes[1]']);
  });

  it('takes the deprecated fields together with matchers', () => {
    const routes = [
      { matchers: ['severity="critical"'], match: { team: 'search' } },
      { match_re: { team: 'sh' } },
      { match_re: { team: 'sh.p' } },
    ];
    expect(places(critical, { routes })).toEqual(['route.routes[2]']);
  });

  it('hands timings, receiver and grouping down, and neither continue nor time intervals', () => {
    const config = alertmanager(
      {
        group_by: ['alertname'],
        group_wait: '5s',
        group_interval: '1m',
        repeat_interval: '1h',
        routes: [
          {
            receiver: 'oncall',
            group_wait: '0s',
            active_time_intervals: ['days'],
            continue: true,
            routes: [{ group_by: ['...'], group_interval: '2m' }],
          },
        ],
      },
      { time_intervals: [{ name: 'days' }] },
    );
    const [child] = config.route.routes;
    expect(child).toMatchObject({ groupBy: ['alertname'], groupWaitMs: 0, groupIntervalMs: 60_000, activeIn: ['days'], continues: true });
    expect(child?.routes[0]).toMatchObject({
      receiver: 'oncall',
      groupBy: ['...'],
      groupWaitMs: 0,
      groupIntervalMs: 120_000,
      repeatIntervalMs: 3_600_000,
      activeIn: [],
      continues: false,
    });
  });

  it('has the defaults of Alertmanager', () => {
    expect(alertmanager().route).toMatchObject({
      groupBy: [],
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
    });
  });

  it('names the matcher that it cannot evaluate, but not where another one fails anyway', () => {
    const routes = [{ matchers: ['severity="warning"', 'zone="a"'] }, { matchers: ['severity="critical"', 'zone="b"'] }];
    const { undecided } = routesOf({ known: { severity: 'critical' }, closed: false }, alertmanager({ routes }));
    expect(undecided).toEqual([{ matcher: { label: 'zone', operator: '=', value: 'b' }, place: 'route.routes[1]' }]);
  });
});

it('lists the inhibit rules whose target the alert is or may be', () => {
  const inhibit_rules = [
    { source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: ['job'] },
    { source_match: { alertname: 'ClusterDown' }, target_match_re: { severity: 'critical|warning' } },
  ];
  expect(inhibitorsOf(critical, alertmanager({}, { inhibit_rules }))).toEqual(['alertname="ClusterDown"']);
  expect(inhibitorsOf({ known: {}, closed: false }, alertmanager({}, { inhibit_rules }))).toHaveLength(2);
});

describe('a configuration that is wrong', () => {
  const wrong = (document: unknown) => readAlertmanager(document).objections.map(({ path, message }) => `${path.join('.')}: ${message}`);
  const receivers = [{ name: 'a', webhook_configs: [{}] }];

  it.each([
    [{ route: { receiver: 'b' }, receivers }, 'route.receiver: there is no receiver "b"'],
    [{ route: { receiver: 'a', group_wait: '30' }, receivers }, 'route.group_wait: "30" is not a duration'],
    [{ route: { receiver: 'a', groupwait: '30s' }, receivers }, 'route.groupwait: unknown field "groupwait"'],
    [{ route: { receivers: 'a' } }, 'route.receivers: unknown field "receivers"'],
    [{ route: { receiver: 'a', match: { a: 'b' } }, receivers }, 'route: the root route has matchers, and Alertmanager refuses that'],
    [{ route: { receiver: 'a', routes: [{ matchers: ['x'] }] }, receivers }, 'route.routes.0.matchers.0: "x" is not a matcher'],
    [
      { route: { receiver: 'a', routes: [{ mute_time_intervals: ['x'] }] }, receivers },
      'route.routes.0.mute_time_intervals.0: there is no time interval "x"',
    ],
    [{ receivers }, ': route is missing'],
    [{ kind: 'Secret' }, 'kind: an object of kind "Secret" is not an Alertmanager configuration'],
  ])('has its objection at its path: %j', (document, objection) => {
    expect(wrong(document)).toContain(objection);
    expect(readAlertmanager(document).config).toBeNull();
  });

  it('is refused as an object of the operator, with what to give instead', () => {
    const [objection] = readAlertmanager({ apiVersion: 'monitoring.coreos.com/v1alpha1', kind: 'AlertmanagerConfig', spec: {} }).objections;
    expect(objection?.message).toContain('only a part of the configuration');
    expect(objection?.hint).toContain('alertmanager.yaml of the Secret');
  });
});
