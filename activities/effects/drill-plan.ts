// Whether a release plans a change in a drill step, on the Deployment in staging.
import type { Release } from '../../release/release.ts';
import type { DrillStep } from '../../release/steps/registry.ts';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import type { StepPlace } from './effect.ts';

/** Why no drill of this step changes this Deployment so, or null. `what` names the change: `switch pricing to false`. */
export function explainUnplannedDrill(
  { spec }: Release,
  { checkpoint, step }: StepPlace,
  target: DeploymentTarget,
  { what, isPlanned }: { what: string; isPlanned(drill: DrillStep): boolean },
): string | null {
  const { cluster, namespace, deployment, container } = spec.staging;
  const { service } = spec;
  if (cluster === spec.cluster && namespace === service.namespace && deployment === service.deployment)
    return `a drill would break production: staging of the release is ${cluster}/${namespace}/${deployment}, which goes live`;
  const planned = [cluster, namespace, deployment, container].join('/');
  const asked = [target.cluster, target.namespace, target.deployment, target.container].join('/');
  if (asked !== planned) return `drills of the release change ${planned}, and the request is for ${asked}`;
  const steps = spec.checkpoints.find(({ name }) => name === checkpoint)?.steps ?? [];
  const drill = steps.find((each) => each.type === 'drill' && each.name === step);
  if (drill?.type !== 'drill') return `the release has no drill ${step} in checkpoint ${checkpoint}`;
  return isPlanned(drill) ? null : `drill ${step} of the release does not plan ${what}`;
}
