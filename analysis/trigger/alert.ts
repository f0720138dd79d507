// Whether an alert is active in Alertmanager. That it is not in the list shows nothing by itself: the rule may be missing, broken or stale.
import { count, duration } from '../../verdict/wording/index.ts';
import type { AlertCondition } from './condition.ts';
import { noData, type Reading } from './reading.ts';
import type { AlertSample, FoundAlert, FoundRule } from './sample.ts';

type Labels = Readonly<Record<string, string>>;

/** Reads the condition in one sample. An alert of another namespace counts only where the condition names that. */
export function readAlert({ alerts, rules, trouble }: AlertSample, condition: AlertCondition, namespace: string): Reading {
  const { alert, labels, alertmanager } = condition;
  const wanted = { namespace, ...labels };
  const ours = (alerts ?? []).filter((each) => matchesAll(each.labels, labels) && !contradicts(each.labels, wanted));
  const active = ours.filter((each) => each.state === 'active' && suppressedBy(each) === null);
  const reading = (state: Reading['state'], message: string): Reading => ({ state, message, values: { activeAlerts: active.length } });
  if (active.length > 0)
    return reading('holds', `alert ${alert} is active in Alertmanager ${alertmanager} (${labelsText(active[0]?.labels ?? {})})`);
  if (alerts === null || rules === null) return noData(trouble ?? 'no request was sent');
  const broken = brokenRule(rules, condition);
  if (broken !== null) return noData(broken);
  const [first] = ours;
  if (first !== undefined) {
    const reason = suppressedBy(first) ?? `in state ${first.state}`;
    return reading('undecided', `alert ${alert} is in Alertmanager ${alertmanager}, but ${reason}: it does not count`);
  }
  const raised = rules.flatMap((rule) => rule.alerts).filter((each) => !contradicts(each.labels, wanted));
  const state = raised.some((each) => each.state === 'firing') ? 'firing' : raised[0]?.state;
  if (state !== undefined)
    return reading('undecided', `alert ${alert} is ${state} in Prometheus and not active in Alertmanager ${alertmanager}`);
  const other = alerts[0];
  const expected = contradicts(other?.labels ?? {}, { namespace }) ? wanted : labels;
  const others =
    other === undefined ? '' : `; it is active with other labels (${labelsText(other.labels)}), expected ${labelsText(expected)}`;
  return reading('false', `alert ${alert} is not active in Alertmanager ${alertmanager}${others}`);
}

/** Why the alert may be absent although its condition holds; null when its rules are evaluated on existing series. */
function brokenRule(rules: readonly FoundRule[], { alert, labels, noDataAfterMs }: AlertCondition): string | null {
  if (rules.length === 0) return `Prometheus has no alerting rule named ${alert}`;
  const ours = rules.filter((rule) => !contradicts(rule.labels, labels));
  if (ours.length === 0)
    return `the rule of alert ${alert} has the labels ${labelsText(rules[0]?.labels ?? {})}, expected ${labelsText(labels)}`;
  for (const { health, error, ageMs, missingMetric } of ours) {
    if (health !== 'ok') return `Prometheus does not evaluate the rule of alert ${alert}: ${error || `health is ${health}`}`;
    if (ageMs === null || ageMs > noDataAfterMs)
      return `Prometheus evaluated the rule of alert ${alert} ${ageMs === null ? 'never' : `${duration(1_000 * Math.round(ageMs / 1_000))} ago`}`;
    if (missingMetric !== null) return `the rule of alert ${alert} reads the metric ${missingMetric}, which has no series`;
  }
  return null;
}

/** `silenced by 1 silence`; null when nothing suppresses it. */
function suppressedBy({ silencedBy, inhibitedBy, mutedBy }: FoundAlert): string | null {
  if (silencedBy.length > 0) return `silenced by ${plural(silencedBy.length, 'silence')}`;
  if (inhibitedBy.length > 0) return `inhibited by ${plural(inhibitedBy.length, 'alert')}`;
  return mutedBy.length > 0 ? `muted by ${mutedBy.join(', ')}` : null;
}

const plural = (number: number, word: string): string => `${count(number)} ${number === 1 ? word : `${word}s`}`;

const matchesAll = (labels: Labels, wanted: Labels): boolean => Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** True if a label has another value. One that is absent may be added on the way (external labels), and a template is unknown. */
const contradicts = (labels: Labels, wanted: Labels): boolean =>
  Object.entries(wanted).some(([name, value]) => labels[name] !== undefined && labels[name] !== value && !labels[name].includes('{{'));

/** `severity="critical", team="shop"`; without the name of the alert. */
function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== 'alertname');
  return pairs.length === 0 ? 'no labels' : pairs.map(([name, value]) => `${name}="${value}"`).join(', ');
}
