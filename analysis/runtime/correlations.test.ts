import { expect, test } from '@jest/globals';
import type { LoadWindows } from '../load-test/windows.ts';
import { correlationTable } from './correlations.ts';
import type { RuntimeSample } from './sample.ts';

const start = Date.UTC(2026, 10, 24, 9);
const stages = [
  { seconds: 10, ratePerSecond: 100 },
  { seconds: 240, ratePerSecond: 100 },
];
/** Latency follows the goroutines of the window before. */
const waves = Array.from({ length: 25 }, (_, i) => (i * 7_919) % 101);
const windows: LoadWindows = {
  startMs: start,
  widthSeconds: 10,
  endpoints: new Map(),
  all: waves.map((_, i) => ({
    second: i * 10,
    requests: 1_000 + ((i * 104_729) % 97),
    failed: 0,
    slow: 0,
    meanMs: 3,
    p99Ms: 10 + (waves[i - 1] ?? 0),
    maxMs: 200,
  })),
};
const samples = (part: (i: number) => Partial<RuntimeSample>): RuntimeSample[] =>
  waves.flatMap((_, i) => [
    {
      at: new Date(start + i * 10_000 + 2_000).toISOString(),
      pod: 'a',
      unread: null,
      goroutines: 50,
      heapBytes: 4_000_000,
      gcCpuSeconds: i,
      totalCpuSeconds: 100,
      pauses: { collections: 1, recent: [] },
      ...part(i),
    },
  ]);

test('reports what correlates with the latency and with which lag, and does not call it a cause', () => {
  const found = correlationTable(
    windows,
    stages,
    samples((i) => ({ goroutines: waves[i] as number })),
  );
  expect(found?.sentences).toEqual([expect.stringMatching(/^p99 correlates with goroutines: rho 1, 10 s later, p 0\.0005$/)]);
  expect(found?.table.rows.find(([name, against]) => name === 'goroutines' && against === 'p99')).toEqual([
    'goroutines',
    'p99',
    1,
    10,
    0.0005,
  ]);
  // What never changes correlates with nothing: unknown, not 0.
  expect(found?.table.rows.find(([name]) => name === 'heap')).toEqual(['heap', 'p99', null, null, null]);
  expect(found?.table.notes.join()).toContain('correlation is not causation');
});

test('counts long pauses once, and the growth of the collector’s time', () => {
  const late = (i: number): [string, number][] => [[String(BigInt(start + i * 10_000 + 1_000) * 1_000_000n), 6_000_000]];
  const found = correlationTable(
    windows,
    stages,
    samples((i) => ({
      pauses: { collections: i, recent: [...late(i % 3), ...((waves[i - 1] ?? 0) > 50 ? late(i) : [])] },
      gcCpuSeconds: i * i,
    })),
  );
  const row = (name: string) => found?.table.rows.find(([figure, against]) => figure === name && against === 'p99');
  expect(row('GC pauses over 5 ms')?.[2]).toEqual(expect.any(Number));
  expect(row('GC CPU')?.[2]).toEqual(expect.any(Number));
});

test('leaves out windows in which a pod was not read, and does not take them for still', () => {
  // Where nobody looked, the collector's time would seem to stand still, and to leap in the window after.
  const gaps = samples((i) => ({ gcCpuSeconds: i * i, ...(i === 2 ? { unread: 'no answer', goroutines: null } : {}) }));
  const table = correlationTable(windows, stages, gaps)?.table;
  expect(table?.rows.find(([figure]) => figure === 'GC CPU')?.[2]).toEqual(expect.any(Number));
  const more = samples((i) => ({ gcCpuSeconds: i * i, ...(i === 12 ? { unread: 'no answer', goroutines: null } : {}) }));
  expect(correlationTable(windows, stages, more)?.table.rows.find(([figure]) => figure === 'GC CPU')?.[2]).toBeNull();
});

test('takes a window without requests for none achieved, and for one whose p99 is not known', () => {
  const goroutines = samples((i) => ({ goroutines: waves[i] as number }));
  const rowsOf = (stalled: number, achieved: (i: number) => number) => {
    const all = windows.all.map((window, i) => ({ ...window, requests: achieved(i) })).filter((_, i) => i !== stalled);
    const rows = correlationTable({ ...windows, all }, stages, goroutines)?.table.rows ?? [];
    return Object.fromEntries(rows.filter(([name]) => name === 'goroutines').map(([, against, ...figures]) => [against, figures]));
  };
  // Twenty-two windows in a row are left: the p99 follows by one window as before. With the stall in the middle there are too few.
  expect(rowsOf(2, (i) => i).p99).toEqual([1, 10, 0.0005]);
  expect(rowsOf(12, (i) => i).p99).toEqual([null, null, null]);
  // As many requests in every window, but for the one with most goroutines, in which there were none.
  const most = waves.indexOf(Math.max(...waves));
  expect(rowsOf(most, () => 1_000)['requests achieved']?.[0]).toBeLessThan(0);
});

test.each([
  ['windows are shorter than five seconds', { ...windows, widthSeconds: 4 }, stages],
  ['no rate was held for twenty windows', windows, [{ seconds: 250, ratePerSecond: 100 }]],
  ['there are fewer than twenty windows', { ...windows, all: windows.all.slice(0, 19) }, stages],
])('says nothing where %s', (_, cut, plan) => {
  expect(
    correlationTable(
      cut,
      plan,
      samples(() => ({})),
    ),
  ).toBeNull();
});
