// Alerting rules of a Prometheus rule file, or of PrometheusRule objects of the operator.
import { FieldReader, type Objection, type Path } from './fields.ts';

export interface AlertRule {
  name: string;
  group: string;
  expression: string;
  forMs: number;
  /** Interval of its group; null where the global evaluation_interval holds. */
  intervalMs: number | null;
  /** How far behind now the group evaluates; null where the global rule_query_offset holds. */
  queryOffsetMs: number | null;
  /** Labels of group and rule; a value with a template is still a template here. */
  labels: Readonly<Record<string, string>>;
  /** Where the rule stands in its document. */
  path: Path;
}

const GROUP_FIELDS = ['name', 'interval', 'query_offset', 'limit', 'labels', 'rules', 'partial_response_strategy', 'source_tenants'];
const RULE_FIELDS = ['record', 'alert', 'expr', 'for', 'keep_firing_for', 'labels', 'annotations'];

/** Alerting rules of one document, and what is wrong with it. Recording rules are left out. */
export function readAlertRules(document: unknown): { rules: AlertRule[]; objections: Objection[] } {
  const reader = new FieldReader();
  const rules = groupsOf(document, reader).flatMap(({ value, path }) => readGroup(value, path, reader));
  return { rules, objections: reader.objections };
}

/** A plain rule file, one object of the operator, or a list of them as kubectl prints it. */
function groupsOf(document: unknown, reader: FieldReader): { value: unknown; path: Path }[] {
  const top = reader.map(document, [], null);
  const kind = top['kind'];
  if (kind === 'List' || kind === 'PrometheusRuleList')
    return reader.list(top['items'], ['items']).flatMap((item, index) => groupsOfObject(item, ['items', index], reader));
  if (kind !== undefined) return groupsOfObject(document, [], reader);
  reader.map(document, [], ['groups', 'namespace']);
  if (top['groups'] === undefined)
    reader.object([], 'this is not a rule file: it has no groups', 'a rule file begins with groups:, an object of the operator with kind:');
  return listed(top['groups'], ['groups'], reader);
}

function groupsOfObject(object: unknown, path: Path, reader: FieldReader): { value: unknown; path: Path }[] {
  const { kind, spec } = reader.map(object, path, null);
  if (kind !== 'PrometheusRule') {
    const hint = 'give a Prometheus rule file, or objects of kind PrometheusRule';
    reader.object([...path, 'kind'], `an object of kind "${String(kind)}" holds no alerting rules`, hint);
    return [];
  }
  return listed(reader.map(spec, [...path, 'spec'], ['groups'])['groups'], [...path, 'spec', 'groups'], reader);
}

const listed = (value: unknown, path: Path, reader: FieldReader): { value: unknown; path: Path }[] =>
  reader.list(value, path).map((each, index) => ({ value: each, path: [...path, index] }));

function readGroup(value: unknown, path: Path, reader: FieldReader): AlertRule[] {
  const group = reader.map(value, path, GROUP_FIELDS);
  const intervalMs = reader.durationMs(group['interval'], [...path, 'interval']);
  const shared = {
    group: reader.text(group['name'], [...path, 'name']) ?? '',
    // Prometheus takes an interval of 0 for the global one.
    intervalMs: intervalMs === 0 ? null : intervalMs,
    queryOffsetMs: reader.durationMs(group['query_offset'], [...path, 'query_offset']),
  };
  const labels = reader.textMap(group['labels'], [...path, 'labels']);
  return listed(group['rules'], [...path, 'rules'], reader).flatMap((each) => {
    const rule = reader.map(each.value, each.path, RULE_FIELDS);
    if (rule['record'] !== undefined) return [];
    const name = reader.text(rule['alert'], [...each.path, 'alert']);
    const expression = reader.text(rule['expr'], [...each.path, 'expr']);
    reader.durationMs(rule['keep_firing_for'], [...each.path, 'keep_firing_for']);
    const forMs = reader.durationMs(rule['for'], [...each.path, 'for']) ?? 0;
    const own = reader.textMap(rule['labels'], [...each.path, 'labels']);
    if (name === null) reader.object(each.path, 'alert is missing', 'name the alert: alert: HighErrorRate');
    if (expression === null) reader.object(each.path, 'expr is missing', 'write the condition: expr: rate(errors_total[1m]) > 10');
    if (name === null || expression === null) return [];
    return [{ ...shared, name, expression, forMs, labels: { ...labels, ...own }, path: each.path }];
  });
}
