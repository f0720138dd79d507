// The alarm budget: how long an alert takes from the beginning of a fault to the delivered message, computed from its rule, the scrape
// interval and the routes of Alertmanager before any fault. A sum of links, each with the earliest and the latest time it can take.
import { duration, number, share as shareText } from '../../verdict/wording/index.ts';
import type { AlertmanagerConfig, Route } from './alertmanager.ts';
import { readCondition, type Condition } from './expression.ts';
import { matcherText, valueOf, type AlertLabels } from './matcher.ts';
import { percentiles, type Delay, type Timing } from './percentiles.ts';
import { inhibitorsOf, routesOf, type Routing } from './routing.ts';
import type { AlertRule } from './rules.ts';
import { sampledMs } from './window.ts';

/** What is stated about the system and the fault; nothing here is in the rule. */
export interface Assumptions {
  scrapeMs: number;
  /** Of metrics that are scraped at another interval. */
  scrapeMsOf: Readonly<Record<string, number>>;
  /** The global evaluation_interval, for groups without their own. */
  evaluationMs: number;
  /** Errors per second of the fault, or their share of the traffic (0-1). The counter does not grow before the fault. */
  surge: { perSecond: number } | { share: number };
  trafficPerSecond: number | null;
  /** Labels that series or Prometheus (external_labels) add, as far as routes look at them. */
  labels: Readonly<Record<string, string>>;
}

export type LinkName = 'window fill' | 'scrape' | 'evaluation' | 'query offset' | 'for' | 'group_wait' | 'group_interval' | 'send';

export interface Link extends Delay {
  name: LinkName;
  reason: string;
}

export interface Total extends Delay {
  p50Ms: number;
  p95Ms: number;
}

export interface RouteBudget extends Total {
  place: string;
  receiver: string;
  integrations: string[];
  links: Link[];
  /** The same where the alert joins a group that is firing already: it waits for the next group_interval instead of group_wait. */
  existingGroup: Total & { link: Link };
  /** Time intervals in which the route sends nothing. */
  muted: string[];
}

export type AlarmBudget =
  /** `routes`: those that deliver, the fastest first. */
  | { kind: 'budget'; routes: [RouteBudget, ...RouteBudget[]]; inhibitors: string[] }
  | { kind: 'unknown'; reason: string; hint: string }
  | { kind: 'never fires'; reason: string }
  | { kind: 'not routed'; reason: string };

/** Two HTTP requests and the scrape's own duration: milliseconds on a healthy system, one second with a receiver far away. */
const SEND: Link = {
  name: 'send',
  earliestMs: 0,
  latestMs: 1_000,
  reason: 'Prometheus to Alertmanager to receiver, both answering at once',
};

/** The budget of one rule, or why there is none. */
export function alarmBudget(rule: AlertRule, config: AlertmanagerConfig, assumptions: Assumptions): AlarmBudget {
  const reading = readCondition(rule.expression);
  if (!reading.ok)
    return unknown(reading.reason, 'computed are rate() and increase() of a counter, or a ratio of two, compared with a constant');
  const { condition } = reading;
  const timing = timingOf(rule, condition, assumptions);
  if ('kind' in timing) return timing;
  const labels = alertLabels(rule, condition, assumptions.labels);
  const { routes, undecided } = routesOf(labels, config);
  const [open] = undecided;
  if (open) return undecidedRoute(open, labels);
  const budgets = routes.flatMap((route) => routeBudget(route, config, timing, condition));
  const [fastest, ...others] = budgets.toSorted((a, b) => a.p95Ms - b.p95Ms);
  if (!fastest)
    return {
      kind: 'not routed',
      reason: `${routes.map(({ place, receiver }) => `${place} leads to receiver ${receiver}`).join(', ')}, which has no integration`,
    };
  return { kind: 'budget', routes: [fastest, ...others], inhibitors: inhibitorsOf(labels, config) };
}

function undecidedRoute({ matcher, place }: Routing['undecided'][number], labels: AlertLabels): AlarmBudget {
  const matching = `${place} matches ${matcherText(matcher)}`;
  return valueOf(matcher.label, labels) === null
    ? unknown(`${matching}, and the rule does not determine the label ${matcher.label}`, `state its value: --label ${matcher.label}=VALUE`)
    : unknown(`${matching}, a pattern that is not evaluated here`, 'write it without flags, named groups and character classes by name');
}

const unknown = (reason: string, hint: string): AlarmBudget => ({ kind: 'unknown', reason, hint });

