// One webhook of Alertmanager for each kind of event, and the lines in which every chat service has to show it.
import type { Alert, AlertGroup } from '../alert-bridge/alert-group.ts';

const QUERY = 'http://prometheus:9090/graph?g0.expr=sum+by+%28job%29+%28rate%28zap_error_total%5B1m%5D%29%29+%3E+10&g0.tab=1';
const RUNBOOK = 'https://runbooks.example/go-api/errors?team=shop&page=2';
const ALERTMANAGER = 'http://alertmanager:9093/#/alerts?receiver=oncall';
/** Addresses that the messages link to. */
export const ALERT_LINKS: readonly string[] = [RUNBOOK, QUERY, ALERTMANAGER];

const links = [`Open the runbook -> ${RUNBOOK}`, `Open the query -> ${QUERY}`, `Open Alertmanager -> ${ALERTMANAGER}`];
const sender = 'sent by tminus for the Alertmanager receiver oncall';

const errorRate: Alert = {
  status: 'firing',
  labels: { alertname: 'HighErrorRate1m', job: 'go-api', severity: 'critical' },
  annotations: {
    summary: 'go-api logs 50 errors/s',
    description: 'More than 10 errors/s in all pods of go-api over the last minute.',
    runbook_url: RUNBOOK,
  },
  startsAt: '2026-11-24T05:58:00.123456789Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: QUERY,
  fingerprint: '8b2d2ef4d1a3c0f7',
};

/** As Alertmanager makes it of these alerts. */
export function groupOf(alerts: readonly [Alert, ...Alert[]], truncatedAlerts = 0): AlertGroup {
  const [first] = alerts;
  const common = (of: (alert: Alert) => Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(of(first)).filter(([name, value]) => alerts.every((alert) => of(alert)[name] === value)));
  const commonLabels = common(({ labels }) => labels);
  return {
    version: '4',
    groupKey: `{}/{severity="critical"}:{alertname=${JSON.stringify(first.labels['alertname'])}}`,
    truncatedAlerts,
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver: 'oncall',
    groupLabels: { alertname: first.labels['alertname'] ?? '' },
    commonLabels,
    commonAnnotations: common(({ annotations }) => annotations),
    externalURL: 'http://alertmanager:9093',
    alerts: [...alerts],
  };
}

const HOSTILE =
  '<!channel> <@U1> <@all> @all @所有人 <at user_id="all">all</at> [go](https://evil.example) <https://evil.example|log in> ' +
  '![x](https://evil.example/x.png) &lt;!here&gt; **GO** `x`';

const slowPods = Array.from({ length: 110 }, (_, index): Alert => ({
  ...errorRate,
  labels: { alertname: 'PodSlow', namespace: 'shop', pod: `go-api-${index}`, severity: 'warning' },
  annotations: { ...errorRate.annotations, summary: `go-api-${index} 响应缓慢`, description: `p99 420 ms > 300 ms ${'。'.repeat(60)}` },
  fingerprint: `pod-${index}`,
})) as [Alert, ...Alert[]];

export interface GroupCase {
  group: AlertGroup;
  headline: string;
  /** Cut to the limit of a service. */
  lines: readonly string[];
  /** Shown whole. */
  ending: readonly string[];
}

export const groups: Readonly<Record<string, GroupCase>> = {
  'a critical alert that fires': {
    group: groupOf([errorRate]),
    headline: 'FIRING critical: HighErrorRate1m',
    lines: [
      'job="go-api"',
      'FIRING since 2026-11-24 05:58 UTC: go-api logs 50 errors/s',
      'More than 10 errors/s in all pods of go-api over the last minute.',
    ],
    ending: [sender, ...links],
  },
  'a warning of more alerts than fit': {
    group: groupOf(slowPods, 20),
    headline: 'FIRING warning, 130 alerts: PodSlow',
    lines: [
      'namespace="shop"',
      ...slowPods
        .slice(0, 100)
        .flatMap(({ labels, annotations }) => [
          `FIRING since 2026-11-24 05:58 UTC: ${annotations['summary']} (pod=${JSON.stringify(labels['pod'])})`,
          annotations['description'] ?? '',
        ]),
      'and 10 more alerts',
    ],
    ending: ['20 more alerts were left out by Alertmanager (max_alerts)', sender, ...links],
  },
  'an alert that is resolved': {
    group: groupOf([{ ...errorRate, status: 'resolved', endsAt: '2026-11-24T06:02:30Z' }]),
    headline: 'RESOLVED critical: HighErrorRate1m',
    lines: [
      'job="go-api"',
      'RESOLVED at 2026-11-24 06:02:30 UTC: go-api logs 50 errors/s',
      'More than 10 errors/s in all pods of go-api over the last minute.',
    ],
    ending: [sender, ...links],
  },
  'an alert of a drill': {
    group: groupOf([{ ...errorRate, labels: { ...errorRate.labels, tminus_drill: 'go-api-7' } }]),
    headline: '[DRILL] FIRING critical: HighErrorRate1m',
    lines: [
      'job="go-api", tminus_drill="go-api-7"',
      'FIRING since 2026-11-24 05:58 UTC: go-api logs 50 errors/s',
      'More than 10 errors/s in all pods of go-api over the last minute.',
    ],
    ending: [sender, ...links],
  },
  'an alert with hostile labels and annotations': {
    group: groupOf([
      {
        ...errorRate,
        labels: { alertname: HOSTILE, path: `${HOSTILE}\nRESOLVED\u202E`, severity: 'critical' },
        annotations: { summary: `${HOSTILE}\n# all is well`, description: `> ${HOSTILE}`, runbook_url: 'javascript:alert(1)' },
      },
    ]),
    headline: `FIRING critical: ${HOSTILE}`,
    lines: [
      `path=${JSON.stringify(`${HOSTILE}\nRESOLVED `)}`,
      `FIRING since 2026-11-24 05:58 UTC: ${HOSTILE} # all is well`,
      `> ${HOSTILE}`,
    ],
    ending: [sender, ...links.slice(1)],
  },
};
