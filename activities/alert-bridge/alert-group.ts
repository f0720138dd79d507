// The body that Alertmanager posts to a webhook, version 4 (alertmanager 0.28.1, notify/webhook/webhook.go and template/template.go).
import { z } from 'zod';
import { bounded } from '../notify/chat-text.ts';

const status = z.enum(['firing', 'resolved']);
const pairs = z.record(z.string(), z.string());
const instant = z.iso.datetime({ offset: true });

const alertSchema = z.object({
  status,
  labels: pairs,
  annotations: pairs,
  startsAt: instant,
  /** Of a firing alert the time at which it would resolve by itself, or year 1. */
  endsAt: instant,
  /** Where the expression is shown; empty for alerts that no Prometheus sent. */
  generatorURL: z.string(),
  fingerprint: z.string().min(1),
});

/** Fields that newer versions add, such as `notification_reason`, are left out. */
const groupSchema = z.object({
  version: z.literal('4'),
  /** Route and group labels: the same for every notification of a group. */
  groupKey: z.string().min(1),
  /** How many alerts `max_alerts` left out. */
  truncatedAlerts: z.int().min(0).default(0),
  status,
  receiver: z.string(),
  groupLabels: pairs,
  commonLabels: pairs,
  commonAnnotations: pairs,
  externalURL: z.string(),
  alerts: z.array(alertSchema).min(1),
});

export type AlertGroup = z.output<typeof groupSchema>;
export type Alert = z.output<typeof alertSchema>;

/** The group, or one sentence about why the text is not one. */
export function readAlertGroup(text: string): { group: AlertGroup } | { problem: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { problem: 'the body is not JSON' };
  }
  const parsed = groupSchema.safeParse(body);
  if (parsed.success) return { group: parsed.data };
  const [issue] = parsed.error.issues;
  const place = (issue?.path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const where = place.replace(/^\./u, '') || 'body';
  return { problem: bounded(`the body is not version 4 of Alertmanager's webhook: ${where}: ${issue?.message ?? 'invalid'}`) };
}
