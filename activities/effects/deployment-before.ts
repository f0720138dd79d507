// What a launch or a drill records of the Deployment before it writes, and what a restore goes back to.
import { z } from 'zod';
import type { EvidenceKind } from '../../verdict/finding.ts';
import type { DeploymentSnapshot } from '../kubernetes/contract.ts';
import { deploymentTarget } from './deployment-target.ts';

/** The Deployment before a change, and its health page. */
type HealthySnapshot = DeploymentSnapshot & { healthTarget: string; healthPath: string };
/** The Deployment before the launch. */
export type DeploymentBefore = HealthySnapshot & { wantedImage: string };
/** The Deployment before one of its variables is set. */
export type EnvironmentBefore = HealthySnapshot & { variable: string };

const text = z.string().min(1);
const count = z.number().int().nonnegative();
const snapshotFields = {
  target: deploymentTarget,
  evidence: z.looseObject({
    digest: text,
    sizeBytes: count,
    mediaType: z.string(),
    kind: z.custom<EvidenceKind>((kind) => kind === 'deployment-snapshot', 'expected deployment-snapshot'),
    capturedAt: z.string(),
    source: z.string(),
  }),
  whole: text.optional(),
  image: text,
  replicas: count,
  revision: z.string(),
  templateHash: z.string(),
  templateDigest: text,
  uid: text,
  fencingGeneration: count,
  operation: z.string().nullable(),
  healthTarget: text,
  healthPath: text,
};

/** Unknown fields are kept: an older worker than the capturing one must be able to restore. */
export const deploymentBefore: z.ZodType<DeploymentBefore> = z.looseObject({ ...snapshotFields, wantedImage: text });
export const environmentBefore: z.ZodType<EnvironmentBefore> = z.looseObject({ ...snapshotFields, variable: text });
