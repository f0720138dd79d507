// The release file: its schema as written, and the loaded `Release` with all defaults, in numbers.
import { z } from 'zod';
import { count, dottedName, duration, image, label, offset, text, timestamp, urlPath } from './fields.ts';
import { contingencySchema } from './contingency/contingency.ts';
import { stepSchema } from './steps/registry.ts';
import type { Step } from './steps/registry.ts';

export const API_VERSION = 'tminus.dev/v1alpha1';

/** Limits that keep a full countdown under 4,000 events of workflow history. */
const MAX_CHECKPOINTS = 20;
const MAX_STEPS = 20;
/** Largest quorum. */
const MAX_APPROVALS = 20;
const MAX_NAMES = 50;

const groups = (description: string) => z.array(text('Name of a group.')).min(1).max(MAX_NAMES).meta({ description });
const requester = 'Whether the requester of the countdown may also approve or reject.';

const approversSchema = z
  .strictObject({
    groups: groups('Groups whose members may approve or reject.'),
    count: count('Number of different people who must approve.', 1, MAX_APPROVALS).default(1),
    allowRequester: z.boolean().meta({ description: requester }).default(false),
  })
  .meta({ description: 'Default approvers of the checkpoints of this release.' });

const approvalSchema = z
  .strictObject({
    groups: groups('Groups whose members may approve or reject here.')
      .meta({ description: 'Groups whose members may approve or reject here.', defaultText: '`spec.approvers.groups`' })
      .optional(),
    count: count('Number of different people who must approve.', 1, MAX_APPROVALS)
      .meta({ description: 'Number of different people who must approve.', defaultText: '`spec.approvers.count`' })
      .optional(),
    allowRequester: z.boolean().meta({ description: requester, defaultText: '`spec.approvers.allowRequester`' }).optional(),
    deadline: duration('Time for the approvals, from when people are asked.').default('30m'),
    onDeadline: z
      .enum(['no-go', 'hold'])
      .meta({ description: 'Verdict if approvals are missing at the deadline; silence is never consent.' })
      .default('no-go'),
  })
  .meta({ description: 'The approvals that this checkpoint needs.' });

export const checkpointSchema = z
  .strictObject({
    name: label('Name of the checkpoint; unique in the release.'),
    at: offset('When it is due, as a time before launch: `T-72h`, `T-1h30m`, `T-0`.'),
    steps: z
      .array(stepSchema)
      .max(MAX_STEPS)
      .meta({ description: 'Steps that run one after the other when the checkpoint is reached.' })
      .default([]),
    approval: approvalSchema
      .nullable()
      .meta({ description: 'Approvals that are needed after the steps of the checkpoint; `{}` asks `spec.approvers`, `null` needs none.' })
      .default(null),
    holdDeadline: duration(
      'How long the checkpoint may stay inconclusive, or held by people, before it becomes no-go; a live version is then rolled back.',
    ).default('24h'),
  })
  .meta({ description: 'A named time at which steps run and, if configured, people approve.' });

const serviceSchema = z
  .strictObject({
    name: label('Name of the service.'),
    namespace: label('Kubernetes namespace of the live service.'),
    image: image('Candidate image, with a fixed tag or digest.'),
    deployment: dottedName('Deployment whose image is changed.', { defaultText: '`spec.service.name`' }).optional(),
    container: label('Container of the Deployment whose image is changed.', { defaultText: '`spec.service.name`' }).optional(),
    health: z
      .strictObject({
        target: label("Name of the live address, from the environment file's `targets`.", {
          defaultText: '`spec.service.namespace`',
        }).optional(),
        path: urlPath('Path of the health endpoint.').default('/healthz'),
      })
      .meta({ description: 'Health endpoint of the live service.' })
      .prefault({}),
  })
  .meta({ description: 'The service that goes live, and the candidate image.' });

const stagingSchema = z
  .strictObject({
    cluster: label('Cluster of the candidate.', { defaultText: '`spec.cluster`' }).optional(),
    namespace: label('Namespace of the candidate.', { defaultText: '`<spec.service.namespace>-staging`' }).optional(),
    deployment: dottedName('Deployment of the candidate.', { defaultText: '`spec.service.deployment`' }).optional(),
    container: label('Container of the candidate.', { defaultText: '`spec.service.container`' }).optional(),
  })
  .meta({ description: 'Where the candidate already runs and is load-tested.' });

