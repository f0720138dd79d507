// All kinds of effects that can be registered as undos.
import type { EffectKind } from '../../verdict/undo.ts';
import { deploymentImage, type DeploymentImageDependencies } from './deployment-image.ts';
import { checked, type Effect } from './effect.ts';

export type Effects = Readonly<Record<EffectKind, Effect<unknown, unknown>>>;

export const createEffects = (dependencies: DeploymentImageDependencies): Effects => ({
  'deployment-image': checked(deploymentImage(dependencies)),
});
