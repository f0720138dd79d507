import { describe, expect, it } from '@jest/globals';
import { limits, play, steady } from '../../analysis/testing/samples.ts';
import type { GuardSample } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY, type GuardTally } from '../../analysis/guard/guard-tally.ts';
import { addSample } from '../../analysis/guard/tally.ts';
import type { EvidenceRef } from '../../verdict/finding.ts';
import type { EvidenceStore } from './contract.ts';
import { createParts, type Parts } from './sample-parts.ts';

/** A store whose puts end when the test says. */
function heldStore() {
  const pieces: string[] = [];
  const ends: (() => void)[] = [];
  const put: EvidenceStore['put'] = async (description, bytes) => {
    const text = new TextDecoder().decode(bytes as Uint8Array);
    await new Promise<void>((end) => ends.push(end));
    pieces.push(text);
    return { digest: `sha256:${pieces.length}`, sizeBytes: text.length, capturedAt: '', ...description } satisfies EvidenceRef;
  };
  return { pieces, ends, store: { put } as EvidenceStore };
}

const samplesIn = (piece: string | undefined): GuardSample[] =>
  (piece ?? '')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as GuardSample);
const open = ({ put }: EvidenceStore) =>
  createParts<GuardSample, GuardTally>({
    put: (bytes) => put({ kind: 'prometheus-samples', mediaType: 'application/x-ndjson', source: 'test' }, bytes),
    head: { limits },
    stored: { tally: EMPTY_TALLY, parts: [] },
  });
const take = (parts: Parts<GuardSample, GuardTally>, samples: readonly GuardSample[]): GuardTally =>
  samples.reduce((tally, sample) => parts.add(sample, addSample(tally, sample, limits)), parts.stored().tally);
const watch = (count: number) => play(count, () => ({ pods: steady() }));

describe('parts of a watch', () => {
  it('are due each half minute, and longer the longer the watch lasts', () => {
    const parts = open(heldStore().store);
    const samples = watch(1_000);
    take(parts, samples.slice(0, 6));
    expect(parts.due()).toBe(false);
    take(parts, samples.slice(6, 7));
    expect(parts.due()).toBe(true);
    // After an hour a part has 72 s.
    const late = open(heldStore().store);
    const first = addSample(late.stored().tally, samples[0] as GuardSample, limits);
    samples.slice(720, 734).forEach((sample) => late.add(sample, addSample(first, sample, limits)));
    expect(late.due()).toBe(false);
    late.add(samples[735] as GuardSample, addSample(first, samples[735] as GuardSample, limits));
    expect(late.due()).toBe(true);
  });

  it('a put that hangs and ends later is counted once, and what came after it is stored by another', async () => {
    const { store, pieces, ends } = heldStore();
    const parts = open(store);
    const samples = watch(9);
    take(parts, samples.slice(0, 7));
    expect(await parts.flush()).toBe('the evidence store timed out after 2 s');
    expect(parts.stored()).toMatchObject({ parts: [], tally: { seenSamples: 0 } });

    let tally = samples.slice(0, 7).reduce((sum, sample) => addSample(sum, sample, limits), parts.stored().tally);
    for (const sample of samples.slice(7)) tally = parts.add(sample, addSample(tally, sample, limits));
    const flushed = parts.flush();
    ends.shift()?.();
    while (ends.length === 0) await new Promise((done) => setImmediate(done));
    ends.shift()?.();
    expect(await flushed).toBeNull();
    expect(pieces.map((piece) => samplesIn(piece).length)).toEqual([7, 2]);
    expect(parts.stored().parts).toHaveLength(2);
    expect(parts.stored().tally).toEqual(tally);
  });

  it('goes on from what is stored when more samples wait than memory may hold', async () => {
    const { store, ends } = heldStore();
    const parts = open(store);
    const [sample] = watch(1) as [GuardSample];
    const large = { ...sample, trouble: { query: 'q', message: 'x'.repeat(20 * 1024 ** 2) } };
    const tally = addSample(parts.stored().tally, sample, limits);
    expect(parts.add(large, tally).seenSamples).toBe(1);
    const hanging = parts.flush();
    expect(parts.add(large, tally).seenSamples).toBe(0);
    // The put that began with samples given up since succeeds, and is not counted.
    while (ends.length === 0) await new Promise((done) => setImmediate(done));
    ends.shift()?.();
    expect(await hanging).toBeNull();
    expect(parts.stored()).toMatchObject({ parts: [], tally: { seenSamples: 0 } });
  });
});
