// A small, seeded sample of `npm run guard-rates`: the promises of the guard and of the load test, on series that are the same every time.
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alarms, detection, load, quantile } from './measure.ts';
import { kayenta, pipecd } from './other-rules.ts';
import { markdown } from './page.ts';
import { broken, fewerOf, LATE_S, measure } from './promises.ts';
import { play, seeded, totals } from './series.ts';

/** 20 runs show what is often wrong, within seconds; what is wrong in one of a hundred, the page shows. */
const RUNS = 20;
const none = { alarms: [], spread: [], slow: [], detections: [], spreadDetections: [], loads: [] };

describe('the guard, simulated', () => {
  it('keeps a version that keeps its limit, also where its errors come in bursts', () => {
    const rows = [
      alarms(RUNS, 'errors', 0.1, { requestsPerSecond: 20, pattern: 'one by one' }),
      alarms(RUNS, 'errors', 0.5, { requestsPerSecond: 20, pattern: { burst: 20 } }),
      alarms(RUNS, 'errors', 1, { requestsPerSecond: 100, pattern: { burst: 5 } }),
    ];
    expect(broken({ ...none, alarms: rows })).toEqual([]);
    expect(rows[0]?.guard.passed).toBe(1);
    // By its totals alone it rolled some of them back.
    expect(rows[1]?.totalsOnly.rolledBack).toBeGreaterThan(0.1);
    expect(rows[2]?.totalsOnly.rolledBack).toBeGreaterThan(0.1);
  });

  it('finds one that fails, from the start and later, and does not pass one that fails in the last minute', () => {
    const rows = [
      detection(RUNS, 'errors', { atS: 0, share: 0.05 }, { requestsPerSecond: 100 }),
      detection(RUNS, 'errors', { atS: 300, share: 0.01 }, { requestsPerSecond: 100 }),
      detection(RUNS, 'errors', { atS: LATE_S, share: 0.01 }, { requestsPerSecond: 100 }),
      detection(RUNS, 'errors', { atS: LATE_S, share: 0.005 }, { requestsPerSecond: 100 }),
    ];
    expect(broken({ ...none, detections: rows })).toEqual([]);
    expect(rows.map(({ passed }) => passed)).toEqual([0, 0, 0, 0]);
    // The totals of ten minutes diluted them.
    expect(rows[3]?.passedTotalsOnly).toBeGreaterThan(0.9);
  });

  it('keeps a version whose slow requests come in bursts, and finds a p99 at twice its limit', () => {
    const slow = alarms(RUNS, 'slow', 0.5, { requestsPerSecond: 100, pattern: { burst: 20 } });
    expect(broken({ ...none, slow: [slow] })).toEqual([]);
    const shifted = detection(RUNS, 'slow', { atS: 300, share: 0.091 }, { requestsPerSecond: 100 });
    expect(quantile(shifted.guard, 0.95)).toBeLessThanOrEqual(60);
  });
});

describe('the load test, simulated', () => {
  it('does not pass by luck a service at 1.5 times its limits, and passes a healthy one', () => {
    const rows = [
      load(RUNS, { seconds: 65, kind: 'errors', share: 0.0015, burst: 5 }),
      load(RUNS, { seconds: 30, kind: 'slow', share: 0.015, burst: 20 }),
    ];
    expect(broken({ ...none, loads: rows })).toEqual([]);
    expect(load(RUNS, { seconds: 65, kind: 'errors', share: 0.0001, burst: 1 }).passes).toBe(1);
    expect(load(RUNS, { seconds: 30, kind: 'slow', share: 0.001, burst: 1 }).passes).toBe(1);
  });
});

