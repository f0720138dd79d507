import { eventTime } from '../../verdict/wording/index.ts';
import type { AuditRecord, ChainCheck } from '../../verdict/audit-chain.ts';

const SHOWN_HASH = 16;

/** The audit log, one record per line, then the result of the chain check. */
export function renderEvents(records: readonly AuditRecord[], check: ChainCheck): string {
  return [...records.map(renderRecord), renderCheck(check)].join('\n');
}

export function renderCheck(check: ChainCheck): string {
  return check.ok
    ? `chain verified: ${check.records} records, head ${check.head.hash.slice(0, SHOWN_HASH)}…`
    : `CHAIN BROKEN at record ${check.seq}: ${check.message}`;
}

/** Times have seconds, because the order matters. */
export function renderRecord({ seq, at, actor, action, object, detail }: AuditRecord): string {
  return `${String(seq).padStart(4)}  ${eventTime(at)}  ${actor.padEnd(18)} ${action.padEnd(22)} ${object}${detail === '' ? '' : `   ${detail}`}`;
}
