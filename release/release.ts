// What people ask for: the release file as they write it, and the Release as everybody else reads it, with all defaults applied.
import { z } from 'zod';
import { count, dottedName, duration, image, label, moment, offset, text, urlPath } from './fields.ts';
import { stepSchema } from './steps/registry.ts';
import type { Step } from './steps/registry.ts';

export const API_VERSION = 'tminus.dev/v1alpha1';

/** Most checkpoints and steps of one release: a full countdown must stay under 4,000 events of workflow history. */
const MAX_CHECKPOINTS = 20;
const MAX_STEPS = 20;
/** Most people a quorum can ask for. */
const MAX_APPROVALS = 20;
const MAX_NAMES = 50;

const groups = (description: string) => z.array(text('Name of a group.')).min(1).max(MAX_NAMES).meta({ description });
const requester = 'Whether whoever started the countdown may decide on it too.';

const approversSchema = z
  .strictObject({
    groups: groups('Groups whose members decide.'),
    count: count('How many different people must approve.', 1, MAX_APPROVALS).default(1),
    allowRequester: z.boolean().meta({ description: requester }).default(false),
  })
  .meta({ description: 'Who decides on this release wherever a checkpoint does not say otherwise.' });

const approvalSchema = z
  .strictObject({
    groups: groups('Groups whose members decide here.')
      .meta({ description: 'Groups whose members decide here.', defaultText: '`spec.approvers.groups`' })
      .optional(),
    count: count('How many different people must approve.', 1, MAX_APPROVALS)
      .meta({ description: 'How many different people must approve.', defaultText: '`spec.approvers.count`' })
      .optional(),
    allowRequester: z.boolean().meta({ description: requester, defaultText: '`spec.approvers.allowRequester`' }).optional(),
    deadline: duration('How long people may take, from the moment they are asked.').default('30m'),
    onDeadline: z
      .enum(['no-go', 'hold'])
      .meta({ description: 'The verdict when approvals are missing at the deadline; silence is never consent.' })
      .default('no-go'),
  })
  .meta({ description: 'Whom to ask, and until when.' });

export const checkpointSchema = z
  .strictObject({
    name: label('Name of the checkpoint; unique in the release.'),
    at: offset('When it is due, as a time before launch: `T-72h`, `T-1h30m`, `T-0`.'),
    steps: z
      .array(stepSchema)
      .max(MAX_STEPS)
      .meta({ description: 'Work done one after the other when the checkpoint is reached.' })
      .default([]),
    approval: approvalSchema
      .nullable()
      .meta({ description: 'Asks people to decide after the steps of the checkpoint; `{}` asks `spec.approvers`, `null` asks nobody.' })
      .default(null),
    holdDeadline: duration(
      'How long the checkpoint may stay inconclusive, or held by people, before it becomes no-go; then what is live is rolled back.',
    ).default('24h'),
  })
  .meta({ description: 'A named moment at which steps run and, if asked for, people decide.' });

const serviceSchema = z
  .strictObject({
    name: label('Name of the service.'),
    namespace: label('Kubernetes namespace in which it is live.'),
    image: image('Candidate image, with a fixed tag or digest.'),
    deployment: dottedName('Deployment whose image is changed.', { defaultText: '`spec.service.name`' }).optional(),
    container: label('Container of the Deployment whose image is changed.', { defaultText: '`spec.service.name`' }).optional(),
    health: z
      .strictObject({
        target: label("Name of the live address, from the environment file's `targets`.", {
          defaultText: '`spec.service.namespace`',
        }).optional(),
        path: urlPath('Path on that address that answers whether the service is healthy.').default('/healthz'),
      })
      .meta({ description: 'Where the live service says whether it is healthy.' })
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
  .meta({ description: 'Where the candidate already runs and is put under load.' });

const loadSchema = z
  .strictObject({
    script: text('k6 script, as a path beside the release file.').optional(),
    target: label("Name of the address under load, from the environment file's `targets`.").optional(),
  })
  .meta({ description: 'Script and target of every load test that does not name its own.' });

const diagnosisSchema = z
  .strictObject({
    postgres: label("The service's database, from the environment file's `postgres`.").optional(),
    traces: label("Where the service's traces are kept, from the environment file's `traces`.").optional(),
  })
  .meta({ description: 'Where load tests and analyses that name nothing of their own find the database and the traces of the service.' });

export const releaseFileSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).meta({ description: 'Version of this format.' }),
    kind: z.literal('Release').meta({ description: 'Kind of this file.' }),
    metadata: z
      .strictObject({ name: dottedName('Name of the release, such as `go-api-1.4.0`; the countdown is called by it.') })
      .meta({ description: 'How the release is called.' }),
    spec: z
      .strictObject({
        service: serviceSchema,
        cluster: label("Cluster in which the service is live, from the environment file's `clusters`."),
        staging: stagingSchema.prefault({}),
        countdown: duration('Time from start to launch. Give this or `launchAt`.').optional(),
        launchAt: moment('Launch time as RFC 3339 with zone. Give this or `countdown`.').optional(),
        launchWindow: duration('How late the launch may be; after it the countdown holds.').default('30m'),
        load: loadSchema.prefault({}),
        diagnosis: diagnosisSchema.prefault({}),
        approvers: approversSchema,
        allowUnverified: z
          .boolean()
          .meta({
            description:
              'Whether decisions of people whose identity nobody verified count; only for a laptop: ' +
              'a server that other machines can reach refuses the release.',
          })
          .default(false),
        notify: z
          .array(label("Name from the environment file's `notify`."))
          .max(MAX_NAMES)
          .meta({ description: 'Who is told of every change of verdict.' })
          .default([]),
        checkpoints: z
          .array(checkpointSchema)
          .min(1)
          .max(MAX_CHECKPOINTS)
          .meta({
            description: 'Moments of the countdown, earliest first.',
            defaultText:
              'the standard plan: T-72h `load-and-diagnosis` (preflight, loadTest, diagnosis), T-1h `final-poll` (approval), T-0 `launch` (launch, guard)',
          })
          .optional(),
      })
      .meta({ description: 'What is asked for.' }),
  })
  .meta({
    title: 'Tminus release',
    description: 'One release: a service, its candidate image, when it goes live, and what must be shown before.',
  });

/** The file as zod reads it: fixed defaults applied, those that follow from other fields not yet (expand.ts does that). */
export type ReleaseFile = z.output<typeof releaseFileSchema>;

/** Who decides at a checkpoint, complete. */
export interface Approval {
  groups: string[];
  count: number;
  allowRequester: boolean;
  /** From the time people are asked. */
  deadlineMs: number;
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
  holdDeadlineMs: number;
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

/** A checked release with every default applied, in numbers. Plain JSON: it is workflow input. */
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
