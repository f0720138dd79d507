// What people send to the API and with the forms of the pages; every request is checked with these before anything is done.
import { z } from 'zod';
import { MAX_COMMENT_CHARACTERS, actionId } from '../../activities/identity/action-shape.ts';
import { actions } from '../../verdict/can.ts';

// Paths and names, as Kubernetes bounds them.
const MAX_NAME_CHARACTERS = 253;

const name = z.string().min(1).max(MAX_NAME_CHARACTERS);

export const startRequest = z.strictObject({
  file: z.string().meta({ description: 'Text of the release file' }),
  fileName: name.default('release.yaml').meta({ description: 'For error messages' }),
  scripts: z.record(name, z.string()).default({}).meta({ description: 'k6 scripts, by the path the release file names' }),
  launchAt: z.iso.datetime({ offset: true }).optional().meta({ description: 'Instead of what the file says' }),
  comment: z.string().max(MAX_COMMENT_CHARACTERS).default('').meta({ description: 'Why; it stands in the first record of the audit' }),
  rehearsal: z.boolean().default(false),
  dryRun: z.boolean().default(false).meta({ description: 'Check and plan, start nothing' }),
});
export type StartRequest = z.infer<typeof startRequest>;

export const actionRequest = z.strictObject({
  id: actionId.min(8).meta({
    description: 'Chosen by the caller; the same id counts once. Letters, digits, `.`, `_` and `-`, with at least one digit or `-`: a UUID',
  }),
  action: z.enum(actions),
  checkpoint: z.string().max(MAX_NAME_CHARACTERS).default(''),
  revision: z.int().nonnegative().default(0).meta({ description: 'The revision its author saw' }),
  evidenceDigest: z.string().max(100).default('').meta({ description: 'The evidence digest its author saw' }),
  comment: z.string().max(MAX_COMMENT_CHARACTERS).default(''),
  run: name.optional().meta({ description: 'The run of the status its author saw; left out: the countdown that has the name now' }),
  finding: name.optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  to: name.optional(),
  holdSince: z.iso.datetime().optional().meta({
    description: 'To resume or recycle: the holdSince of the status its author saw, where it has one. A resume lifts all holds up to it',
  }),
  launchAt: z.enum(['keep', 'shift']).optional(),
  step: name.optional(),
});
export type ActionBody = z.infer<typeof actionRequest>;

export const clockRequest = z.strictObject({
  ahead: z.string().max(20).meta({ description: 'How far a rehearsal runs ahead, as a length of time: 71h, 30m' }),
});

export const pruneRequest = z.strictObject({
  olderThan: z.string().max(20).meta({ description: 'Least age of a piece: 90d; at least 1d' }),
  dryRun: z.boolean().default(false).meta({ description: 'Count, remove nothing' }),
});
export type PruneRequest = z.infer<typeof pruneRequest>;
