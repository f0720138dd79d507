import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { duration, label } from '../fields.ts';

export const preflightSchema = z
  .strictObject({
    type: z.literal('preflight').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('preflight'),
    maxClockSkew: duration('Maximum difference between the clocks of the worker and Prometheus.').default('2s'),
  })
  .meta({
    description: 'Checks the prerequisites of later steps: cluster, rights, Deployment, image, series, health, clocks.',
  });

export type PreflightStep = ReturnType<typeof expandPreflight>;

/** The step in milliseconds. */
export const expandPreflight = ({ type, name, maxClockSkew }: z.output<typeof preflightSchema>) => ({
  type,
  name,
  maxClockSkewMs: durationMs(maxClockSkew),
});
