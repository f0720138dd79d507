// Only a state that was captured by this installation may be restored. Any of three sources can confirm it, so that a lost key does not block a
// restore.
import { ApplicationFailure } from '@temporalio/common';
import { digestOf } from '../../verdict/digest.ts';
import type { UndoJournal } from '../evidence/undo-journal.ts';
import type { WorkerKey } from '../identity/worker-key.ts';
import { timedOut } from '../reason-of.ts';
import { refuse } from '../refusal.ts';
import { within } from '../within.ts';
import { capturedStatement } from './authority.ts';
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';
import { operationOf, type CheckedEffect } from './effect.ts';

export interface OwnBeforeDependencies {
  journal: Pick<UndoJournal, 'find'>;
  key: Pick<WorkerKey, 'check'>;
}

/** Requires the seal of the worker that captured the state. An undo in the journal is accepted even if that key is no longer trusted. */
export async function assertSealed({ journal, key }: OwnBeforeDependencies, entry: UndoEntry, countdown: CountdownRef): Promise<void> {
  const isSealed = (await key.check(capturedStatement(entry, countdown), entry.seal)) === 'valid';
  if (!isSealed && !sameBefore((await journal.find(entry.id))?.entry, entry))
    throw refuse('Refused', `${entry.name}: the recorded state was not captured by a worker of this installation; nothing was registered`);
}

/**
 * Refuses (non-retryable, `Refused`) a `before` that neither the journal nor the seal nor the outside system confirms; one of them is enough. Fails
 * retryably (`Unreachable`) when one cannot be read: a rollback must outlast an unreachable API server.
 */
export async function assertOwnBefore(
  { journal, key }: OwnBeforeDependencies,
  entry: UndoEntry,
  countdown: CountdownRef,
  effect: CheckedEffect,
): Promise<void> {
  const witnesses: [name: string, confirms: () => Promise<boolean>][] = [
    ['the journal', async () => sameBefore((await journal.find(entry.id))?.entry, entry)],
    ['its seal', async () => (await key.check(capturedStatement(entry, countdown), entry.seal)) === 'valid'],
    ['the cluster', () => effect.recordsBefore(operationOf(entry, countdown), entry.before)],
  ];
  // In parallel, each with a timeout: a hanging disk must not block the seal.
  const asked = witnesses.map(async ([name, confirms]) => {
    const confirmed = await within(WITNESS_TIMEOUT_MS, confirms(), null).catch((error: unknown) => {
      throw new Error(`${name} could not be read (${(error as Error).message})`);
    });
    if (confirmed === null) throw new Error(`${name} could not be read (${timedOut(WITNESS_TIMEOUT_MS)})`);
    if (!confirmed) throw new Unconfirmed();
  });
  const failures = await Promise.any(asked).then(
    () => null,
    ({ errors }: AggregateError) => errors as Error[],
  );
  if (failures === null) return;
  const unread = failures.filter((failure) => !(failure instanceof Unconfirmed)).map(({ message }) => message);
  const unconfirmed = `${entry.name}: neither the journal nor a seal of this installation nor the cluster confirms the recorded state`;
  if (unread.length > 0)
    throw ApplicationFailure.create({ type: 'Unreachable', message: `${unconfirmed}: ${unread.join(', ')}; it is retried` });
  throw refuse('Refused', `${unconfirmed}; nothing was written. tminus restore restores the undos in the journal`);
}

/** Disks and clusters respond in milliseconds; an attempt to restore has 10 s. */
const WITNESS_TIMEOUT_MS = 2_000;

class Unconfirmed extends Error {}

/** Whether both record the same state; false without a record. */
export const sameBefore = (known: Pick<UndoEntry, 'before'> | undefined, { before }: Pick<UndoEntry, 'before'>): boolean =>
  known !== undefined && digestOf(known.before) === digestOf(before);
