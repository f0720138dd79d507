// Schemas of the responses of the HTTP API. OpenAPI is generated from them.
import { z } from 'zod';
import { principalShape } from '../../activities/identity/action-shape.ts';
import { API_VERSION } from '../../release/release.ts';
import { actions } from '../../verdict/can.ts';
import { apiErrorCodes } from '../request/refusal.ts';
import { endingSchema, statusSchema } from './status-schema.ts';

const apiVersion = z.literal(API_VERSION);
const links = z.object({ page: z.string() });

export const errorSchema = z.object({
  apiVersion,
  kind: z.literal('Error'),
  code: z.enum(apiErrorCodes),
  message: z.string(),
  hint: z.string(),
  docs: z.string().meta({ description: 'Documentation, a path in the repository' }),
  problems: z
    .array(
      z.object({
        file: z.string(),
        line: z.number().nullable().meta({ description: 'From 1; null for the whole file' }),
        column: z.number().nullable(),
        path: z.string().meta({ description: 'Such as `spec.checkpoints[0].at`; empty for the whole file' }),
        message: z.string(),
        hint: z.string(),
        text: z.string().meta({ description: 'File, position, message and hint as one text' }),
      }),
    )
    .optional()
    .meta({ description: 'Problems of an invalid release file or request, each with its position' }),
});

export const planSchema = z.object({
  apiVersion,
  kind: z.literal('ReleasePlan'),
  metadata: z.object({ name: z.string() }),
  started: z
    .enum(['started', 'already-running', 'dry-run'])
    .meta({ description: '`already-running`: the same start was requested before; no new countdown was started' }),
  launchAt: z.string(),
  checkpoints: z.array(z.object({ name: z.string(), at: z.string() })),
  links,
});

export const releaseListSchema = z.object({
  apiVersion,
  kind: z.literal('ReleaseList'),
  items: z.array(
    z.object({
      name: z.string(),
      service: z.string().nullable(),
      phase: z.string().nullable(),
      verdict: z
        .enum(['go', 'hold', 'no-go'])
        .nullable()
        .meta({ description: 'null while unknown, and while nothing prevents a running countdown from going on' }),
      ending: endingSchema.nullable(),
      rehearsal: z.boolean().meta({ description: 'Runs on virtual time and is not the real launch' }),
      launchAt: z.string().nullable(),
      nextCheckpointAt: z.string().nullable(),
      state: z.enum(['running', 'ended']),
      startedAt: z.string(),
      endedAt: z.string().nullable(),
      workerVersion: z.string().nullable().meta({ description: 'Worker version of its start, on which it stays' }),
      hasWorker: z.boolean().nullable().meta({
        description: 'false: no worker of its version runs, so that steps, holds, deadlines and rollbacks stand still; null after the end',
      }),
      links,
    }),
  ),
  nextPage: z.string().nullable().meta({ description: 'Token of the next page of ended countdowns; null on the last page' }),
});

export const releaseStatusSchema = z.object({
  apiVersion,
  kind: z.literal('ReleaseStatus'),
  metadata: z.object({ name: z.string(), revision: z.number() }),
  ...statusSchema.shape,
  links: z.object({ page: z.string(), report: z.string() }),
});

export const progressSchema = z.object({
  apiVersion,
  kind: z.literal('ReleaseProgress'),
  metadata: z.object({ name: z.string() }),
  items: z.array(
    z.object({
      checkpoint: z.string(),
      step: z.string(),
      round: z.number(),
      activity: z.string(),
      attempt: z.number(),
      state: z
        .enum(['queued', 'running', 'retrying'])
        .meta({ description: '`queued`: not yet started by a worker; `retrying`: waits for its next attempt' }),
      progress: z.object({ text: z.string(), done: z.number(), total: z.number(), unit: z.string() }).nullable(),
      heartbeatAt: z.string().nullable(),
      lastFailure: z.string().nullable(),
    }),
  ),
});

const auditRecordSchema = z.object({
  seq: z.number(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  detail: z.string(),
  prevHash: z.string(),
  hash: z.string(),
});

export const eventListSchema = z.object({
  apiVersion,
  kind: z.literal('EventList'),
  metadata: z.object({ name: z.string() }),
  chain: z.object({ state: z.enum(['verified', 'broken']), message: z.string() }),
  items: z.array(auditRecordSchema),
});

export const pruneResultSchema = z.object({
  apiVersion,
  kind: z.literal('PruneResult'),
  dryRun: z.boolean(),
  before: z
    .string()
    .meta({ description: 'Only pieces stored before this time are removed: the requested age, or the start of the oldest open countdown' }),
  openCountdowns: z.number(),
  removed: z.number().meta({ description: 'Number of removed pieces; in a dry run, of pieces that would be removed' }),
  removedBytes: z.number(),
  keptNamed: z.number().meta({ description: 'Old enough, but referenced by an open countdown, an undo or the last good release' }),
  keptYoung: z.number(),
});

export const leftoverListSchema = z.object({
  apiVersion,
  kind: z.literal('LeftoverList'),
  items: z.array(
    z.object({
      service: z.string(),
      cluster: z.string(),
      effect: z.string(),
      goesBackTo: z.string(),
      live: z.boolean().meta({ description: 'The effect makes a candidate serve traffic' }),
      since: z.string(),
      countdown: z.object({
        release: z.string(),
        run: z.string(),
        state: z
          .enum(['running', 'ended', 'terminated', 'gone', 'unknown'])
          .meta({ description: '`gone`: past the retention of Temporal; `unknown`: Temporal does not respond' }),
        phase: z.string().nullable(),
        ending: endingSchema.nullable(),
      }),
      restorer: z.enum(['running', 'not running', 'unknown']),
      next: z.string().meta({ description: 'Next command to run' }),
    }),
  ),
  damaged: z
    .array(z.object({ file: z.string(), message: z.string() }))
    .meta({ description: 'Files of the undo journal that cannot be read; their effects may be open too' }),
});

export const actResultSchema = z.object({
  apiVersion,
  kind: z.literal('ActionResult'),
  metadata: z.object({ name: z.string(), revision: z.number().nullable() }),
  action: z.enum(actions),
  message: z.string(),
  phase: z.string().nullable().meta({ description: 'null for a hold or an abort: both are sent without a reply' }),
  links,
});

export const whoamiSchema = z.object({ apiVersion, kind: z.literal('Principal'), principal: z.object(principalShape.shape) });
export const healthSchema = z.object({ apiVersion, kind: z.literal('Health'), status: z.literal('ok') });

export const clockResultSchema = z.object({
  apiVersion,
  kind: z.literal('ClockResult'),
  metadata: z.object({ name: z.string() }),
  aheadMs: z.number(),
  links,
});
