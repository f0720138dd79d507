import { z } from 'zod';
import { actions } from '../../verdict/can.ts';
import type { Act } from '../../workflows/messages.ts';

// A signature says who spoke, not that what they said has the right shape: an older or newer server may hold the same key.

// A name or sentence longer than this is no name; the whole act must stay far below the 2 MiB an Update may carry.
const LONGEST_NAME = 300;
const LONGEST_COMMENT = 4_000;
const MOST_GROUPS = 500;

const name = z.string().min(1).max(LONGEST_NAME);

export const principalShape = z.strictObject({
  issuer: name,
  subject: name,
  displayName: name,
  groups: z.array(name).max(MOST_GROUPS),
  verified: z.boolean(),
});

const actShape = z.strictObject({
  id: name,
  action: z.enum(actions),
  countdown: name,
  checkpoint: z.string().max(LONGEST_NAME),
  revision: z.int().nonnegative(),
  evidenceDigest: z.string().max(LONGEST_NAME),
  principal: principalShape,
  comment: z.string().max(LONGEST_COMMENT),
  issuedAt: z.iso.datetime(),
  finding: name.optional(),
  expiresAt: z.iso.datetime().optional(),
  to: name.optional(),
  holdSince: z.iso.datetime().optional(),
  launchAt: z.enum(['keep', 'shift']).optional(),
  step: name.optional(),
  // Whatever an act may have: what has no line here would be refused.
} satisfies Record<keyof Act, z.ZodType>);

/** The act in a parsed payload, or null when it is none. */
export function actOf(value: unknown): Act | null {
  const parsed = actShape.safeParse(value);
  // exactOptionalPropertyTypes: zod leaves absent members out, so its `| undefined` never appears.
  return parsed.success ? (parsed.data as Act) : null;
}
