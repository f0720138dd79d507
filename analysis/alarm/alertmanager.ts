// An Alertmanager configuration: routes with their effective timings, receivers, time intervals and inhibit rules.
import { FieldReader, type Objection, type Path } from './fields.ts';
import { parseMatchers, type Matcher } from './matcher.ts';

/** A route with what it inherits: Alertmanager hands everything down but `continue` and the time intervals. */
export interface Route {
  /** `route.routes[1]`. */
  place: string;
  matchers: Matcher[];
  continues: boolean;
  receiver: string;
  /** `['...']` groups by all labels. */
  groupBy: string[];
  groupWaitMs: number;
  groupIntervalMs: number;
  repeatIntervalMs: number;
  /** Names of the intervals in which nothing is sent, and outside of which nothing is sent. */
  mutedIn: string[];
  activeIn: string[];
  routes: Route[];
}

export interface InhibitRule {
  source: Matcher[];
  target: Matcher[];
  equal: string[];
}

export interface AlertmanagerConfig {
  route: Route;
  /** Integrations of each receiver: `webhook`, `slack`. A receiver without one drops every alert. */
  receivers: Readonly<Record<string, string[]>>;
  inhibitRules: InhibitRule[];
}

/** Defaults of Alertmanager (dispatch.DefaultRouteOpts). */
const DEFAULTS = { groupBy: [], groupWaitMs: 30_000, groupIntervalMs: 300_000, repeatIntervalMs: 14_400_000 };
const TOP_FIELDS = ['global', 'templates', 'route', 'inhibit_rules', 'receivers', 'mute_time_intervals', 'time_intervals', 'tracing'];
const ROUTE_FIELDS =
  'receiver group_by continue matchers match match_re group_wait group_interval repeat_interval mute_time_intervals active_time_intervals routes'.split(
    ' ',
  );
const MATCHER_HINT = 'write a matcher such as severity="critical" or team=~"a|b"';

/** The configuration of one document, or null with what is wrong. */
export function readAlertmanager(document: unknown): { config: AlertmanagerConfig | null; objections: Objection[] } {
  const reader = new FieldReader();
  const kind = reader.map(document, [], null)['kind'];
  if (kind !== undefined) {
    reader.object(['kind'], ...refusalOf(kind));
    return { config: null, objections: reader.objections };
  }
  const top = reader.map(document, [], TOP_FIELDS);
  if (top['route'] === undefined) reader.object([], 'route is missing', 'an Alertmanager configuration needs a route and receivers');
  const receivers = readReceivers(top['receivers'], reader);
  const intervals = ['time_intervals', 'mute_time_intervals'].flatMap((field) => namesOf(top[field], [field], reader));
  const route = new RouteReader(reader, receivers, intervals).read(top['route'], ['route'], null);
  const inhibitRules = reader
    .list(top['inhibit_rules'], ['inhibit_rules'])
    .map((each, index) => readInhibitRule(each, ['inhibit_rules', index], reader));
  return { config: reader.objections.length > 0 ? null : { route, receivers, inhibitRules }, objections: reader.objections };
}

function refusalOf(kind: unknown): [message: string, hint: string] {
  if (kind === 'AlertmanagerConfig')
    return [
      'an AlertmanagerConfig object is only a part of the configuration: the operator adds a namespace matcher and merges it',
      'give the merged file: alertmanager.yaml of the Secret alertmanager-<name>-generated',
    ];
  return [`an object of kind "${String(kind)}" is not an Alertmanager configuration`, 'give alertmanager.yaml itself'];
}

function readReceivers(value: unknown, reader: FieldReader): Record<string, string[]> {
  const entries = reader.list(value, ['receivers']).map((each, index) => {
    const fields = reader.map(each, ['receivers', index], null);
    const integrations = Object.entries(fields)
      .filter(([name, configs]) => name.endsWith('_configs') && Array.isArray(configs) && configs.length > 0)
      .map(([name]) => name.replace(/_configs$/, ''));
    return [reader.text(fields['name'], ['receivers', index, 'name']) ?? '', integrations] as const;
  });
  return Object.fromEntries(entries);
}

const namesOf = (value: unknown, path: Path, reader: FieldReader): string[] =>
  reader.list(value, path).flatMap((each, index) => {
    const name = reader.text(reader.map(each, [...path, index], null)['name'], [...path, index, 'name']);
    return name === null ? [] : [name];
  });

