// From the file as it was written to the release as everybody reads it: what is left out is filled in from what is there.
import { z } from 'zod';
import { durationMs } from './duration.ts';
import { checkpointSchema } from './release.ts';
import type { Approval, Checkpoint, Release, ReleaseFile } from './release.ts';
import type { Step } from './steps/registry.ts';
import { standardCheckpoints } from './standard-plan.ts';

type FileCheckpoint = z.output<typeof checkpointSchema>;
type FileStep = FileCheckpoint['steps'][number];

/** The release with every default applied. The rules (rules.ts) must have passed: a load test without script throws. */
export function expandRelease(file: ReleaseFile): Release {
  const { service, staging, checkpoints, ...spec } = file.spec;
  const deployment = service.deployment ?? service.name;
  const container = service.container ?? service.name;
  return {
    ...file,
    spec: {
      ...spec,
      service: { ...service, deployment, container, health: { ...service.health, target: service.health.target ?? service.namespace } },
      staging: {
        cluster: staging.cluster ?? spec.cluster,
        namespace: staging.namespace ?? `${service.namespace}-staging`,
        deployment: staging.deployment ?? deployment,
        container: staging.container ?? container,
      },
      checkpoints: (checkpoints ?? z.array(checkpointSchema).parse(standardCheckpoints(spec.countdown))).map((checkpoint) =>
        expandCheckpoint(checkpoint, spec),
      ),
    },
  };
}

function expandCheckpoint(checkpoint: FileCheckpoint, spec: Pick<ReleaseFile['spec'], 'approvers' | 'load' | 'diagnosis'>): Checkpoint {
  return {
    ...checkpoint,
    steps: checkpoint.steps.map((step) => expandStep(step, spec)),
    approval: checkpoint.approval && expandApproval(checkpoint.approval, spec.approvers),
  };
}

function expandApproval(approval: NonNullable<FileCheckpoint['approval']>, approvers: ReleaseFile['spec']['approvers']): Approval {
  return {
    groups: approval.groups ?? approvers.groups,
    count: approval.count ?? approvers.count,
    allowRequester: approval.allowRequester ?? approvers.allowRequester,
    deadline: approval.deadline,
    onDeadline: approval.onDeadline,
  };
}

function expandStep(step: FileStep, { load, diagnosis }: Pick<ReleaseFile['spec'], 'load' | 'diagnosis'>): Step {
  if (step.type === 'diagnosis') return { ...diagnosis, ...step };
  if (step.type === 'guard') return { ...step, maxBake: step.maxBake ?? timesThree(step.bake) };
  if (step.type !== 'loadTest') return step;
  const script = step.script ?? load.script;
  const target = step.target ?? load.target;
  if (script === undefined || target === undefined)
    throw new TypeError(`load test ${step.name} has no script or target: rules.ts must refuse this`);
  return { ...(diagnosis.postgres === undefined ? {} : { postgres: diagnosis.postgres }), ...step, script, target };
}

/** A bake that is undecided for three times its length will not be decided by waiting: traffic is missing, or the rate lies at its limit. */
const timesThree = (bake: string): string => `${(3 * durationMs(bake)) / 1_000}s`;
