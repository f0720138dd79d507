// Which routes of Alertmanager an alert takes, and what may keep its message back.
import type { AlertmanagerConfig, InhibitRule, Route } from './alertmanager.ts';
import { matches, matcherText, type AlertLabels, type Matcher } from './matcher.ts';

export interface Routing {
  /** Leaves of the walk, in the order of the configuration. */
  routes: Route[];
  /** Matchers that decide the way and cannot be evaluated from the rule. When there is one, `routes` is not to be relied on. */
  undecided: { matcher: Matcher; place: string }[];
}

/** Walks the tree as dispatch.Route.Match does: the first child that matches ends the search unless it says `continue`. */
export function routesOf(labels: AlertLabels, { route }: AlertmanagerConfig): Routing {
  const undecided: Routing['undecided'] = [];
  const walk = (each: Route): Route[] => {
    const met = allMatch(each.matchers, labels);
    if (typeof met === 'object') undecided.push({ matcher: met, place: each.place });
    if (met !== true) return [];
    const found: Route[] = [];
    for (const child of each.routes) {
      const below = walk(child);
      found.push(...below);
      if (below.length > 0 && !child.continues) break;
    }
    return found.length > 0 ? found : [each];
  };
  return { routes: walk(route), undecided };
}

/** True, false, or the first matcher that cannot be evaluated while none of the others fails. */
function allMatch(matchers: readonly Matcher[], labels: AlertLabels): boolean | Matcher {
  const met = matchers.map((matcher) => matches(matcher, labels));
  if (met.includes(false)) return false;
  return matchers[met.indexOf(null)] ?? true;
}

/** Inhibit rules whose target the alert is, or may be: while a source alert fires, its message is not sent. */
export function inhibitorsOf(labels: AlertLabels, { inhibitRules }: AlertmanagerConfig): string[] {
  return inhibitRules.filter(({ target }) => target.length > 0 && allMatch(target, labels) !== false).map(sourceText);
}

const sourceText = ({ source, equal }: InhibitRule): string =>
  `${source.map(matcherText).join(', ')}${equal.length > 0 ? ` with equal ${equal.join(', ')}` : ''}`;
