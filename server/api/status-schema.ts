// The status in the API: an allowlist of fields.
import { z } from 'zod';
import { principalShape } from '../../activities/identity/action-shape.ts';
import type { CountdownStatus, Ending } from '../../verdict/countdown-status.ts';

const amount = z.union([z.number(), z.string()]).nullable();
const time = z.string().meta({ description: 'RFC 3339, UTC' });
const verdict = z.enum(['go', 'hold', 'no-go']);
const principal = z.object(principalShape.shape);

export const endingSchema = z
  .enum(['launched', 'passed', 'no-go', 'rolled-back', 'aborted', 'refused', 'undo-incomplete'] satisfies Ending[])
  .meta({ description: '`passed`: every checkpoint is go and the plan has no launch' });

const findingSchema = z.object({
  code: z.string(),
  subject: z.string(),
  outcome: z.enum(['pass', 'fail', 'inconclusive']),
  measured: amount,
  limit: amount,
  unit: z.string(),
  message: z.string(),
  evidence: z.array(z.string()),
});

const reasonSchema = z.object({
  code: z.string(),
  subject: z.string(),
  effect: z.enum(['no-go', 'hold', 'waived', 'note']),
  measured: amount,
  limit: amount,
  unit: z.string(),
  message: z.string(),
  evidence: z.array(z.string()),
});

const evidenceRefSchema = z.object({
  digest: z.string(),
  sizeBytes: z.number(),
  mediaType: z.string(),
  kind: z.string(),
  capturedAt: time,
  source: z.string(),
});

const stepSchema = z.object({
  name: z.string(),
  type: z.string(),
  round: z.number(),
  state: z.enum(['later', 'running', 'done', 'failed-to-run']),
  startedAt: time.optional(),
  finishedAt: time.optional(),
  workflowId: z.string().optional(),
  findings: z.array(findingSchema),
  facts: z.array(z.object({ subject: z.string(), text: z.string(), values: z.record(z.string(), z.number()) })),
  evidence: z.array(evidenceRefSchema),
});

const approvalSchema = z.object({
  principal,
  decision: z.enum(['approve', 'reject']),
  comment: z.string(),
  at: time,
  revision: z.number(),
  evidenceDigest: z.string(),
  verified: z.boolean(),
});

const checkpointSchema = z.object({
  name: z.string(),
  offset: z.string(),
  at: time,
  state: z.enum(['later', 'running', 'waiting', 'go', 'hold', 'no-go']),
  revision: z.number().meta({ description: 'An action names the revision that its author saw' }),
  evidenceDigest: z.string().meta({ description: 'An action names the evidence that its author saw' }),
  steps: z.array(stepSchema),
  approvals: z.array(approvalSchema),
  approval: z
    .object({
      groups: z.array(z.string()),
      count: z.number(),
      allowRequester: z.boolean(),
      deadlineAt: time.optional(),
      onDeadline: z.enum(['no-go', 'hold']),
    })
    .optional(),
  waivers: z.array(z.object({ finding: z.string(), reason: z.string(), by: principal, expiresAt: time })),
  evaluation: z.object({ verdict, reasons: z.array(reasonSchema), passed: z.number(), findings: z.array(findingSchema) }).optional(),
});

export const statusSchema = z.object({
  release: z.string(),
  run: z.string().meta({ description: 'First execution run id; distinguishes countdowns with the same name' }),
  service: z.object({ name: z.string(), namespace: z.string(), cluster: z.string(), image: z.string() }),
  rehearsal: z.boolean().meta({ description: 'Runs on virtual time and is not the real launch' }),
  requestedBy: principal,
  phase: z.enum(['opening', 'counting', 'running', 'waiting', 'holding', 'stopped', 'undoing', 'ended']),
  verdict: verdict.nullable().meta({
    description: 'null while a running countdown has no reason to hold; `go` is the verdict of a checkpoint or of an ended countdown',
  }),
  message: z.string(),
  reasons: z.array(reasonSchema),
  ending: endingSchema.optional(),
  now: time.meta({ description: "The countdown's clock; virtual in a rehearsal" }),
  startedAt: time,
  endedAt: time.optional(),
  launchAt: time,
  heldMs: z.number(),
  holds: z.array(z.object({ since: time, by: z.string(), reason: z.string() })).meta({ description: 'Active holds, oldest first' }),
  holdSince: time.optional().meta({ description: 'Start of the newest hold; a resume that names it lifts all of them' }),
  current: z.string(),
  checkpoints: z.array(checkpointSchema),
  conditions: z.array(
    z.object({
      type: z.string(),
      status: z.enum(['True', 'False', 'Unknown']),
      reason: z.string(),
      message: z.string(),
      lastTransitionTime: time,
    }),
  ),
  auditHead: z.object({ seq: z.number(), hash: z.string() }),
  historyEvents: z.number(),
});

/** Compiles only if the schema accepts every possible status. */
type StatusShown = CountdownStatus extends z.input<typeof statusSchema> ? true : never;
true satisfies StatusShown;
