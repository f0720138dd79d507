import { binomialTail } from '../testing/binomial.ts';
import { describe, expect, test } from '@jest/globals';
import {
  addWindow,
  burstSize,
  burstSizeAround,
  lowerTailBound,
  NO_WINDOWS,
  poissonTail,
  scanTail,
  serialBurstSize,
  upperTailBound,
  wilson,
  type WindowCounts,
} from './index.ts';

const windowsOf = (...bad: number[]): WindowCounts[] => bad.map((each) => ({ requests: 1_000, bad: each }));
const sums = (...bad: number[]) => windowsOf(...bad).reduce(addWindow, NO_WINDOWS);
const none = (windows: number): number[] => Array.from({ length: windows }, () => 0);

describe('the Poisson tail', () => {
  test('gives the known answers of whole counts', () => {
    expect(poissonTail(0, 3)).toBe(1);
    expect(poissonTail(1, 2)).toBeCloseTo(1 - Math.exp(-2), 12);
    expect(poissonTail(3, 2)).toBeCloseTo(1 - 5 * Math.exp(-2), 12);
    expect(poissonTail(2, 0)).toBe(0);
    expect(poissonTail(20, 5) / 3.4521e-7).toBeCloseTo(1, 4);
    expect(poissonTail(5, 2_000)).toBe(1);
  });

  test('is what the binomial tail becomes where bad are rare', () => {
    for (const count of [1, 5, 12]) expect(poissonTail(count, 3) / binomialTail(count, 3_000_000, 1e-6)).toBeCloseTo(1, 4);
  });

  test('falls without a step between whole counts', () => {
    const between = [2, 2.25, 2.5, 2.75, 3].map((count) => poissonTail(count, 0.5));
    for (const [at, value] of between.entries()) if (at > 0) expect(value).toBeLessThan(between[at - 1] as number);
    // P(1/2, x) is erf(sqrt(x)); erf(0.5) from tables.
    expect(poissonTail(0.5, 0.25)).toBeCloseTo(0.5204998778, 9);
  });

  test('refuses what is no count', () => {
    expect(() => poissonTail(-1, 1)).toThrow(RangeError);
    expect(() => poissonTail(1, Number.NaN)).toThrow(RangeError);
  });
});

describe('the chance of a full stretch anywhere', () => {
  const random = (() => {
    let seed = 4_711;
    return () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  })();
  const poisson = (mean: number): number => {
    let count = 0;
    for (let product = random(); product > Math.exp(-mean); product *= random()) count += 1;
    return count;
  };

  test('is not below the share of simulated watches that have one', () => {
    const [perWindow, windows, watchWindows, events, watches] = [0.1, 9, 120, 5, 4_000];
    let found = 0;
    for (let watch = 0; watch < watches; watch += 1) {
      const counts = Array.from({ length: watchWindows }, () => poisson(perWindow));
      if (counts.some((_, at) => counts.slice(at, at + windows).reduce((sum, count) => sum + count, 0) >= events)) found += 1;
    }
    const chance = scanTail({ events, expected: perWindow * windows, windows, watchWindows });
    expect(found / watches).toBeLessThan(chance);
    expect(found / watches).toBeGreaterThan(chance / 2.5);
    // One stretch alone would have been far too sure.
    expect(poissonTail(events, perWindow * windows)).toBeLessThan(found / watches / 10);
  });

  test('is certain of what was expected, and falls with each event more', () => {
    expect(scanTail({ events: 3, expected: 3, windows: 3, watchWindows: 100 })).toBe(1);
    const chances = [4, 6, 8.5, 12].map((events) => scanTail({ events, expected: 1, windows: 9, watchWindows: 120 }));
    for (const [at, value] of chances.entries()) if (at > 0) expect(value).toBeLessThan(chances[at - 1] as number);
  });
});

describe('the size of bursts', () => {
  test('is one where bad come one by one, or not at all', () => {
    expect(burstSize(sums(1, 0, 0, 1, 0, 1, 0, 0, 1, 0))).toBe(1);
    expect(burstSize(sums(...none(20)))).toBe(1);
    expect(burstSize(sums(7))).toBe(1);
    expect(burstSize(sums(7, 7, 7, 7))).toBe(1);
    expect(serialBurstSize(windowsOf(7, 7, 7, 7))).toBe(1);
    expect(serialBurstSize([])).toBe(1);
  });

  test('is that of the bursts in few windows', () => {
    expect(burstSize(sums(20, ...none(59)))).toBeCloseTo(20, 9);
    expect(burstSize(sums(20, ...none(59), 20, ...none(59)))).toBeCloseTo(19.8, 1);
  });

  test('around a limit counts windows that are all above it as bursts, and those near it as independent', () => {
    // 25 of 1,000 in three windows, limit 0.1 %: each window may be one burst.
    expect(burstSizeAround(sums(25, 25, 25), 0.001)).toBeCloseTo(23.04, 9);
    expect(burstSizeAround(sums(1, 2, 0, 1), 0.001)).toBe(1);
  });

  test('combines a burst across the edge of windows', () => {
    const whole = serialBurstSize(windowsOf(...none(20), 100, ...none(20)));
    const split = serialBurstSize(windowsOf(...none(20), 50, 50, ...none(19)));
    expect(split).toBeGreaterThan(0.75 * whole);
    const inOne = burstSize(sums(...none(20), 100, ...none(20)));
    expect(burstSize(sums(...none(20), 50, 50, ...none(19))) / inOne).toBeGreaterThan(0.9);
    expect(burstSize(sums(...none(20), 90, 10, ...none(19))) / inOne).toBeGreaterThan(0.9);
  });

  test('is no smaller where neighbours take turns', () => {
    const turns = Array.from({ length: 40 }, (_, at) => 10 * (at % 2));
    expect(burstSize(sums(...turns))).toBeCloseTo((25 * 40) / 200 / (39 / 40), 9);
  });

  test('does not take a ramp of the load for bursts', () => {
    const ramp = Array.from({ length: 40 }, (_, second) => ({ requests: 100 * second, bad: second }));
    expect(burstSize(ramp.reduce(addWindow, NO_WINDOWS))).toBe(1);
    expect(serialBurstSize(ramp)).toBe(1);
  });
});

describe('bounds of requests in bursts', () => {
  test('are those of so many independent ones', () => {
    expect(wilson(40, 20_000, 0.95, 20)).toEqual(wilson(2, 1_000, 0.95));
    expect(upperTailBound(20_000, { burst: 20 })).toBe(20_000 - 20 * (1_000 - (upperTailBound(1_000) as number)));
    expect(lowerTailBound(20_000, { burst: 20 })).toBe(20_000 - 20 * (1_000 - (lowerTailBound(1_000) as number)));
    expect(upperTailBound(5_979, { burst: 20 })).toBeNull();
    expect(upperTailBound(5_980, { burst: 20 })).toBe(5_980);
  });

  test('refuse a burst of less than one', () => {
    expect(() => wilson(1, 10, 0.95, 0.5)).toThrow(RangeError);
    expect(() => upperTailBound(1_000, { burst: Number.NaN })).toThrow(RangeError);
  });
});
