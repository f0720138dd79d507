// The Deployment that an effect changes: its schema in settings and recorded states, and its key.
import { z } from 'zod';
import type { DeploymentTarget } from '../kubernetes/contract.ts';

const text = z.string().min(1);

export const deploymentTarget: z.ZodType<DeploymentTarget> = z.strictObject({
  cluster: text,
  namespace: text,
  deployment: text,
  container: text,
});

/** `key` of an effect on the Deployment as a whole, and the beginning of the keys of its parts. */
export const deploymentKey = ({ namespace, deployment }: DeploymentTarget): string => `${namespace}/${deployment}`;
