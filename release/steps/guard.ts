import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { count, duration, formedText, label, share } from '../fields.ts';
import { sharePercent } from '../share.ts';

/** At 1,000 requests per second a larger number takes over a quarter of an hour. */
const MAX_MIN_REQUESTS = 1_000_000;

export const guardSchema = z
  .strictObject({
    type: z.literal('guard').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('guard'),
    bake: duration('Duration of the watch over the launched version.').default('10m'),
    maxBake: duration(
      'Maximum duration of the watch, at least `bake`: an undecided bake is extended until then; then people decide while the watch continues.',
      {
        defaultText: 'three times `bake`',
      },
    ).optional(),
    interval: duration('Sampling interval of Prometheus.').default('5s'),
    noDataAfter: duration('How long data or requests may be missing before people are notified; missing data never passes.').default('20s'),
    liveDeadline: duration(
      'How long the live version may go unwatched, or without requests, before it is rolled back; longer than `noDataAfter`.',
    ).default('15m'),
    minRequests: count('Minimum number of requests for a pass; a breach needs 30.', 1, MAX_MIN_REQUESTS).default(300),
    falseAlarm: share('Probability, over the whole watch, of rolling back a version that is within its limits.').default('1%'),
    metric: formedText(
      'Prometheus histogram of response times in seconds; it needs a bucket boundary at the p99 limit.',
      '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      'use a Prometheus metric name: letters, digits and underscores, such as http_request_duration_seconds',
    ).default('http_request_duration_seconds'),
    limits: z
      .strictObject({
        p99: duration('Limit of the 99th percentile of the response time.').default('300ms'),
        errorRate: share('Limit of the error rate.').default('0.1%'),
      })
      .meta({ description: 'Limits of the launched version; a breach rolls it back.' })
      .prefault({}),
  })
  .meta({
    description:
      'Watches the launched version until the countdown ends, also during a hold, and rolls back automatically if it exceeds a limit.',
  });

/** A bake that is undecided after three times its duration stays undecided: traffic is missing, or the rate is at its limit. */
const MAX_BAKES = 3;

export type GuardStep = ReturnType<typeof expandGuard>;

/** The step in milliseconds and percent; `maxBake` defaults to three bakes. */
export function expandGuard({ type, name, minRequests, metric, ...file }: z.output<typeof guardSchema>) {
  const bakeMs = durationMs(file.bake);
  return {
    type,
    name,
    bakeMs,
    maxBakeMs: file.maxBake === undefined ? MAX_BAKES * bakeMs : durationMs(file.maxBake),
    intervalMs: durationMs(file.interval),
    noDataAfterMs: durationMs(file.noDataAfter),
    liveDeadlineMs: durationMs(file.liveDeadline),
    minRequests,
    falseAlarmPercent: sharePercent(file.falseAlarm),
    metric,
    limits: { p99Ms: durationMs(file.limits.p99), errorPercent: sharePercent(file.limits.errorRate) },
  };
}
