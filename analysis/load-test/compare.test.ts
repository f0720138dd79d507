import { describe, expect, test } from '@jest/globals';
import { compareLoads, compareSideBySide, comparisonFacts, comparisonTable, unchangedFact, type Comparison } from './compare.ts';
import { bytesOf, inPieces, record, type FixtureRequest } from '../testing/points.ts';
import type { StageLoad } from '../runtime/by-stage.ts';
import { saturationByStage } from '../runtime/by-stage.ts';
import { saturation } from './saturation.ts';
import { commonWindows, loadWindows, windowSeconds, type LoadWindows } from './windows.ts';

/** Twelve windows of one second with 100 requests each, of which the slowest two take `slowest` and a little more each window. */
const requests = (name: string, slowest: number): FixtureRequest[] =>
  Array.from({ length: 1_201 }, (_, i) => ({ name, second: i / 100, ms: i % 100 < 2 ? slowest + Math.floor(i / 100) * 0.1 : 2 }));
const windowsOf = async (all: FixtureRequest[]): Promise<LoadWindows> =>
  (await loadWindows(inPieces(bytesOf(record(all)), 4_096), 1)) as LoadWindows;

test('cuts a run into whole windows, each with its own p99', async () => {
  const { startMs, widthSeconds, all, endpoints } = await windowsOf(requests('GET /a', 20));
  expect([startMs, widthSeconds, all.length]).toEqual([Date.UTC(2026, 10, 23, 12), 1, 12]);
  expect(all.map(({ p99Ms }) => p99Ms.toFixed(1))).toEqual(Array.from({ length: 12 }, (_, i) => (20 + i * 0.1).toFixed(1)));
  expect([...endpoints.keys()]).toEqual(['GET /a']);
});

test('does not count a window that the run left in its middle, and has none without requests', async () => {
  const { all } = await windowsOf(requests('GET /a', 20).slice(0, 1_150));
  expect(all).toHaveLength(11);
  expect(await loadWindows(inPieces(bytesOf(record([]))), 1)).toBeNull();
});

test('makes windows of a twentieth of a short run, and of ten seconds of a long one', () => {
  expect(
    [[{ seconds: 10, ratePerSecond: 1 }], [{ seconds: 60, ratePerSecond: 1 }], [{ seconds: 6_000, ratePerSecond: 1 }]].map(windowSeconds),
  ).toEqual([1, 3, 10]);
});

