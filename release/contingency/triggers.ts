// Triggers: conditions on metrics, logs or alerts that say an emergency is on.
import { z } from 'zod';
import { durationMs, readDuration } from '../duration.ts';
import { count, duration, formedText, label, share, text } from '../fields.ts';
import { readShare, sharePercent } from '../share.ts';

/** A hundred instances of 100,000 requests/s. */
const MAX_RATE = 10_000_000;
/** Ten matching lines a second; more is a log that nobody reads. */
const MAX_LINES_PER_MINUTE = 600;
/** Below 2 s the two scrapes that a count needs are often the same; above 30 s nothing is detected in time. */
const MIN_INTERVAL_MS = 2_000;
const MAX_INTERVAL_MS = 30_000;
/** The watch keeps the last 24 counts. */
const MAX_WINDOW_INTERVALS = 20;
/** A trigger that is wrong in more than one of ten watches is ignored by people. */
const MAX_FALSE_ALARM_PERCENT = 10;
const MAX_LABELS = 20;

const name = label('Name of the trigger; unique in the release.');
const interval = (of: string) => duration(`Sampling interval of ${of}, from 2s to 30s.`);

const metricsTriggerSchema = z
  .strictObject({
    name,
    type: z.literal('metrics').meta({ description: 'The trigger type.' }),
    metric: formedText(
      'Prometheus histogram of response times; its requests are counted, and those with a `code` of 5xx are errors.',
      '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      'use a Prometheus metric name: letters, digits and underscores, such as http_request_duration_seconds',
    ).default('http_request_duration_seconds'),
    minRate: count('Request rate per second from which errors are an emergency; all pods of the Deployment together.', 1, MAX_RATE),
    maxErrorRate: share('Limit of the error rate; above 0% and below 100%.').default('1%'),
    falseAlarm: share(
      'Probability, over one whole watch, that the trigger fires although the error rate is within its limit; above 0%, at most 10%.',
    ).default('0.1%'),
    window: duration(
      'Window over which the request rate is measured, and in which errors must be within the limit for the trigger to clear.',
    ).default('10s'),
    interval: interval('Prometheus').default('2s'),
    noDataAfter: duration(
      'How long data may be missing: no response of Prometheus, a Ready pod without a fresh scrape, no series, or no requests. ' +
        'After that nothing can be decided, and the drill holds.',
    ).default('20s'),
  })
  .superRefine((trigger, context) => {
    refuseIntervals(trigger, context);
    const [intervalMs, windowMs] = [lengthOf(trigger.interval), lengthOf(trigger.window)];
    if (intervalMs !== null && windowMs !== null && (windowMs < intervalMs || windowMs > MAX_WINDOW_INTERVALS * intervalMs))
      refuse(context, 'window', `the window must be from one to ${MAX_WINDOW_INTERVALS} intervals long`);
    const [limit, falseAlarm] = [readShare(trigger.maxErrorRate), readShare(trigger.falseAlarm)];
    if (limit.ok && (limit.percent === 0 || limit.percent === 100))
      refuse(context, 'maxErrorRate', `a limit of ${trigger.maxErrorRate} cannot be tested; write a share such as 1%`);
    if (falseAlarm.ok && (falseAlarm.percent === 0 || falseAlarm.percent > MAX_FALSE_ALARM_PERCENT))
      refuse(context, 'falseAlarm', `write a probability above 0% and at most ${MAX_FALSE_ALARM_PERCENT}%, such as 0.1%`);
  })
  .meta({
    description:
      'Fires when the request rate is at least `minRate` and a count test over consecutive windows shows an error rate above `maxErrorRate`. ' +
      'Errors during less than two seconds never fire it. With scrapes every 2s, errors of five times the limit fire it in about 20s.',
  });

const logTriggerSchema = z
  .strictObject({
    name,
    type: z.literal('log').meta({ description: 'The trigger type.' }),
    text: text('Text that a matching line contains, case-sensitive; `*` stands for any characters, as in `dial tcp*: i/o timeout`.'),
    perMinute: count(
      'The trigger fires above this number of matching lines within 60 s, all pods together.',
      0,
      MAX_LINES_PER_MINUTE,
    ).default(10),
    interval: interval('the logs').default('5s'),
    noDataAfter: duration(
      'How long the logs may be unreadable: no response, a denied right, no pod, lines lost between two samples, or pods that have never ' +
        'logged a line. After that nothing can be decided, and the drill holds.',
    ).default('60s'),
  })
  .superRefine((trigger, context) => {
    refuseIntervals(trigger, context);
    if (/^[*\s]*$/u.test(trigger.text)) refuse(context, 'text', 'this matches every line; write a part of the message');
  })
  .meta({ description: 'Fires on lines in the logs of the pods, read through the Kubernetes API (`podLogs` of the cluster).' });

