import { z } from 'zod';
import { actions } from '../../verdict/can.ts';
import type { ActionRequest } from '../../verdict/action.ts';

// A signature proves the author, not the schema: an older or newer server may have the same key.

// The whole action must stay far below the 2 MiB limit of an Update.
const MAX_NAME_CHARACTERS = 300;
export const MAX_COMMENT_CHARACTERS = 4_000;
const MAX_GROUPS = 500;

const name = z.string().min(1).max(MAX_NAME_CHARACTERS);

/** A UUID has 36 characters; some scripts put a build number and a host before it. */
const MAX_ID_CHARACTERS = 100;

/** Chosen by the caller. Ids become keys of objects; the names of inherited properties (`constructor`, `__proto__`) have no digit or hyphen. */
export const actionId = z
  .string()
  .max(MAX_ID_CHARACTERS)
  .regex(
    /^(?=.*[0-9-])[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'an id has letters, digits, dots, underscores and hyphens, starts with a letter or digit, and has at least one digit or hyphen',
  );

export const principalShape = z.strictObject({
  issuer: name,
  subject: name,
  displayName: name,
  groups: z.array(name).max(MAX_GROUPS),
  verified: z.boolean(),
});

const actionShape = z.strictObject({
  id: actionId,
  action: z.enum(actions),
  countdown: name,
  checkpoint: z.string().max(MAX_NAME_CHARACTERS),
  revision: z.int().nonnegative(),
  evidenceDigest: z.string().max(MAX_NAME_CHARACTERS),
  principal: principalShape,
  comment: z.string().max(MAX_COMMENT_CHARACTERS),
  run: name,
  issuedAt: z.iso.datetime(),
  notAfter: z.iso.datetime(),
  finding: name.optional(),
  expiresAt: z.iso.datetime().optional(),
  to: name.optional(),
  holdSince: z.iso.datetime().optional(),
  launchAt: z.enum(['keep', 'shift']).optional(),
  step: name.optional(),
  // All fields of an action; an unlisted field would be refused.
} satisfies Record<keyof ActionRequest, z.ZodType>);

/** The action in a parsed payload; null when it is invalid. */
export function actOf(value: unknown): ActionRequest | null {
  const parsed = actionShape.safeParse(value);
  // exactOptionalPropertyTypes: zod omits absent members, so they are never `undefined`.
  return parsed.success ? (parsed.data as ActionRequest) : null;
}
