// What may be restored: only a state that was captured here. A restore must not wait for a key, so three places can confirm it.
import { ApplicationFailure } from '@temporalio/common';
import { digestOf } from '../../verdict/digest.ts';
import type { UndoJournal } from '../evidence/undo-journal.ts';
import type { WorkerKey } from '../identity/worker-key.ts';
import { refuse } from '../refusal.ts';
import { within } from '../within.ts';
import { capturedStatement } from './authority.ts';
import type { CountdownRef, UndoEntry } from './contract.ts';
import { operationOf } from './effect.ts';
import type { Effects } from './registry.ts';

export interface OwnBeforeDependencies {
  journal: Pick<UndoJournal, 'find'>;
  key: Pick<WorkerKey, 'check'>;
}

/** Requires the seal of the worker that captured the state. An undo already in the journal is accepted even if that key is no longer trusted. */
export async function assertSealed({ journal, key }: OwnBeforeDependencies, entry: UndoEntry, countdown: CountdownRef): Promise<void> {
  const isSealed = (await key.check(capturedStatement(entry, countdown), entry.seal)) === 'valid';
  if (!isSealed && !sameBefore((await journal.find(entry.id))?.entry, entry))
    throw refuse(
      'Refused',
      `${entry.name}: the state to go back to was not captured by a worker of this installation; nothing was registered`,
    );
}

/**
 * Refuses (non-retryable, `Refused`) a `before` that neither the journal on this worker's disk, nor the seal of the worker that captured it, nor
 * the outside system itself confirms. One is enough: a lost key, journal or Lease alone never stops a restore. Where one of them could not be
 * read it fails retryably (`Unreachable`), for a rollback must outlast an API server that is away.
 */
export async function assertOwnBefore(
  { journal, key }: OwnBeforeDependencies,
  entry: UndoEntry,
  countdown: CountdownRef,
  effect: Effects[keyof Effects],
): Promise<void> {
  const witnesses: [name: string, confirms: () => Promise<boolean>][] = [
    ['the journal', async () => sameBefore((await journal.find(entry.id))?.entry, entry)],
    ['its seal', async () => (await key.check(capturedStatement(entry, countdown), entry.seal)) === 'valid'],
    ['the cluster', () => effect.recordsBefore(operationOf(entry, countdown), entry.before)],
  ];
  // All at once and each for a limited time: a disk that hangs must not keep the seal from confirming it.
  const asked = witnesses.map(async ([name, confirms]) => {
    const confirmed = await within(WITNESS_TIMEOUT_MS, confirms(), null).catch((error: unknown) => {
      throw new Error(`${name} could not be read (${(error as Error).message})`);
    });
    if (confirmed === null) throw new Error(`${name} could not be read (no answer within ${WITNESS_TIMEOUT_MS / 1_000} s)`);
    if (!confirmed) throw new Unconfirmed();
  });
  const failures = await Promise.any(asked).then(
    () => null,
    ({ errors }: AggregateError) => errors as Error[],
  );
  if (failures === null) return;
  const unread = failures.filter((failure) => !(failure instanceof Unconfirmed)).map(({ message }) => message);
  const unconfirmed = `${entry.name}: neither the journal nor a seal of this installation nor the cluster confirms the state to go back to`;
  if (unread.length > 0)
    throw ApplicationFailure.create({ type: 'Unreachable', message: `${unconfirmed}: ${unread.join(', ')}; it is tried again` });
  throw refuse('Refused', `${unconfirmed}; nothing was written. tminus restore restores what the journal holds`);
}

/** Disks and clusters answer in milliseconds; an attempt to restore has 10 s in all. */
const WITNESS_TIMEOUT_MS = 2_000;

class Unconfirmed extends Error {}

/** Whether both record the same state; false where there is no record. */
export const sameBefore = (known: Pick<UndoEntry, 'before'> | undefined, { before }: Pick<UndoEntry, 'before'>): boolean =>
  known !== undefined && digestOf(known.before) === digestOf(before);
