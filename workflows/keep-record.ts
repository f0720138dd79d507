// Stores status and audit as evidence at the end, because Temporal deletes the history after its retention.
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { patient } from './activity-options.ts';
import { record } from './change.ts';
import type { CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';

/** Bounded, so that a full disk cannot keep the countdown open; the audit is also stored separately. */
const { keepRecord } = proxyActivities<BookkeepingActivities>({ ...patient, scheduleToCloseTimeout: '10m' });

/** False if the record could not be stored: the audit then has a line about it and must be stored once more. */
export async function keepOwnRecord(state: CountdownState): Promise<boolean> {
  try {
    const { admission, input } = state;
    if (!admission) throw ApplicationFailure.nonRetryable('the run was not admitted', 'Refused');
    await keepRecord({ start: input.start, admission });
    return true;
  } catch (error) {
    record(state, Date.now(), 'tminus', 'record.not-stored', state.input.release.metadata.name, failureMessage(error));
    return false;
  }
}
