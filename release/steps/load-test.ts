import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { count, duration, formedText, label, share, text } from '../fields.ts';
import { sharePercent } from '../share.ts';

/** Most stages of one load test: k6 plans them all in memory before it starts. */
const MAX_STAGES = 100;
/** Most requests per second one k6 process is trusted to offer; more needs execution segments. */
const MAX_RATE_PER_SECOND = 100_000;
const MAX_VIRTUAL_USERS = 50_000;

const p99 = 'Largest 99th percentile of the response time; passes only when its upper confidence bound passes too.';
const errorRate = 'Largest share of requests that may fail; judged by its upper Wilson bound.';

export const loadTestSchema = z
  .strictObject({
    type: z.literal('loadTest').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('load-test'),
    script: text('k6 script, as a path beside the release file.', { defaultText: '`spec.load.script`' }).optional(),
    target: label("Name of the address under load, from the environment file's `targets`.", {
      defaultText: '`spec.load.target`',
    }).optional(),
    stages: z
      .array(
        z
          .strictObject({
            duration: duration('How long the stage lasts.'),
            rate: count(
              'Iterations of the script per second at the end of the stage; the rate climbs or falls to it in a straight line.',
              0,
              MAX_RATE_PER_SECOND,
            ),
          })
          .meta({ description: 'One stage.' }),
      )
      .min(1)
      .max(MAX_STAGES)
      .meta({
        description:
          'Load over time, in iterations of the script per second whatever the service answers (k6 ramping-arrival-rate, an open model).',
      })
      .default([
        { duration: '5s', rate: 300 },
        { duration: '60s', rate: 300 },
      ]),
    maxVus: count(
      'Most k6 virtual users at once; when they do not suffice, the load counts as not delivered.',
      1,
      MAX_VIRTUAL_USERS,
    ).default(400),
    limits: z
      .strictObject({
        p99: duration(p99).default('300ms'),
        errorRate: share(errorRate).default('0.1%'),
        delivered: share('Smallest share of the asked load that must have been delivered for the test to count.').default('95%'),
        endpoints: z
          .record(
            formedText('Endpoint as k6 tags it.', '^[A-Z]+ /.*$', 'name an endpoint by method and path, such as "POST /api/order/create"'),
            z
              .strictObject({ p99: duration(p99).optional(), errorRate: share(errorRate).optional() })
              .meta({ description: 'Limits of one endpoint.' }),
          )
          .meta({
            description: 'Limits of single endpoints, named as k6 tags them (`POST /api/order/create`), in place of the common ones.',
          })
          .default({}),
      })
      .meta({ description: 'What every endpoint must keep.' })
      .prefault({}),
    sampleEvery: duration('How often goroutines, GC pauses and GC CPU of each pod are read while the load runs.').default('5s'),
    profiles: z
      .enum(['always', 'on-breach'])
      .meta({
        description:
          'When the pods are profiled: in the middle of every run, or only when a limit is broken. A leak breaks no limit until it is too late.',
      })
      .default('always'),
    postgres: label("Database whose lock waits are watched while the load runs, from the environment file's `postgres`.", {
      defaultText: '`spec.diagnosis.postgres`',
    }).optional(),
    cpuProfile: duration('How long the CPU profile lasts of each profiled pod.').default('10s'),
  })
  .meta({ description: 'Puts the candidate under load with k6 and judges response times, errors and delivered load.' });

export type LoadTestStep = ReturnType<typeof expandLoadTest>;

/** The step in milliseconds and percent. `script` and `target`: of the step, or of `spec.load`. */
export function expandLoadTest(file: z.output<typeof loadTestSchema>, place: { script: string; target: string; postgres?: string }) {
  const { type, name, maxVus, profiles, limits } = file;
  return {
    type,
    name,
    ...place,
    stages: file.stages.map(({ duration: lasts, rate }) => ({ seconds: durationMs(lasts) / 1_000, ratePerSecond: rate })),
    maxVus,
    limits: {
      p99Ms: durationMs(limits.p99),
      errorPercent: sharePercent(limits.errorRate),
      deliveredPercent: sharePercent(limits.delivered),
      endpoints: Object.fromEntries(Object.entries(limits.endpoints).map(([endpoint, own]) => [endpoint, expandEndpoint(own)])),
    },
    sampleEveryMs: durationMs(file.sampleEvery),
    profiles,
    cpuProfileMs: durationMs(file.cpuProfile),
  };
}

/** Only the limits that the endpoint has: the others are the common ones. */
const expandEndpoint = ({
  p99: limit,
  errorRate: share,
}: {
  p99?: string | undefined;
  errorRate?: string | undefined;
}): { p99Ms?: number; errorPercent?: number } => ({
  ...(limit === undefined ? {} : { p99Ms: durationMs(limit) }),
  ...(share === undefined ? {} : { errorPercent: sharePercent(share) }),
});