describe('two runs of one load', () => {
  test('show which endpoint got slower, by how much, and which did not', async () => {
    const before = await windowsOf([...requests('GET /a', 20), ...requests('GET /b', 20)]);
    const now = await windowsOf([...requests('GET /a', 30), ...requests('GET /b', 20.5)]);
    const comparison = compareLoads(before, now);
    expect(comparison.shifts.map(({ endpoint, change }) => [endpoint, change])).toEqual([
      ['GET /a', 'slower'],
      ['GET /b', 'no relevant change'],
    ]);
    expect(comparison.shifts[0]?.shiftMs).toBeCloseTo(10, 6);
    expect(comparison.shifts[0]?.windows).toEqual([12, 12]);
    expect(comparisonFacts(comparison, 'than in 1.3.0').map(({ subject, text }) => `${subject}: ${text}`)).toEqual([
      expect.stringMatching(/^GET \/a: p99 10 ms slower than in 1\.3\.0 \(95 %: 9\.\d+ to 10\.\d+ ms\)$/),
    ]);
    expect(compareLoads(now, before).shifts[0]?.change).toBe('faster');
    expect(comparisonTable(comparison, 1, 'Against 1.3.0').rows[0]?.slice(-1)).toEqual(['slower']);
  });

  test('are undecided where the interval crosses the floor', async () => {
    const wavering = (name: string, waver: number): FixtureRequest[] =>
      requests(name, 20).map((each, i) => ({ ...each, ms: each.ms > 2 && Math.floor(i / 100) % 2 === 0 ? each.ms + waver : each.ms }));
    const before = await windowsOf([...requests('GET /a', 20), ...requests('GET /b', 20)]);
    const now = await windowsOf([...wavering('GET /a', 50), ...requests('GET /b', 20.5)]);
    const comparison = compareLoads(before, now);
    expect(comparison.shifts.map(({ endpoint, change }) => [endpoint, change])).toEqual([
      ['GET /a', 'undecided'],
      ['GET /b', 'no relevant change'],
    ]);
    expect(comparisonFacts(comparison, 'than in 1.3.0')).toEqual([]);
    expect(unchangedFact(comparison, '1.3.0')?.text).toBe('undecided whether slower or faster than in 1.3.0: GET /a');
  });

  test('are alike only where every endpoint was compared and none is undecided', async () => {
    const alike = await windowsOf([...requests('GET /a', 20), ...requests('GET /b', 20)]);
    const said = async (now: FixtureRequest[]) => unchangedFact(compareLoads(alike, await windowsOf(now)), '1.3.0')?.text;
    const b = requests('GET /b', 20);
    expect(await said([...requests('GET /a', 20), ...b])).toBe('no endpoint is relevantly slower or faster than in 1.3.0');
    expect(await said(b)).toBe('undecided whether slower or faster than in 1.3.0: GET /a');
    expect(await said([...requests('GET /a', 40), ...b])).toBeUndefined();
    expect(await said(b.slice(0, 300))).toBeUndefined();
  });

  test('are not compared by fewer than ten windows, nor where one of them lacks the endpoint: each says why', async () => {
    const short = await windowsOf(requests('GET /a', 20).slice(0, 901));
    const now = await windowsOf([...requests('GET /a', 30), ...requests('GET /new', 30)]);
    expect(compareLoads(short, now)).toMatchObject({
      shifts: [],
      not: [
        { endpoint: 'GET /a', reason: '9 windows of 100 requests before, 10 are needed' },
        { endpoint: 'GET /new', reason: '0 windows of 100 requests before, 10 are needed' },
      ],
    });
    expect(compareLoads({ ...short, widthSeconds: 2 }, now).not[0]?.reason).toBe('windows of 2 s before and of 1 s now');
  });
});

describe('two runs at once', () => {
  /** Both meet the same weather: each window is another tenth of a second slower for both. */
  const inWeather = (name: string, own: number): FixtureRequest[] =>
    Array.from({ length: 1_201 }, (_, i) => ({
      name,
      second: i / 100,
      ms: i % 100 < 2 ? own + ((Math.floor(i / 100) * 7) % 12) * 100 : 2,
    }));

  test('are distinguished by what differs at each time, which windows alone do not show', async () => {
    const one = await windowsOf(inWeather('GET /a', 20));
    const other = await windowsOf(inWeather('GET /a', 100));
    expect(compareLoads(one, other).shifts[0]?.change).toBe('undecided');
    const [shift] = compareSideBySide(one, other).shifts;
    expect(shift).toMatchObject({ endpoint: 'GET /a', shiftMs: 80, lowMs: 80, highMs: 80, windows: [12, 12] });
    // All twelve differences have one sign: 2 of the 2^12 ways to give signs are as clear.
    expect([shift?.p, shift?.change]).toEqual([2 / 2 ** 12, 'slower']);
  });

  test('are cut into windows of the time they share, and into none where it is too short', async () => {
    const one = await windowsOf(requests('GET /a', 20));
    const later = (seconds: number): LoadWindows => ({ ...one, startMs: one.startMs + seconds * 1_000 });
    expect(commonWindows(one, later(1))).toEqual({ fromMs: one.startMs + 1_000, widthSeconds: 1 });
    expect(commonWindows(one, later(3))).toBeNull();
    const long = { ...one, all: one.all.map((window, i) => ({ ...window, second: i * 100 })) };
    expect(commonWindows(long, long)?.widthSeconds).toBe(60);
  });

  test('share no windows where they overlap for a small part, and both comparisons report how long that was', async () => {
    const hour = (startSecond: number): LoadWindows => {
      const all = Array.from({ length: 360 }, (_, i) => ({
        second: i * 10,
        requests: 1_000,
        failed: 0,
        slow: 0,
        meanMs: 2,
        p99Ms: 20,
        maxMs: 30,
      }));
      return { startMs: startSecond * 1_000, widthSeconds: 10, all, endpoints: new Map([['GET /a', all]]) };
    };
    const notes = (comparison: Comparison) => comparisonTable(comparison, 10, 'Against before').notes.join('\n');
    expect(commonWindows(hour(0), hour(3_500))).toBeNull();
    expect(notes(compareLoads(hour(0), hour(3_500)))).toContain(
      'both ran at the same time for 1 m 40 s, too short for a comparison by window pairs',
    );
    expect(notes(compareLoads(hour(0), hour(3_600)))).not.toContain('at the same time');
    expect(commonWindows(hour(0), hour(1_700))?.fromMs).toBe(1_700_000);
    expect(commonWindows(hour(0), hour(1_800))).toBeNull();
    expect(notes(compareSideBySide(hour(0), hour(0)))).toContain('medians over windows of 10 s, in the 1 h that both ran');
  });

  test('leave out what only one of them saw', async () => {
    const all = requests('GET /a', 20);
    const from = Date.UTC(2026, 10, 23, 12) + 3_000;
    const cut = (await loadWindows(inPieces(bytesOf(record(all)), 4_096), 1, from)) as LoadWindows;
    expect([cut.startMs, cut.all.length]).toEqual([from, 9]);
    expect(compareSideBySide(cut, cut).not).toEqual([
      { endpoint: 'GET /a', reason: '9 windows in which both had 100 requests, 10 are needed' },
    ]);
  });
});

