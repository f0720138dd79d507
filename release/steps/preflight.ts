import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { duration, label } from '../fields.ts';

export const preflightSchema = z
  .strictObject({
    type: z.literal('preflight').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('preflight'),
    maxClockSkew: duration('Largest difference allowed between the clocks of the worker and of Prometheus.').default('2s'),
  })
  .meta({
    description:
      'Asks, before anything is done, whether everything that later steps need is there: cluster, rights, Deployment, image, series, health, clocks.',
  });

export type PreflightStep = ReturnType<typeof expandPreflight>;

/** The step in milliseconds. */
export const expandPreflight = ({ type, name, maxClockSkew }: z.output<typeof preflightSchema>) => ({
  type,
  name,
  maxClockSkewMs: durationMs(maxClockSkew),
});
