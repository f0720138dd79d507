// What a drill records of a switch before it changes it, and what a restore goes back to.
import { z } from 'zod';
import type { DeploymentTarget } from '../kubernetes/contract.ts';
import { deploymentTarget } from './deployment-target.ts';

const text = z.string().min(1);

const podSwitch = z.looseObject({
  name: text,
  source: text,
  /** What somebody had set at run time; null when nobody had. */
  flag: z.looseObject({ who: z.string(), operation: z.string(), until: z.string().nullable() }).nullable(),
});

/** Unknown fields are kept: an older worker than the capturing one must be able to restore. */
export const switchBefore: z.ZodType<SwitchBefore> = z.looseObject({
  target: deploymentTarget,
  selector: text,
  port: z.int().positive(),
  switch: text,
  value: z.boolean(),
  pods: z.array(podSwitch),
});

/** A switch with the same value in every pod. */
export interface SwitchBefore {
  target: DeploymentTarget;
  /** Of the pods, in the API's syntax. */
  selector: string;
  /** Admin port of the pods. */
  port: number;
  switch: string;
  value: boolean;
  pods: PodSwitch[];
}

export type PodSwitch = z.output<typeof podSwitch>;

/** What somebody had set at run time in this pod; null when nobody had, and in pods that started later. */
export const flagOf = ({ pods }: SwitchBefore, pod: string): PodSwitch['flag'] => pods.find(({ name }) => name === pod)?.flag ?? null;