describe('saturation', () => {
  const step = (offered: number, achieved: number, p99Ms: number) => ({ offered, achieved, p99Ms });

  test('is reported where throughput falls beyond a peak and the p99 bends', () => {
    const law = (load: number) => load / (1 + 0.001 * (load - 1) + 0.00001 * load * (load - 1));
    const facts = saturation([50, 100, 200, 300, 400, 500].map((load) => step(load, law(load), load <= 300 ? 5 + load / 100 : load)));
    expect(facts.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^throughput peaks near 316.1 iterations\/s offered/),
      expect.stringMatching(/^the p99 starts to rise at \d+ iterations\/s/),
    ]);
  });

  const exact = (loads: number[]) =>
    saturation(loads.map((load) => step(load, (90 * load) / (1 + 0.0277 * (load - 1) + 0.0001 * load * (load - 1)), 5))).map(
      ({ text }) => text,
    );

  test('is reported neither as a peak nor as a ceiling where only one step is beyond the peak', () => {
    // The greatest throughput of this law is 1,848 at 99; gamma / alpha, 3,250, is that of another curve.
    expect(exact([1, 18, 36, 54, 72, 90, 130])).toEqual([]);
    expect(exact([1, 18, 36, 54, 72, 90, 130, 160])).toEqual([expect.stringMatching(/^throughput peaks near 98\.61 iterations/)]);
  });

  test('is computed from the steady stages of a run that went to their end', () => {
    const stage = (offered: number, more: Partial<StageLoad> = {}): StageLoad => ({
      fromMs: 0,
      toMs: 10_000,
      plannedSeconds: 10,
      cut: false,
      offered,
      iterations: 10 * (offered / (1 + offered / 60)),
      steady: true,
      requests: 1,
      failed: 0,
      p99Ms: 5,
      ...more,
    });
    const stages = [20, 40, 60, 80, 100, 120].map((offered) => stage(offered));
    const said = ['throughput approaches at most 60 iterations/s (Universal Scalability Law)'];
    expect(saturationByStage(stages).map(({ text }) => text)).toEqual(said);
    const others = [stage(500, { steady: false, iterations: 1 }), stage(140, { cut: true, iterations: 1 })];
    expect(saturationByStage([...stages, ...others]).map(({ text }) => text)).toEqual(said);
  });

  test('needs more than one step, and stages that differ', () => {
    expect(saturation([step(100, 100, 5)])).toEqual([]);
    expect(saturation([100, 200, 300, 400, 500, 600].map((load) => step(load, load, 5)))).toEqual([]);
  });
});
