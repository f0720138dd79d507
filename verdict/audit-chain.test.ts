import { describe, expect, it } from '@jest/globals';
import { EMPTY_CHAIN, chainRecord, verifyChain, type AuditRecord } from './audit-chain.ts';

function chain(count: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const last = records.at(-1);
    records.push(
      chainRecord(last ?? EMPTY_CHAIN, {
        at: '2026-11-24T06:00:00.000Z',
        actor: 'local/li.wei',
        action: 'approve.accepted',
        object: 'final-poll',
        detail: `line ${index}`,
      }),
    );
  }
  return records;
}

const replaced = (records: AuditRecord[], index: number, change: Partial<AuditRecord>) =>
  records.map((record, at) => (at === index ? { ...record, ...change } : record));

describe('verifyChain', () => {
  it('accepts a whole chain and names its head', () => {
    const records = chain(3);
    expect(verifyChain(records)).toEqual({ ok: true, records: 3, head: { seq: 3, hash: records[2]?.hash } });
  });

  it('names the record whose content was edited', () => {
    expect(verifyChain(replaced(chain(4), 2, { actor: 'local/mallory' }))).toMatchObject({ ok: false, seq: 3 });
  });

  it('finds an edit that also recomputed its own hash, at the next record', () => {
    const records = chain(4);
    const forged = chainRecord(
      { seq: 1, hash: records[0]?.hash ?? '' },
      { at: '2026-11-24T06:00:00.000Z', actor: 'local/mallory', action: 'approve.accepted', object: 'final-poll', detail: 'forged' },
    );
    expect(verifyChain(replaced(records, 1, forged))).toMatchObject({ ok: false, seq: 3 });
  });

  it('finds a removed, a swapped and a doubled record', () => {
    const [a, b, c] = chain(3) as [AuditRecord, AuditRecord, AuditRecord];
    for (const broken of [
      [a, c],
      [b, a, c],
      [a, a, b, c],
    ])
      expect(verifyChain(broken).ok).toBe(false);
  });

  it('finds a cut-off tail only against a head from elsewhere', () => {
    const records = chain(3);
    const head = { seq: 3, hash: records[2]?.hash ?? '' };
    expect(verifyChain(records.slice(0, 2)).ok).toBe(true);
    expect(verifyChain(records.slice(0, 2), head)).toMatchObject({ ok: false, message: expect.stringContaining('cut off') });
  });

  it('hashes what an independent SHA-256 of the canonical line gives', () => {
    expect(chainRecord(EMPTY_CHAIN, { at: 'a', actor: 'b', action: 'c', object: 'd', detail: 'e' }).hash).toBe(
      'f52a61fdaefc30826755d300c8f248a32f7b026d4d8c45f8f81f44c2e730f9f7',
    );
  });
});
