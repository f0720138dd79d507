import { canonicalJson, hexDigest } from './digest.ts';

/** One line of the audit: who did what to what, and the hash that ties it to all lines before it. */
export interface AuditRecord {
  /** From 1, without gaps. */
  seq: number;
  /** RFC 3339, the countdown's own clock. */
  at: string;
  /** `issuer/subject` of a person, or `tminus` for the machine. */
  actor: string;
  /** `checkpoint.reached`, `approve.accepted`, `approve.refused`, `launch.started`, ... */
  action: string;
  object: string;
  detail: string;
  /** 64 hex digits; of the record before, or zeros. */
  prevHash: string;
  /** SHA-256 over the canonical JSON of all the fields above. */
  hash: string;
}

export interface ChainHead {
  seq: number;
  hash: string;
}

export const EMPTY_CHAIN: ChainHead = { seq: 0, hash: '0'.repeat(64) };

export type AuditEntry = Pick<AuditRecord, 'at' | 'actor' | 'action' | 'object' | 'detail'>;

/** The record that follows `head`. */
export function chainRecord(head: ChainHead, entry: AuditEntry): AuditRecord {
  const unhashed = { seq: head.seq + 1, ...entry, prevHash: head.hash };
  return { ...unhashed, hash: recordHash(unhashed) };
}

function recordHash({ seq, at, actor, action, object, detail, prevHash }: Omit<AuditRecord, 'hash'>): string {
  return hexDigest(canonicalJson({ seq, at, actor, action, object, detail, prevHash }));
}

export type ChainCheck = { ok: true; records: number; head: ChainHead } | { ok: false; seq: number; message: string };

/**
 * Checks that records form one unbroken chain and, where a head from elsewhere (the countdown's own state, a signed head) is given,
 * that they end exactly there: a chain alone cannot show that its tail was cut off. Names the first bad record.
 */
export function verifyChain(records: readonly AuditRecord[], expectedHead?: ChainHead): ChainCheck {
  let head = EMPTY_CHAIN;
  for (const record of records) {
    const seq = head.seq + 1;
    if (record.seq !== seq) return { ok: false, seq, message: `record ${seq} is missing: the next one is numbered ${record.seq}` };
    if (record.prevHash !== head.hash)
      return { ok: false, seq, message: `record ${seq} does not follow record ${seq - 1}: its prevHash does not match` };
    if (record.hash !== recordHash(record))
      return { ok: false, seq, message: `record ${seq} was changed: its hash does not match its content` };
    head = { seq: record.seq, hash: record.hash };
  }
  if (expectedHead && (expectedHead.seq !== head.seq || expectedHead.hash !== head.hash)) {
    return {
      ok: false,
      seq: head.seq + 1,
      message: `the chain ends at record ${head.seq}, but the countdown's head is record ${expectedHead.seq}: records were cut off or added`,
    };
  }
  return { ok: true, records: records.length, head };
}
