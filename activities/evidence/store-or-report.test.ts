import { expect, it } from '@jest/globals';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from './contract.ts';
import { EvidenceNotKept, EvidenceTooLarge } from './errors.ts';
import { storeOrReport } from './store-or-report.ts';

const description = { kind: 'rollout-events', mediaType: 'application/x-ndjson', source: 'test' } as const;
const ref: EvidenceRef = { ...description, digest: 'sha256:1', sizeBytes: 1, capturedAt: '2026-11-24T06:00:00Z' };
const store = (put: EvidenceStore['put']): EvidenceStore => ({
  put,
  get: () => Promise.reject(new Error('unused')) as never,
  has: async () => false,
  space: () => Promise.reject(new Error('unused')),
});
const keep = (put: EvidenceStore['put'], timeoutMs?: number) => storeOrReport(store(put), description, new Uint8Array(1), timeoutMs);

it('answers the evidence that was stored', async () => {
  expect(await keep(async () => ref)).toEqual({ ref });
});

it.each([new EvidenceNotKept('The disk is full.'), new EvidenceTooLarge('Too many bytes.')])(
  'reports a store that refuses: $message',
  async (refusal) => {
    expect(await keep(() => Promise.reject(refusal))).toEqual({ notKept: refusal.message });
  },
);

it('does not wait longer than its limit for a store that hangs', async () => {
  expect(await keep(() => new Promise(() => undefined), 20)).toEqual({
    notKept: 'The evidence store timed out after 0.02 s.',
  });
});

it('throws a bug', async () => {
  await expect(keep(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});
