// Asks a countdown that ends for its status and audit and stores them. Asked, not handed in: neither enters its history a second time.
import type { Client } from '@temporalio/client';
import type { AuditRecord } from '../../verdict/audit-chain.ts';
import type { CountdownStatus } from '../../workflows/messages.ts';
import type { EvidenceStore } from '../evidence/contract.ts';
import type { CountdownRecords } from '../evidence/countdown-records.ts';

export interface KeepRecordDependencies {
  client: Pick<Client, 'workflow'>;
  store: EvidenceStore;
  records: CountdownRecords;
}

/** @param run the calling run: a later countdown of the same name is another one */
export async function keepRecord(
  { client, store, records }: KeepRecordDependencies,
  run: { workflowId: string; runId: string } | null,
): Promise<void> {
  if (run === null) throw new Error('the caller is not a workflow, so there is nothing to keep');
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  // The records before the status: its head then covers them all.
  const audit = await handle.query<AuditRecord[]>('audit');
  const status = await handle.query<CountdownStatus>('status');
  await records.keep(store, { kind: 'CountdownRecord', status, audit });
}
