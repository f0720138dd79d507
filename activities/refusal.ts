// Failures that are answers: a modelled refusal has a type and one sentence. Whether it is retried, its type decides. Any other error is a fault.
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

/** A refusal that stays until a person changes something. `Misconfigured` may be corrected on the next worker: there the retry policy decides. */
export function refuse(type: RefusalType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type, nonRetryable: type !== 'Misconfigured' });
}

/** Evidence that is missing or damaged stays so. */
const FINAL_NAMES: readonly string[] = ['EvidenceMissing', 'EvidenceDamaged', 'EvidenceTooLarge', 'UnreadableEvidence'];

/** The failure as workflows see it: errors of evidence are not retried, everything else is thrown as it is. */
export function withoutUselessRetry(cause: unknown): unknown {
  if (!(cause instanceof Error) || !FINAL_NAMES.includes(cause.name)) return cause;
  return ApplicationFailure.create({ message: cause.message, type: cause.name, nonRetryable: true, cause });
}

/** What a release's name stands for in a section of the environment file. Throws `Misconfigured`, with the names that the section has. */
export function named<T>(section: Readonly<Record<string, T>>, kind: string, name: string): T {
  if (Object.hasOwn(section, name)) return section[name] as T;
  throw refuse('Misconfigured', `the environment file has no ${kind} ${name}; it has ${Object.keys(section).join(', ') || 'none'}`);
}
