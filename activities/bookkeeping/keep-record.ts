// Queries status and audit of a countdown that ends and stores them. Queried, because as arguments they would enter its history again.
import type { Seal, Signed } from '../../verdict/signed.ts';
import type { Client } from '@temporalio/client';
import { countdownId } from '../../release/countdown-id.ts';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { CountdownRecords } from '../evidence/countdown-records.ts';
import { admissionOf } from '../identity/admit-start.ts';
import type { TrustDependencies } from '../identity/trust.ts';
import { refuse } from '../refusal.ts';

export interface KeepRecordDependencies extends Pick<TrustDependencies, 'key' | 'readRun' | 'caller'> {
  client: Pick<Client, 'workflow'>;
  store: EvidenceStore;
  records: CountdownRecords;
}

/**
 * Stores the record of the calling run, not of a later countdown of the same name. Refuses (non-retryable) a run that no worker of this installation
 * admitted: anyone with access to the task queue could replace any record.
 */
export async function keepRecord(
  { client, store, records, key, readRun, caller }: KeepRecordDependencies,
  { start, admission }: { start: Signed; admission: Seal },
): Promise<void> {
  const asking = caller();
  if (asking === null) throw refuse('Refused', 'the caller is not a workflow, so there is no record to keep');
  const run = await readRun(asking);
  if ((await key.check(admissionOf(run, start), admission)) !== 'valid')
    throw refuse('Refused', `${run.workflowId} was not admitted by a worker of this installation; its record is not kept`);
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  // Before the status, whose audit head then covers all records.
  const audit = await handle.query<AuditRecord[]>('audit');
  const status = await handle.query<CountdownStatus>('status');
  if (countdownId(status.release) !== run.workflowId || status.run !== run.firstRunId)
    throw refuse('Refused', `${run.workflowId} reports the status of another countdown; its record is not kept`);
  await records.keep(store, { kind: 'CountdownRecord', status, audit });
}
