import { time } from '../../verdict/wording/index.ts';
import { bounded, chatText, type ChatParts, type Link } from '../notify/chat-text.ts';
import type { Message } from '../notify/provider.ts';
import type { Alert, AlertGroup } from './alert-group.ts';

/** Label of an alert that a drill provoked; its value is the id of the drill. */
const DRILL_LABEL = 'tminus_drill';
/** So many lines of 40 bytes fill the 4,096 bytes of WeCom. */
const MAX_LISTED = 100;
/** So that one alert leaves room for others: four descriptions of this length do not fit into a message of WeCom. */
const MAX_DESCRIPTION_BYTES = 1_000;

/** What each kind of target gets of a group of alerts. @param key the same in every attempt, another one for the next notification */
export function alertMessage(group: AlertGroup, key: string): Message {
  const parts = partsOf(group);
  const { headline, lines, facts } = parts;
  return {
    key,
    chat: chatText(parts),
    document: {
      apiVersion: 'tminus.dev/v1alpha1',
      kind: 'AlertGroup',
      drill: group.alerts.every(isDrill),
      ...group,
      text: [headline, ...lines, ...facts].join('\n'),
    },
  };
}

/** The same words for every chat. Firing alerts come first. */
function partsOf(group: AlertGroup): ChatParts {
  const { alerts, commonLabels, truncatedAlerts, receiver } = group;
  const ordered = [...alerts.filter(isFiring), ...alerts.filter((alert) => !isFiring(alert))];
  const mixed = alerts.some(isDrill) && !alerts.every(isDrill);
  const common = labelsOf(commonLabels, HEADLINE_LABELS);
  const unlisted = ordered.length - MAX_LISTED;
  return {
    headline: headlineOf(group),
    lines: [
      ...(common === '' ? [] : [bounded(common)]),
      ...ordered.slice(0, MAX_LISTED).flatMap((alert) => linesOf(alert, commonLabels, mixed)),
      ...(unlisted > 0 ? [`and ${unlisted} more alerts`] : []),
    ],
    facts: [
      ...(truncatedAlerts > 0 ? [`${truncatedAlerts} more alerts were left out by Alertmanager (max_alerts)`] : []),
      // Robots that require a keyword get `tminus`.
      `sent by tminus for the Alertmanager receiver ${receiver}`,
    ],
    command: null,
    links: linksOf(group, ordered[0]),
  };
}

const isDrill = ({ labels }: Alert): boolean => Object.hasOwn(labels, DRILL_LABEL);
const isFiring = ({ status }: Alert): boolean => status === 'firing';

/** `[DRILL] FIRING critical, 3 alerts, 1 of them resolved: HighErrorRate1m`. Real alerts in the group of a drill are counted in its mark. */
function headlineOf({ status, alerts, truncatedAlerts }: AlertGroup): string {
  const real = alerts.filter((alert) => !isDrill(alert)).length;
  const mark = real === alerts.length ? '' : `[DRILL] ${real === 0 ? '' : `and ${counted(real, 'real alert')}: `}`;
  const resolved = alerts.filter((alert) => !isFiring(alert)).length;
  const shown = resolved === alerts.length ? alerts : alerts.filter(isFiring);
  const severities = distinct(shown, 'severity').join(' and ');
  const total = alerts.length + truncatedAlerts;
  const names = distinct(shown, 'alertname').join(', ') || 'alert without a name';
  return [
    `${mark}${status.toUpperCase()}${severities === '' ? '' : ` ${severities}`}`,
    ...(total > 1 ? [counted(total, 'alert')] : []),
    ...(resolved > 0 && resolved < alerts.length ? [`${resolved} of them resolved`] : []),
  ]
    .join(', ')
    .concat(`: ${names}`);
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Values of a label, in the order of the alerts. */
function distinct(alerts: readonly Alert[], label: string): string[] {
  return [...new Set(alerts.flatMap(({ labels }) => labels[label] ?? []))];
}

/** Labels that are in the headline. */
const HEADLINE_LABELS: readonly string[] = ['alertname', 'severity'];

/** An alert in two lines: since when, summary and its own labels; then the description, if there is one. */
function linesOf(alert: Alert, commonLabels: AlertGroup['commonLabels'], mixed: boolean): string[] {
  const { labels, annotations, startsAt, endsAt } = alert;
  const { summary = labels['alertname'] ?? 'alert without a name', description = '' } = annotations;
  const since = isFiring(alert) ? `FIRING since ${time(startsAt)}` : `RESOLVED at ${time(endsAt)}`;
  const own = labelsOf(labels, Object.keys(commonLabels));
  return [
    `${mixed && isDrill(alert) ? '[DRILL] ' : ''}${since}: ${bounded(summary)}${own === '' ? '' : ` (${bounded(own)})`}`,
    ...(description === '' ? [] : [bounded(description, MAX_DESCRIPTION_BYTES)]),
  ];
}

/** As Prometheus writes them. */
function labelsOf(labels: Readonly<Record<string, string>>, except: readonly string[]): string {
  return Object.entries(labels)
    .filter(([name]) => !except.includes(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ');
}

/** `runbook_url` is the annotation that Prometheus' own rules use. */
function linksOf({ externalURL, receiver }: AlertGroup, first: Alert | undefined): Link[] {
  return [
    { text: 'Open the runbook', url: first?.annotations['runbook_url'] ?? '' },
    { text: 'Open the query', url: first?.generatorURL ?? '' },
    { text: 'Open Alertmanager', url: `${externalURL.replace(/\/$/u, '')}/#/alerts?receiver=${encodeURIComponent(receiver)}` },
  ];
}
