// What a launch records of the Deployment before it writes, and what a restore goes back to.
import { z } from 'zod';
import type { EvidenceKind } from '../../verdict/finding.ts';
import type { DeploymentSnapshot } from '../kubernetes/contract.ts';
import { deploymentTarget } from './deployment-target.ts';

/** The Deployment before the launch, and its health page. */
export type DeploymentBefore = DeploymentSnapshot & { healthTarget: string; healthPath: string; wantedImage: string };

const text = z.string().min(1);
const count = z.number().int().nonnegative();
/** Unknown fields are kept: an older worker than the capturing one must be able to restore. */
export const deploymentBefore: z.ZodType<DeploymentBefore> = z.looseObject({
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
  wantedImage: text,
});
