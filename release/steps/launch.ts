import { z } from 'zod';
import { durationMs } from '../duration.ts';
import { duration, label } from '../fields.ts';

export const launchSchema = z
  .strictObject({
    type: z.literal('launch').meta({ description: 'The step type.' }),
    name: label('Name of the step; unique in the release.').default('launch'),
    timeout: duration('Timeout of the rollout; then it is rolled back.').default('10m'),
    rollbackWithin: duration('Timeout of a rollback, until all pods run the old version.').default('90s'),
    healthWithin: duration('Timeout for the service to become healthy after a rollout or rollback.').default('60s'),
  })
  .meta({ description: 'Changes the image of the Deployment, watches the rollout, and rolls back automatically if it fails.' });

export type LaunchStep = ReturnType<typeof expandLaunch>;

/** The step in milliseconds. */
export const expandLaunch = ({ type, name, timeout, rollbackWithin, healthWithin }: z.output<typeof launchSchema>) => ({
  type,
  name,
  timeoutMs: durationMs(timeout),
  rollbackTimeoutMs: durationMs(rollbackWithin),
  healthTimeoutMs: durationMs(healthWithin),
});
