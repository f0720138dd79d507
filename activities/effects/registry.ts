// All kinds of effects that can be registered as undos.
import type { EffectKind } from '../../verdict/undo.ts';
import { deploymentImage, type DeploymentImageDependencies } from './deployment-image.ts';
import { checked, type CheckedEffect } from './effect.ts';

export type Effects = Readonly<Record<EffectKind, CheckedEffect>>;

export const createEffects = (dependencies: DeploymentImageDependencies): Effects =>
  ({
    'deployment-image': checked(deploymentImage(dependencies)),
  }) as unknown as Effects; // the other kinds follow
