// The last thing a countdown does: what it was becomes evidence. Temporal forgets it after its retention.
import { proxyActivities } from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import { patient } from './activity-options.ts';
import { record, type CountdownState } from './countdown-state.ts';
import { sentenceOf } from './failure-sentence.ts';

/** A disk that is full for longer must not keep the countdown from ending: its audit is stored beside. */
const { keepRecord } = proxyActivities<BookkeepingActivities>({ ...patient, scheduleToCloseTimeout: '10m' });

/** Answers false where the record could not be stored: then the audit says so, and has to be stored once more. */
export async function keepOwnRecord(state: CountdownState): Promise<boolean> {
  try {
    await keepRecord();
    return true;
  } catch (error) {
    record(state, Date.now(), 'tminus', 'record.not-stored', state.input.release.metadata.name, sentenceOf(error));
    return false;
  }
}
