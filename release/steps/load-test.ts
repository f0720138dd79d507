import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { count, duration, formedText, label, share, text } from '../fields.ts';
import { sharePercent } from '../share.ts';

/** k6 plans all stages in memory before it starts. */
const MAX_STAGES = 100;
/** Limit of one k6 process; a higher rate needs execution segments. */
const MAX_RATE_PER_SECOND = 100_000;
const MAX_VIRTUAL_USERS = 50_000;

const p99 = 'Limit of the 99th percentile of the response time; passes only if its upper confidence bound passes too.';
const errorRate = 'Limit of the error rate; judged by its upper Wilson bound.';

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
            duration: duration('Duration of the stage.'),
            rate: count(
              'Iterations of the script per second at the end of the stage; the rate changes linearly to it.',
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
          'Load over time, in script iterations per second, independent of response times (k6 ramping-arrival-rate, an open model).',
      })
      .default([
        { duration: '5s', rate: 300 },
        { duration: '60s', rate: 300 },
      ]),
    maxVus: count('Maximum number of k6 virtual users; if it is too low, the load is not delivered.', 1, MAX_VIRTUAL_USERS).default(400),
    limits: z
      .strictObject({
        p99: duration(p99).default('300ms'),
        errorRate: share(errorRate).default('0.1%'),
        delivered: share('Minimum share of the requested load that must be delivered.').default('95%'),
        endpoints: z
          .record(
            formedText('Endpoint as k6 tags it.', '^[A-Z]+ /.*$', 'name an endpoint by method and path, such as "POST /api/order/create"'),
            z
              .strictObject({ p99: duration(p99).optional(), errorRate: share(errorRate).optional() })
              .meta({ description: 'Limits of one endpoint.' }),
          )
          .meta({
            description: 'Limits of single endpoints, named as k6 tags them (`POST /api/order/create`), instead of the common limits.',
          })
          .default({}),
      })
      .meta({ description: 'Limits of every endpoint.' })
      .prefault({}),
    sampleEvery: duration('Sampling interval of goroutines, GC pauses and GC CPU of each pod during the load test.').default('5s'),
    profiles: z
      .enum(['always', 'on-breach'])
      .meta({
        description:
          'When the pods are profiled: in the middle of every run, or only if a limit is exceeded (a leak exceeds no limit until it is too late).',
      })
      .default('always'),
    postgres: label("Database whose lock waits are sampled during the load test, from the environment file's `postgres`.", {
      defaultText: '`spec.diagnosis.postgres`',
    }).optional(),
    cpuProfile: duration('Duration of the CPU profile of each pod.').default('10s'),
  })
  .meta({ description: 'Load-tests the candidate with k6 and judges response times, errors and delivered load.' });

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