function timingOf(rule: AlertRule, condition: Condition, assumptions: Assumptions): Timing | AlarmBudget {
  const { windowMs, orEqual, threshold } = condition;
  const scrapeMs = assumptions.scrapeMsOf[condition.metric ?? ''] ?? assumptions.scrapeMs;
  const surge = surgeOf(condition, assumptions);
  if (surge === null)
    return unknown('a share of the traffic and errors per second can be compared only for a known traffic', 'state it: --traffic 1000/s');
  const unit = condition.ofRatio ? '' : '/s';
  if (threshold < 0 || (threshold === 0 && orEqual)) return unknown(`a rate of 0 meets it already`, 'compare with a constant above 0');
  const share = threshold / surge;
  if (share > 1 || (share === 1 && !orEqual))
    return {
      kind: 'never fires',
      reason: `a surge of ${number(surge)}${unit} does not exceed the threshold of ${number(threshold)}${unit}`,
    };
  const { leastMs, mostMs } = sampledMs({ windowMs, scrapeMs });
  const window = `the window of ${duration(windowMs)} holds fewer than two samples at a scrape interval of ${duration(scrapeMs)}`;
  if (mostMs < scrapeMs) return { kind: 'never fires', reason: window };
  if (leastMs < scrapeMs) return unknown(`${window}, depending on the scrape phase`, 'make the window at least twice the scrape interval');
  return {
    windowMs,
    scrapeMs,
    share,
    orEqual,
    forMs: rule.forMs,
    evaluationMs: rule.intervalMs ?? assumptions.evaluationMs,
    queryOffsetMs: rule.queryOffsetMs ?? 0,
  };
}

/** In the unit of the condition's threshold: errors per second, or a share. Null without the traffic that it takes. */
function surgeOf({ ofRatio }: Condition, { surge, trafficPerSecond }: Assumptions): number | null {
  if ('share' in surge) return ofRatio ? surge.share : trafficPerSecond === null ? null : surge.share * trafficPerSecond;
  return ofRatio ? (trafficPerSecond === null ? null : surge.perSecond / trafficPerSecond) : surge.perSecond;
}

/** Labels of the rule win over those of the series; a template has a value only when the alert fires. */
function alertLabels(rule: AlertRule, { labels }: Condition, stated: Readonly<Record<string, string>>): AlertLabels {
  const own = Object.entries(rule.labels).map(([name, value]) => [name, value.includes('{{') ? (stated[name] ?? null) : value]);
  return { known: { ...labels.known, ...stated, ...Object.fromEntries(own), alertname: rule.name }, closed: labels.closed };
}

function routeBudget(route: Route, config: AlertmanagerConfig, timing: Timing, condition: Condition): RouteBudget[] {
  const { place, receiver, groupWaitMs, groupIntervalMs, mutedIn, activeIn } = route;
  const integrations = config.receivers[receiver] ?? [];
  if (integrations.length === 0) return [];
  const before = linksBefore(timing, condition);
  const by = route.groupBy.length > 0 ? `group_by ${route.groupBy.join(', ')}` : 'no group_by: one group for all alerts';
  const wait: Link = {
    name: 'group_wait',
    earliestMs: groupWaitMs,
    latestMs: groupWaitMs,
    reason: `${place} of receiver ${receiver}, ${by}`,
  };
  const interval: Link = {
    name: 'group_interval',
    earliestMs: 0,
    latestMs: groupIntervalMs,
    reason: 'until the next time the group is flushed',
  };
  const muted = [...mutedIn.map((name) => `during ${name}`), ...activeIn.map((name) => `outside ${name}`)];
  return [
    {
      place,
      receiver,
      integrations,
      muted,
      links: [...before, wait, SEND],
      ...totalOf(timing, before, wait),
      existingGroup: { link: interval, ...totalOf(timing, before, interval) },
    },
  ];
}

function totalOf(timing: Timing, before: readonly Link[], group: Link): Total {
  const links = [...before, group, SEND];
  return {
    earliestMs: links.reduce((sum, { earliestMs }) => sum + earliestMs, 0),
    latestMs: links.reduce((sum, { latestMs }) => sum + latestMs, 0),
    ...percentiles(timing, [SEND, group]),
  };
}

/** The links of Prometheus, up to the firing alert. */
function linksBefore(timing: Timing, { windowMs, summed }: Condition): Link[] {
  const { scrapeMs, evaluationMs, forMs, queryOffsetMs, share } = timing;
  const { leastMs, mostMs } = sampledMs(timing);
  const held = Math.ceil(forMs / evaluationMs);
  const fixed = (name: LinkName, ms: number, reason: string): Link[] => (ms === 0 ? [] : [{ name, earliestMs: ms, latestMs: ms, reason }]);
  return [
    {
      name: 'window fill',
      earliestMs: Math.round(share * leastMs),
      latestMs: Math.round(share * mostMs),
      reason:
        `threshold is ${shareText(share)} of the surge of ${summed ? 'all series' : 'one series'}, ` +
        `over the ${duration(mostMs)} between samples of ${duration(windowMs)}`,
    },
    { name: 'scrape', earliestMs: 0, latestMs: scrapeMs, reason: `until the next scrape, every ${duration(scrapeMs)}` },
    { name: 'evaluation', earliestMs: 0, latestMs: evaluationMs, reason: `until the next evaluation, every ${duration(evaluationMs)}` },
    ...fixed('query offset', queryOffsetMs, 'the group evaluates data that old'),
    ...fixed('for', held * evaluationMs, `${duration(forMs)} is ${held} ${held === 1 ? 'evaluation' : 'evaluations'}`),
  ];
}
