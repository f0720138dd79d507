import { expect, test } from '@jest/globals';
import { bytesOf, endLine, header, requestLines, startLine } from '../testing/points.ts';
import { loadByStage, runtimeTable } from './by-stage.ts';
import type { RuntimeSample } from './sample.ts';

const start = Date.UTC(2026, 10, 23, 12);
const stages = [
  { seconds: 10, ratePerSecond: 10 },
  { seconds: 10, ratePerSecond: 10 },
];
async function* points(from: number, to: number, end = endLine()) {
  const requests = Array.from({ length: (to - from) * 10 }, (_, i) => requestLines({ second: from + i / 10, ms: 0 }));
  yield bytesOf(`${[startLine, header, ...requests, end].join('\n')}\n`);
}
const sample = (second: number, part: Partial<RuntimeSample> = {}): RuntimeSample => ({
  at: new Date(start + second * 1_000).toISOString(),
  pod: 'a',
  unread: null,
  goroutines: 50,
  heapBytes: 4_000_000,
  gcCpuSeconds: second,
  totalCpuSeconds: 10 * second,
  pauses: { collections: 1, recent: [] },
  ...part,
});
const cells = (table: ReturnType<typeof runtimeTable>, name: string) => {
  const column = table.columns.findIndex((each) => each.name === name);
  return table.rows.map((row) => row[column]);
};

test('begins the first stage with the first request, for k6 needs seconds to start', async () => {
  const loads = await loadByStage(points(4, 24), stages);
  expect(loads?.map(({ fromMs, toMs, requests, cut }) => [fromMs - start, toMs - start, requests, cut])).toEqual([
    [4_000, 14_000, 100, false],
    [14_000, 24_000, 100, false],
  ]);
});

test('reports a stage that the end of the run cut short by the time that ran', async () => {
  const loads = await loadByStage(points(0, 15, endLine({ at: '2026-11-23T12:00:15Z', stopped: 'hopeless' })), stages);
  expect(loads?.map(({ cut, steady, offered, requests }) => ({ cut, steady, offered, requests }))).toEqual([
    { cut: false, steady: false, offered: 5, requests: 100 },
    { cut: true, steady: true, offered: 10, requests: 50 },
  ]);
  const table = runtimeTable(loads ?? [], []);
  expect(cells(table, 'stage')).toEqual(['1: 10 s', '2: 5 s of 10 s']);
  expect(cells(table, 'achieved')).toEqual([10, 10]);
  expect(table.notes.join()).toContain('the run ended before its last stages: their values cover the time that ran');
});

test('takes the last request for the end of a record that has none', async () => {
  const loads = await loadByStage(points(0, 15, ''), stages);
  expect(loads?.[1]).toMatchObject({ cut: true, toMs: start + 14_900 });
});

test('counts a pause in the stage in which it ended, also between the last sample of one and the first of the next', async () => {
  const loads = (await loadByStage(points(0, 20), stages)) ?? [];
  const end = (second: number): [string, number] => [String(BigInt(start + second * 1_000) * 1_000_000n), 6_000_000];
  const samples = [
    sample(0),
    sample(8, { pauses: { collections: 2, recent: [end(7)] } }),
    sample(12, { pauses: { collections: 4, recent: [end(9), end(11)] } }),
    sample(18),
  ];
  const table = runtimeTable(loads, samples);
  expect(cells(table, 'pauses over 5 ms')).toEqual([2, 1]);
  // From the last look before a stage to the last in it: the four seconds between two stages are not lost.
  expect(cells(table, 'GC CPU')).toEqual([10, 10]);
});

test('has null for values that no sample contains', async () => {
  const loads = (await loadByStage(points(0, 20), stages)) ?? [];
  const table = runtimeTable(loads, [sample(1, { pauses: null }), sample(5, { pauses: null }), sample(15, { unread: 'no answer' })]);
  expect(cells(table, 'pauses over 5 ms')).toEqual([null, null]);
  expect(cells(table, 'GC CPU')).toEqual([10, null]);
});
