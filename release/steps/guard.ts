import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { count, duration, formedText, label, share } from '../fields.ts';
import { sharePercent } from '../share.ts';

/** Above this, a service at a thousand requests per second would need more than a quarter of an hour before anything is said. */
const MAX_MIN_REQUESTS = 1_000_000;

export const guardSchema = z
  .strictObject({
    type: z.literal('guard').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('guard'),
    bake: duration('How long the launched version is watched.').default('10m'),
    maxBake: duration(
      'Longest watch, at least `bake`: an undecided bake is extended until then; then people decide, and the watch goes on.',
      {
        defaultText: 'three times `bake`',
      },
    ).optional(),
    interval: duration('How often Prometheus is asked.').default('5s'),
    noDataAfter: duration('How long data or requests may be missing before people are notified; missing data never passes.').default('20s'),
    liveDeadline: duration(
      'How long the live version may go unwatched, or without requests, before it is rolled back; longer than `noDataAfter`.',
    ).default('15m'),
    minRequests: count('Fewest requests for a share or percentile to pass; a breach needs 30.', 1, MAX_MIN_REQUESTS).default(300),
    falseAlarm: share('Chance, over the longest watch, of rolling back a version that keeps its limits.').default('1%'),
    metric: formedText(
      'Prometheus histogram of response times in seconds; it needs a bucket boundary at the p99 limit.',
      '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
      'name a Prometheus metric with letters, digits and underscores, such as http_request_duration_seconds',
    ).default('http_request_duration_seconds'),
    limits: z
      .strictObject({
        p99: duration('Largest 99th percentile of the response time.').default('300ms'),
        errorRate: share('Largest share of requests that may fail.').default('0.1%'),
      })
      .meta({ description: 'What the launched version must keep; a breach rolls it back.' })
      .prefault({}),
  })
  .meta({
    description:
      'Watches the launched version until the countdown ends, also while people hold, and rolls back by itself when it breaks a limit.',
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
