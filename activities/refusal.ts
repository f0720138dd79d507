// Modelled refusals: a type, which decides about retries, and one message. Any other error is a fault.
import { ApplicationFailure } from '@temporalio/common';

type RefusalType =
  | 'Fenced'
  | 'PreconditionChanged'
  | 'OperationOpen'
  | 'NotReady'
  | 'Paused'
  | 'NotFound'
  | 'Refused'
  | 'UndoRefused'
  | 'Misconfigured';

/** Non-retryable, except `Misconfigured`, which the next worker may not have: the retry policy decides. */
export function refuse(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type, nonRetryable: type !== 'Misconfigured' });
}

/** Permanent failures of evidence. */
const FINAL_NAMES: readonly string[] = ['EvidenceMissing', 'EvidenceDamaged', 'EvidenceTooLarge', 'UnreadableEvidence'];

/** The failure as workflows see it: permanent failures of evidence become non-retryable, others are unchanged. */
export function withoutUselessRetry(cause: unknown): unknown {
  if (!(cause instanceof Error) || !FINAL_NAMES.includes(cause.name)) return cause;
  return ApplicationFailure.create({ message: cause.message, type: cause.name, nonRetryable: true, cause });
}

/** The entry of a name in a section of the environment file. Throws `Misconfigured`, with the names in the section. */
export function named<T>(section: Readonly<Record<string, T>>, kind: string, name: string): T {
  if (Object.hasOwn(section, name)) return section[name] as T;
  throw refuse('Misconfigured', `the environment file has no ${kind} ${name}; it has ${Object.keys(section).join(', ') || 'none'}`);
}
