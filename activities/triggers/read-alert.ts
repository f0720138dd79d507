// One sample of a trigger on an alert: what Alertmanager has, and the health of the rule in Prometheus.
import type { AlertCondition } from '../../analysis/trigger/condition.ts';
import type { AlertSample } from '../../analysis/trigger/sample.ts';
import { readAlerts } from '../alertmanager/alerts.ts';
import { RequestError } from '../http/request-error.ts';
import { readAlertingRules } from '../prometheus/alerting-rules.ts';
import type { PrometheusClient } from '../prometheus/client.ts';

interface AlertReader {
  condition: AlertCondition;
  alertmanagerUrl: string;
  prometheusUrl: string;
  prometheus: PrometheusClient;
  signal: AbortSignal;
}

/** Throws only on cancellation: a system that does not respond leaves its part of the sample unknown. */
export async function readAlertState(reader: AlertReader, atMs: number): Promise<AlertSample> {
  const { condition, alertmanagerUrl, prometheusUrl, prometheus, signal } = reader;
  const { alert, alertmanager } = condition;
  const [alerts, rules] = await Promise.all([
    readAlerts(alertmanagerUrl, alert, signal).catch(reasonOrBug),
    readAlertingRules({ url: prometheusUrl, alert, client: prometheus, signal }).catch(reasonOrBug),
  ]);
  const troubles = [
    ...(typeof alerts === 'string' ? [`Alertmanager ${alertmanager}: ${alerts}`] : []),
    ...(typeof rules === 'string' ? [`Prometheus: ${rules}`] : []),
  ];
  return {
    type: 'alert',
    atMs,
    alerts: typeof alerts === 'string' ? null : alerts,
    rules: typeof rules === 'string' ? null : rules,
    trouble: troubles.length === 0 ? null : troubles.join('; '),
  };
}

function reasonOrBug(error: unknown): string {
  if (error instanceof RequestError) return error.message;
  throw error;
}