describe('a promise', () => {
  const row = alarms(2, 'errors', 0.1, { requestsPerSecond: 20, pattern: 'one by one' });
  const late = detection(2, 'errors', { atS: LATE_S, share: 0.01 }, { requestsPerSecond: 100 });
  const found = detection(2, 'errors', { atS: 0, share: 0.05 }, { requestsPerSecond: 100 });
  const spread = detection(2, 'errors', { atS: 0, share: 0.05 }, { requestsPerSecond: 100, spreadScrapes: true });
  const test = load(2, { seconds: 30, kind: 'errors', share: 0.0015, burst: 1 });

  it('that is kept is not reported', () => {
    expect(
      broken({ alarms: [row], spread: [row], slow: [row], detections: [late, found], spreadDetections: [spread], loads: [test] }),
    ).toEqual([]);
  });

  it('that is not kept is reported, in each of the tables', () => {
    const undecided = { ...row, guard: { passed: 0.98, undecided: 0.02, rolledBack: 0 } };
    const rolledBack = { ...row, guard: { passed: 0.985, undecided: 0, rolledBack: 0.015 }, level: 0.5 };
    expect(broken({ ...none, alarms: [undecided] })).toEqual(['errors at 0.1 of the limit, one by one, 20/s: 0.98 passed']);
    for (const table of ['alarms', 'spread', 'slow'] as const)
      expect(broken({ ...none, [table]: [rolledBack] })).toEqual(['errors at 0.5 of the limit, one by one, 20/s: 0.015 rolled back']);
    expect(broken({ ...none, detections: [{ ...late, passed: 0.06 }] })).toEqual(['0.01 from 540 s, 100/s: 0.06 passed']);
    expect(broken({ ...none, detections: [{ ...found, guard: [10, 20] }] })).toEqual([
      '0.05 from 0 s, 100/s: detected in 20 s, limit 15 s',
    ]);
    expect(broken({ ...none, spreadDetections: [{ ...spread, guard: [20, 25] }] })).toEqual([
      '0.05 from 0 s, 100/s, scrapes spread: detected in 25 s, limit 20 s',
    ]);
    expect(broken({ ...none, loads: [{ ...test, passes: 0.06 }] })).toEqual([
      'load test of 30 s, errors 0.0015 in bursts of 1: 0.06 passed',
    ]);
  });
});

describe('what is simulated', () => {
  it('has the rate it was asked for, in bursts of the size it was asked for', () => {
    const samples = play(seeded(1), { requestsPerSecond: 100, pattern: { burst: 20 }, share: 0.01 }, 20_000);
    const { requests, bad } = totals(samples.flat());
    expect(requests).toBeGreaterThanOrEqual(1_990_000);
    expect(bad / requests).toBeCloseTo(0.01, 3);
    expect(samples.filter((pods) => totals(pods).bad === 20).length).toBeGreaterThan(600);
  });

  it('goes to one pod where one is bad', () => {
    const samples = play(seeded(1), { requestsPerSecond: 100, pattern: 'bad pod', share: 0.01 }, 600);
    expect(samples.every(([, second, third]) => second?.bad === 0 && third?.bad === 0)).toBe(true);
  });
});

describe('the other rules', () => {
  const steady = (minutes: number, value: number) => Array.from({ length: minutes }, (_, minute) => value * (1 + (minute % 3) / 10));

  it('flag a version that is clearly worse, and pass one that is alike', () => {
    expect([kayenta(steady(30, 0.001), steady(30, 0.01)), pipecd(steady(30, 0.001), steady(30, 0.01))]).toEqual([1_800, 300]);
    expect([kayenta(steady(30, 0.001), steady(30, 0.001)), pipecd(steady(30, 0.001), steady(30, 0.001))]).toEqual([null, null]);
  });

  it('of Kayenta passes new errors where the old version had none', () => {
    expect(kayenta(steady(30, 0), steady(30, 0.05))).toBeNull();
  });
});

describe('the page', () => {
  const file = join(import.meta.dirname, '../../docs/explanation/guard-rates.md');
  const page = readFileSync(file, 'utf8');
  const once = measure(1, () => undefined);

  it('is that of the template: its words, its rows and the runs it was made with', () => {
    const words = (text: string) =>
      text
        .replaceAll(/\d+(?:[.,]\d+)*/g, '#')
        .replaceAll(/\bnot\b/g, '#')
        .replaceAll('# to #', '#');
    expect(words(page)).toBe(words(markdown(once)));
    const runs = Number(/guard-rates -- --runs (\d+)$/m.exec(page)?.[1]);
    expect(runs).toBeGreaterThanOrEqual(200);
    expect(page).toContain(`\n${runs} runs, so the 95 % interval`);
    expect(page).toContain(`is ${fewerOf(runs)} runs.`);
  });

  it('never prints as all or none what is not', () => {
    const almost = { ...load(1, { seconds: 1, kind: 'errors', share: 0.0001, burst: 1 }), passes: 0.998, passedBefore: 0.001 };
    expect(markdown({ ...once, loads: [almost] })).toContain('| 99.8 | 0.1 |');
  });

  it.each(['abc', '0', '2.5'])('is not written with %s runs', (runs) => {
    const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), '--runs', runs], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([2, `--runs ${runs}: give a whole number of at least 1\n`]);
    expect(readFileSync(file, 'utf8')).toBe(page);
  });
});
