import { binomialTail } from '../testing/binomial.ts';
import { lowerTailBound, nearestRank, upperTailBound, wilson } from './index.ts';

describe('the upper bound of a p99', () => {
  test.each([
    [299, 299],
    [473, 472],
    [1_000, 996],
    [5_000, 4_962],
    [10_000, 9_917],
  ])('of %i values is the value of rank %i', (n, rank) => {
    expect(upperTailBound(n)).toBe(rank);
  });

  test('does not exist below 299 values', () => {
    expect(upperTailBound(298)).toBeNull();
    expect(upperTailBound(1)).toBeNull();
    expect(upperTailBound(0)).toBeNull();
  });

  test('is the smallest rank that still keeps the confidence, and the lower bound the largest', () => {
    for (const n of [299, 300, 472, 473, 1_234, 20_000]) {
      const upper = upperTailBound(n) as number;
      // Rank r is at or above the quantile when at least n - r + 1 values lie beyond it.
      expect(binomialTail(n - upper + 1, n, 0.01)).toBeGreaterThanOrEqual(0.95);
      expect(binomialTail(n - upper + 2, n, 0.01)).toBeLessThan(0.95);
      const lower = lowerTailBound(n) as number;
      expect(1 - binomialTail(n - lower + 1, n, 0.01)).toBeGreaterThanOrEqual(0.95);
      expect(1 - binomialTail(n - lower, n, 0.01)).toBeLessThan(0.95);
      expect(lower).toBeLessThanOrEqual(nearestRank(n, 0.99));
      expect(upper).toBeGreaterThanOrEqual(nearestRank(n, 0.99));
    }
  });

  test('covers the true p99 of uniform samples in about 95 of 100 of runs, on both sides', () => {
    let seed = 12345;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const runs = 2_000;
    const n = 500;
    let above = 0;
    let below = 0;
    for (let run = 0; run < runs; run += 1) {
      const sample = Float64Array.from({ length: n }, random).sort();
      if ((sample[(upperTailBound(n) as number) - 1] as number) >= 0.99) above += 1;
      if ((sample[(lowerTailBound(n) as number) - 1] as number) <= 0.99) below += 1;
    }
    expect(above / runs).toBeGreaterThan(0.94);
    expect(below / runs).toBeGreaterThan(0.94);
    expect(above / runs).toBeLessThan(0.99);
  });

  test('stays exact where 0.99^n underflows', () => {
    const n = 5_000_000;
    // Normal approximation of the rank: n*p -+ 1.645*sqrt(n*p*(1-p)) values beyond.
    expect(n - (upperTailBound(n) as number)).toBeCloseTo(50_000 - 1.645 * Math.sqrt(49_500) - 1, -1);
    expect(n - (lowerTailBound(n) as number)).toBeCloseTo(50_000 + 1.645 * Math.sqrt(49_500), -1);
  });

  test('refuses counts and shares that cannot be', () => {
    expect(() => upperTailBound(Number.NaN)).toThrow(RangeError);
    expect(() => upperTailBound(10.5)).toThrow(RangeError);
    expect(() => upperTailBound(10, { quantile: 1 })).toThrow(RangeError);
    expect(() => lowerTailBound(10, { confidence: 0 })).toThrow(RangeError);
  });
});

describe('the exact binomial tail', () => {
  test('gives the answers of a coin', () => {
    expect(binomialTail(0, 10, 0.5)).toBe(1);
    expect(binomialTail(8, 10, 0.5)).toBeCloseTo(56 / 1024, 14);
    expect(binomialTail(3, 10, 0.5)).toBeCloseTo(968 / 1024, 14);
    expect(binomialTail(10, 10, 0.5)).toBeCloseTo(1 / 1024, 16);
    expect(binomialTail(11, 10, 0.5)).toBe(0);
  });

  test('agrees with the closed forms at both ends', () => {
    expect(binomialTail(1, 299, 0.01)).toBeCloseTo(1 - 0.99 ** 299, 12);
    expect(binomialTail(299, 299, 0.99)).toBeCloseTo(0.99 ** 299, 12);
    expect(binomialTail(1, 100_000, 1e-9)).toBeCloseTo(-Math.expm1(100_000 * Math.log1p(-1e-9)), 15);
  });

  test('keeps its digits far out in the tail', () => {
    expect(binomialTail(20, 20, 0.1) / 1e-20).toBeCloseTo(1, 10);
  });

  test('answers certainties and refuses nonsense', () => {
    expect(binomialTail(1, 10, 0)).toBe(0);
    expect(binomialTail(10, 10, 1)).toBe(1);
    expect(() => binomialTail(1, 10, Number.NaN)).toThrow(RangeError);
    expect(() => binomialTail(1, -1, 0.5)).toThrow(RangeError);
  });
});

describe('the Wilson bounds', () => {
  test('give the known answers of 10 in 100 (90 % two-sided is 95 % one-sided)', () => {
    const { lower, upper } = wilson(10, 100, 0.95);
    expect(lower).toBeCloseTo(0.060719, 6);
    expect(upper).toBeCloseTo(0.160356, 6);
    const two = wilson(10, 100, 0.975);
    expect(two.lower).toBeCloseTo(0.05523, 5);
    expect(two.upper).toBeCloseTo(0.17437, 5);
  });

  test('need about 2,700 requests without an error to promise less than 0.1 %', () => {
    expect(wilson(0, 2_702, 0.95).upper).toBeGreaterThan(0.001);
    expect(wilson(0, 2_703, 0.95).upper).toBeLessThanOrEqual(0.001);
    expect(wilson(0, 2_703, 0.95).lower).toBe(0);
  });

  test('say nothing of nothing', () => {
    expect(wilson(0, 0, 0.95)).toEqual({ lower: 0, upper: 1 });
    expect(wilson(7, 7, 0.95).upper).toBe(1);
    expect(() => wilson(8, 7, 0.95)).toThrow(RangeError);
    expect(() => wilson(1, 7, 95)).toThrow(RangeError);
  });
});
