// All kinds of effects that can be registered as undos.
import type { EffectKind } from '../../verdict/undo.ts';
import type { AdminPortDependencies } from '../admin-port/each-pod.ts';
import { serviceFault } from './service-fault.ts';
import { serviceSwitch } from './service-switch.ts';
import { deploymentEnvironment } from './deployment-environment.ts';
import { deploymentImage, type DeploymentImageDependencies } from './deployment-image.ts';
import { checked, type CheckedEffect } from './effect.ts';

export type Effects = Readonly<Record<EffectKind, CheckedEffect>>;

export type EffectWorld = DeploymentImageDependencies & AdminPortDependencies;

export const createEffects = (world: EffectWorld): Effects => ({
  'deployment-image': checked(deploymentImage(world)),
  'service-switch': checked(serviceSwitch(world)),
  'deployment-environment': checked(deploymentEnvironment(world)),
  'service-fault': checked(serviceFault(world)),
});
