// Schemas of the request bodies of the API and of the forms of the pages. Every request is validated before it has an effect.
import { z } from 'zod';
import { MAX_COMMENT_CHARACTERS, actionId } from '../../activities/identity/action-shape.ts';
import { actions } from '../../verdict/can.ts';

// The limit of Kubernetes for names.
const MAX_NAME_CHARACTERS = 253;

const name = z.string().min(1).max(MAX_NAME_CHARACTERS);

export const startRequest = z.strictObject({
  file: z.string().meta({ description: 'Text of the release file' }),
  fileName: name.default('release.yaml').meta({ description: 'File name in error messages' }),
  scripts: z.record(name, z.string()).default({}).meta({ description: 'Texts of the k6 scripts, by path as in the release file' }),
  launchAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'Overrides the launch time of the file' }),
  comment: z.string().max(MAX_COMMENT_CHARACTERS).default('').meta({ description: 'Reason, kept in the first record of the audit log' }),
  rehearsal: z.boolean().default(false),
  dryRun: z.boolean().default(false).meta({ description: 'Validate and plan only' }),
});
export type StartRequest = z.infer<typeof startRequest>;

export const actionRequest = z.strictObject({
  id: actionId.min(8).meta({
    description: 'Idempotency key chosen by the caller, such as a UUID: letters, digits, `.`, `_` and `-`, with at least one digit or `-`',
  }),
  action: z.enum(actions),
  checkpoint: z.string().max(MAX_NAME_CHARACTERS).default(''),
  revision: z.int().nonnegative().default(0).meta({ description: 'Revision that the person saw' }),
  evidenceDigest: z.string().max(100).default('').meta({ description: 'Evidence digest that the person saw' }),
  comment: z.string().max(MAX_COMMENT_CHARACTERS).default(''),
  run: name.optional().meta({ description: 'Run of the status that the person saw; default: the countdown that has the name now' }),
  finding: name.optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  to: name.optional(),
  holdSince: z.iso.datetime().optional().meta({
    description:
      'For resume and recycle: `holdSince` of the status that the person saw, if it has one. A resume lifts all holds up to this one',
  }),
  launchAt: z.enum(['keep', 'shift']).optional(),
  step: name.optional(),
});
export type ActionBody = z.infer<typeof actionRequest>;

export const clockRequest = z.strictObject({
  ahead: z.string().max(20).meta({ description: 'Duration to skip, such as 71h or 30m' }),
});

export const pruneRequest = z.strictObject({
  olderThan: z.string().max(20).meta({ description: 'Minimum age of a removed piece, such as 90d; at least 1d' }),
  dryRun: z.boolean().default(false).meta({ description: 'Count only' }),
});
export type PruneRequest = z.infer<typeof pruneRequest>;