const loadSchema = z
  .strictObject({
    script: text('k6 script, as a path beside the release file.').optional(),
    target: label("Name of the address under load, from the environment file's `targets`.").optional(),
  })
  .meta({ description: 'Script and target of every load test that does not name its own.' });

const diagnosisSchema = z
  .strictObject({
    postgres: label("The service's database, from the environment file's `postgres`.").optional(),
    traces: label("Trace store of the service, from the environment file's `traces`.").optional(),
  })
  .meta({ description: 'Default database and trace store of load tests and diagnoses.' });

export const releaseFileSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    kind: z.literal('Release').meta({ description: 'Kind of this file.' }),
    metadata: z
      .strictObject({ name: dottedName('Name of the release and its countdown, such as `go-api-1.4.0`.') })
      .meta({ description: 'Metadata of the release.' }),
    spec: z
      .strictObject({
        service: serviceSchema,
        cluster: label("Cluster of the live service, from the environment file's `clusters`."),
        staging: stagingSchema.prefault({}),
        countdown: duration('Time from start to launch. Give this or `launchAt`.').optional(),
        launchAt: timestamp('Launch time as RFC 3339 with zone. Give this or `countdown`.').optional(),
        launchWindow: duration('How late the launch may start; after that the countdown holds.').default('30m'),
        load: loadSchema.prefault({}),
        diagnosis: diagnosisSchema.prefault({}),
        contingency: contingencySchema.prefault({}),
        approvers: approversSchema,
        allowUnverified: z
          .boolean()
          .meta({
            description:
              'Whether actions of people with an unverified identity count; only for a laptop: ' +
              'a server that is reachable from other machines refuses the release.',
          })
          .default(false),
        notify: z
          .array(label("Name from the environment file's `notify`."))
          .max(MAX_NAMES)
          .meta({ description: 'Notification targets for start, actions, holds, verdicts, rollback and end.' })
          .default([]),
        checkpoints: z
          .array(checkpointSchema)
          .min(1)
          .max(MAX_CHECKPOINTS)
          .meta({
            description: 'Checkpoints of the countdown, earliest first.',
            defaultText:
              'the standard plan: T-72h `load-and-diagnosis` (preflight, loadTest, diagnosis), T-1h `final-poll` (approval), T-0 `launch` (launch, guard)',
          })
          .optional(),
      })
      .meta({ description: 'Specification of the release.' }),
  })
  .meta({
    title: 'Tminus release',
    description: 'One release: a service, its candidate image, its launch time and its checkpoints.',
  });

/** The file as zod parses it: fixed defaults are applied; expand.ts applies those that follow from other fields. */
export type ReleaseFile = z.output<typeof releaseFileSchema>;

/** The approvals of a checkpoint. */
export interface Approval {
  groups: string[];
  count: number;
  allowRequester: boolean;
  /** How long people may take, from when they are asked. */
  timeoutMs: number;
  onDeadline: 'no-go' | 'hold';
}

export interface Checkpoint {
  name: string;
  /** As written: `T-72h`. */
  at: string;
  /** Before launch; 0 for `T-0`. */
  offsetMs: number;
  steps: Step[];
  approval: Approval | null;
  /** How long the checkpoint may stay inconclusive, or held by people. */
  holdTimeoutMs: number;
}

export interface Service {
  name: string;
  namespace: string;
  image: string;
  deployment: string;
  container: string;
  /** `target` is a name in the environment's targets. */
  health: { target: string; path: string };
}

export interface Staging {
  cluster: string;
  namespace: string;
  deployment: string;
  container: string;
}

/** `countdownMs`: from start to launch. `launchAtMs`: milliseconds since 1970, UTC. */
type LaunchTime = { countdownMs: number; launchAtMs?: never } | { launchAtMs: number; countdownMs?: never };

/** A checked release with every default applied, durations and shares as numbers. Plain JSON: it is workflow input. */
export interface Release {
  apiVersion: typeof API_VERSION;
  kind: 'Release';
  metadata: { name: string };
  spec: Omit<ReleaseFile['spec'], 'service' | 'staging' | 'countdown' | 'launchAt' | 'launchWindow' | 'checkpoints'> & {
    /** How late the launch may be. */
    launchWindowMs: number;
    service: Service;
    staging: Staging;
    /** Earliest first. */
    checkpoints: Checkpoint[];
  } & LaunchTime;
}
