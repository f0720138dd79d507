import type { AuditRecord, ChainCheck } from '../../verdict/audit-chain.ts';
import { utc } from './times.ts';

/** The audit, one act a line, and whether its chain is whole. */
export function renderEvents(records: readonly AuditRecord[], check: ChainCheck): string {
  return [...records.map(renderRecord), check.ok ? `chain verified: ${check.records} records, head ${check.head.hash.slice(0, 16)}…` : `CHAIN BROKEN: ${check.sentence}`].join('\n');
}

export function renderRecord({ seq, at, actor, action, object, detail }: AuditRecord): string {
  return `${String(seq).padStart(4)}  ${utc(at)}  ${actor.padEnd(18)} ${action.padEnd(22)} ${object}${detail === '' ? '' : `   ${detail}`}`;
}
