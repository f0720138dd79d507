// From the file as written to the loaded release: defaults that follow from other fields, and every duration, share and time as a number.
import { z } from 'zod';
import { durationMs } from './duration.ts';
import { launchTimeMs } from './launch-time.ts';
import { offsetMs } from './offset.ts';
import { checkpointSchema } from './release.ts';
import type { Approval, Checkpoint, Release, ReleaseFile } from './release.ts';
import { expandDrill } from './steps/drill.ts';
import { expandGuard } from './steps/guard.ts';
import { expandLaunch } from './steps/launch.ts';
import { expandLoadTest } from './steps/load-test.ts';
import { expandPreflight } from './steps/preflight.ts';
import type { Step } from './steps/registry.ts';
import { standardCheckpoints } from './standard-plan.ts';

type FileCheckpoint = z.output<typeof checkpointSchema>;
type FileStep = FileCheckpoint['steps'][number];

/** The release with every default applied. The rules (rules.ts) must have passed: a load test without script throws. */
export function expandRelease(file: ReleaseFile): Release {
  const { service, staging, checkpoints, countdown, launchAt, launchWindow, ...spec } = file.spec;
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
      ...(launchAt === undefined ? { countdownMs: durationMs(countdown ?? '') } : { launchAtMs: launchTimeMs(launchAt) }),
      launchWindowMs: durationMs(launchWindow),
      checkpoints: (checkpoints ?? z.array(checkpointSchema).parse(standardCheckpoints(countdown))).map((checkpoint) =>
        expandCheckpoint(checkpoint, spec),
      ),
    },
  };
}

function expandCheckpoint(
  checkpoint: FileCheckpoint,
  spec: Pick<ReleaseFile['spec'], 'approvers' | 'load' | 'diagnosis' | 'contingency'>,
): Checkpoint {
  return {
    name: checkpoint.name,
    at: checkpoint.at,
    offsetMs: offsetMs(checkpoint.at),
    holdTimeoutMs: durationMs(checkpoint.holdDeadline),
    steps: checkpoint.steps.map((step) => expandStep(step, spec)),
    approval: checkpoint.approval && expandApproval(checkpoint.approval, spec.approvers),
  };
}

function expandApproval(approval: NonNullable<FileCheckpoint['approval']>, approvers: ReleaseFile['spec']['approvers']): Approval {
  return {
    groups: approval.groups ?? approvers.groups,
    count: approval.count ?? approvers.count,
    allowRequester: approval.allowRequester ?? approvers.allowRequester,
    timeoutMs: durationMs(approval.deadline),
    onDeadline: approval.onDeadline,
  };
}

function expandStep(
  step: FileStep,
  { load, diagnosis, contingency }: Pick<ReleaseFile['spec'], 'load' | 'diagnosis' | 'contingency'>,
): Step {
  if (step.type === 'diagnosis') return { ...diagnosis, ...step };
  if (step.type === 'preflight') return expandPreflight(step);
  if (step.type === 'drill') return expandDrill(step, contingency, load);
  if (step.type === 'launch') return expandLaunch(step);
  if (step.type === 'guard') return expandGuard(step);
  const script = step.script ?? load.script;
  const target = step.target ?? load.target;
  if (script === undefined || target === undefined)
    throw new TypeError(`load test ${step.name} has no script or target: rules.ts must refuse this`);
  const postgres = step.postgres ?? diagnosis.postgres;
  return expandLoadTest(step, { script, target, ...(postgres === undefined ? {} : { postgres }) });
}