const alertTriggerSchema = z
  .strictObject({
    name,
    type: z.literal('alert').meta({ description: 'The trigger type.' }),
    alert: text('Name of the alert: `alert` of the rule, label `alertname`.'),
    labels: z
      .record(
        formedText(
          'Name of a label.',
          '^[a-zA-Z_][a-zA-Z0-9_]*$',
          'this is not the name of a Prometheus label; use letters, digits and underscores, such as severity',
        ),
        text('Its value.'),
      )
      .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `more than ${MAX_LABELS} labels are given`)
      .meta({ description: 'Labels that the alert must have.' })
      .default({}),
    alertmanager: label("Alertmanager that receives the alert, from the environment file's `alertmanager`."),
    interval: interval('Alertmanager').default('5s'),
    noDataAfter: duration(
      'How long data may be missing: no response of Alertmanager or Prometheus, or a rule that does not exist, is not evaluated, or reads a ' +
        'metric without series. After that nothing can be decided, and the drill holds.',
    ).default('60s'),
  })
  .superRefine(refuseIntervals)
  .meta({
    description: 'Fires while the alert is active in Alertmanager; a silenced, inhibited or muted alert is reported and does not count.',
  });

/** A trigger as written in the release file. */
export const triggerSchema = z
  .discriminatedUnion('type', [metricsTriggerSchema, logTriggerSchema, alertTriggerSchema])
  .meta({ description: 'One trigger.' });

export type MetricsTrigger = ReturnType<typeof expandMetrics>;
export type LogTrigger = ReturnType<typeof expandLog>;
export type AlertTrigger = ReturnType<typeof expandAlert>;
export type Trigger = MetricsTrigger | LogTrigger | AlertTrigger;

/** The trigger in milliseconds, percent and requests per second. */
export function expandTrigger(file: z.output<typeof triggerSchema>): Trigger {
  if (file.type === 'metrics') return expandMetrics(file);
  return file.type === 'log' ? expandLog(file) : expandAlert(file);
}

function expandMetrics({ name, type, metric, minRate, ...file }: z.output<typeof metricsTriggerSchema>) {
  return {
    name,
    type,
    metric,
    minRatePerSecond: minRate,
    maxErrorPercent: sharePercent(file.maxErrorRate),
    falseAlarmPercent: sharePercent(file.falseAlarm),
    windowMs: durationMs(file.window),
    ...timesOf(file),
  };
}

const expandLog = ({ name, type, text, perMinute, ...file }: z.output<typeof logTriggerSchema>) => ({
  name,
  type,
  text,
  perMinute,
  ...timesOf(file),
});

const expandAlert = ({ name, type, alert, labels, alertmanager, ...file }: z.output<typeof alertTriggerSchema>) => ({
  name,
  type,
  alert,
  labels,
  alertmanager,
  ...timesOf(file),
});

interface Times {
  interval: string;
  noDataAfter: string;
}

const timesOf = ({ interval, noDataAfter }: Times) => ({ intervalMs: durationMs(interval), noDataAfterMs: durationMs(noDataAfter) });

function refuseIntervals({ interval, noDataAfter }: Times, context: z.RefinementCtx): void {
  const [intervalMs, noDataAfterMs] = [lengthOf(interval), lengthOf(noDataAfter)];
  if (intervalMs === null || noDataAfterMs === null) return;
  if (intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS)
    refuse(context, 'interval', `"${interval}" is out of range; write a duration from 2s to 30s`);
  if (noDataAfterMs < intervalMs)
    refuse(context, 'noDataAfter', 'data would count as missing between two samples; make it at least as long as interval');
}

const refuse = (context: z.RefinementCtx, field: string, message: string): void =>
  context.addIssue({ code: 'custom', path: [field], message });

/** Null if it is not a duration: the field reports that. */
function lengthOf(text: string): number | null {
  const reading = readDuration(text);
  return reading.ok ? reading.ms : null;
}
