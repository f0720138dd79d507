// What a Signal carries when nobody checked it: tools and people at a terminal send them by hand. A handler that throws would stop the
// countdown for good, so each is read as far as it can be.
import type { Principal } from '../verdict/verdict.ts';

const NAME_CHARACTERS = 100;
const REASON_CHARACTERS = 1_000;

const textOf = (value: unknown, characters: number): string => (typeof value === 'string' ? value.slice(0, characters) : '');
const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** Who stops the clock or the countdown, and why. Holding and aborting are the safe direction: a bare text is a reason, and nothing at all will do. */
export function readReasoned(sent: unknown): { actor: string; name: string; reason: string } {
  const { reason, by } = fieldsOf(sent);
  const { issuer, subject, displayName } = fieldsOf(by) as Partial<Principal>;
  const who = textOf(subject, NAME_CHARACTERS);
  return {
    actor: who === '' ? 'signal/unknown' : `${textOf(issuer, NAME_CHARACTERS) || 'signal'}/${who}`,
    name: textOf(displayName, NAME_CHARACTERS) || who || 'an unnamed Signal',
    reason: textOf(reason, REASON_CHARACTERS) || textOf(sent, REASON_CHARACTERS) || 'no reason given',
  };
}

/** An approval by a tool, or null where it does not say of what and by whom: that counts for nothing. */
export function readApproval(sent: unknown): { checkpoint: string; by: string; comment: string } | null {
  const said = fieldsOf(sent);
  const [checkpoint, by] = [textOf(said['checkpoint'], NAME_CHARACTERS), textOf(said['by'], NAME_CHARACTERS)];
  return checkpoint === '' || by === '' ? null : { checkpoint, by, comment: textOf(said['comment'], REASON_CHARACTERS) };
}