class RouteReader {
  readonly #reader: FieldReader;
  readonly #receivers: Readonly<Record<string, string[]>>;
  readonly #intervals: readonly string[];

  constructor(reader: FieldReader, receivers: Readonly<Record<string, string[]>>, intervals: readonly string[]) {
    this.#reader = reader;
    this.#receivers = receivers;
    this.#intervals = intervals;
  }

  read(value: unknown, path: Path, parent: Route | null): Route {
    const reader = this.#reader;
    const fields = reader.map(value, path, ROUTE_FIELDS);
    const duration = (field: string): number | null => reader.durationMs(fields[field], [...path, field]);
    const inherited = parent ?? DEFAULTS;
    const matchers = readMatchers(fields, path, ['matchers', 'match', 'match_re'], reader);
    const route: Route = {
      place: placeText(path),
      matchers,
      continues: fields['continue'] === true,
      receiver: this.#receiver(fields['receiver'], path, parent),
      groupBy: fields['group_by'] === undefined ? inherited.groupBy : reader.texts(fields['group_by'], [...path, 'group_by']),
      groupWaitMs: duration('group_wait') ?? inherited.groupWaitMs,
      groupIntervalMs: duration('group_interval') ?? inherited.groupIntervalMs,
      repeatIntervalMs: duration('repeat_interval') ?? inherited.repeatIntervalMs,
      mutedIn: this.#named(fields['mute_time_intervals'], [...path, 'mute_time_intervals']),
      activeIn: this.#named(fields['active_time_intervals'], [...path, 'active_time_intervals']),
      routes: [],
    };
    if (parent === null && matchers.length > 0)
      reader.object(path, 'the root route has matchers, and Alertmanager refuses that', 'move them to a route below routes:');
    const children = reader.list(fields['routes'], [...path, 'routes']);
    route.routes = children.map((each, index) => this.read(each, [...path, 'routes', index], route));
    return route;
  }

  #receiver(value: unknown, path: Path, parent: Route | null): string {
    const written = this.#reader.text(value, [...path, 'receiver']);
    if (written === null || written === '') {
      if (parent === null) this.#reader.object(path, 'the root route has no receiver', 'name one: receiver: oncall');
      return parent?.receiver ?? '';
    }
    if (!Object.hasOwn(this.#receivers, written))
      this.#reader.object([...path, 'receiver'], `there is no receiver "${written}"`, `receivers: ${list(Object.keys(this.#receivers))}`);
    return written;
  }

  #named(value: unknown, path: Path): string[] {
    const names = this.#reader.texts(value, path);
    names.forEach((name, index) => {
      if (!this.#intervals.includes(name))
        this.#reader.object([...path, index], `there is no time interval "${name}"`, `time intervals: ${list(this.#intervals)}`);
    });
    return names;
  }
}

const list = (names: readonly string[]): string => names.join(', ') || 'none';

/** Matchers of today's field and of the two deprecated ones; all of them have to match. */
function readMatchers(fields: Readonly<Record<string, unknown>>, path: Path, names: readonly string[], reader: FieldReader): Matcher[] {
  const [texts = '', equal = '', patterns = ''] = names;
  const written = reader.texts(fields[texts], [...path, texts]).flatMap((text, index) => {
    const parsed = parseMatchers(text);
    if (parsed === null) reader.object([...path, texts, index], `"${text}" is not a matcher`, MATCHER_HINT);
    return parsed ?? [];
  });
  const mapped = (field: string, operator: Matcher['operator']): Matcher[] =>
    Object.entries(reader.textMap(fields[field], [...path, field])).map(([label, value]) => ({ label, operator, value }));
  return [...written, ...mapped(equal, '='), ...mapped(patterns, '=~')];
}

function readInhibitRule(value: unknown, path: Path, reader: FieldReader): InhibitRule {
  const sides = ['source', 'target'].map((side) => [`${side}_matchers`, `${side}_match`, `${side}_match_re`]);
  const fields = reader.map(value, path, ['name', 'equal', ...sides.flat()]);
  const [source = [], target = []] = sides.map((names) => readMatchers(fields, path, names, reader));
  return { source, target, equal: reader.texts(fields['equal'], [...path, 'equal']) };
}

const placeText = (path: Path): string =>
  path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '');
