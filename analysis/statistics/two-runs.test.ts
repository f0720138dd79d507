import { describe, expect, test } from '@jest/globals';
import { correlate } from './correlation.ts';
import { knee } from './knee.ts';
import { pairedShift, signedRanks } from './paired.ts';
import { mannWhitney, shiftBetween } from './two-samples.ts';
import { peakLoad, scalability } from './usl.ts';

const from1 = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('the shift between two samples', () => {
  test('that do not overlap has the smallest exact p there is, and the interval of Hodges and Lehmann', () => {
    // 2 of the C(20, 10) = 184,756 ways to draw; of the 100 differences the 24th from either end.
    expect(
      shiftBetween(
        from1(10),
        from1(10).map((value) => value + 10),
      ),
    ).toEqual({ p: Number((2 / 184_756).toPrecision(9)), shift: 10, low: 7, high: 13 });
  });

  test('of equal samples is none, ties and all', () => {
    expect(shiftBetween([5, 5, 5, 5], [5, 5, 5, 5])).toMatchObject({ p: 1, shift: 0, low: 0, high: 0 });
  });

  test('says the same exactly and by approximation, where both can be had', () => {
    const a = from1(30).map((value) => value * 1.01);
    const b = from1(30).map((value) => value + 6);
    const exact = mannWhitney(a, b);
    const doubled = mannWhitney([...a, ...a], [...b, ...b]);
    expect(exact).toBeGreaterThan(0.01);
    // Twice the values: the approximation takes over, and the same difference is surer.
    expect(doubled).toBeLessThan(exact);
    expect(mannWhitney(b, a)).toBeCloseTo(exact, 12);
  });

  test('is null without values, and refuses values that are not numbers', () => {
    expect(shiftBetween([], [1])).toBeNull();
    expect(() => shiftBetween([1, Number.NaN], [1])).toThrow('finite');
    expect(() => shiftBetween([1], [Infinity])).toThrow('finite');
  });
});

describe('the shift of differences', () => {
  test('is the pseudomedian with its exact interval, as the textbook has it', () => {
    // Hollander and Wolfe, table 3.1 (depression scale before and after): V = 40 of n = 9, p = 2 x 10/512, estimate 0.46, interval (0.010, 0.786).
    const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const shift = pairedShift(before.map((value, i) => value - (after[i] as number)));
    expect(shift?.p).toBeCloseTo(20 / 512, 9);
    expect(shift?.shift).toBeCloseTo(0.46, 9);
    expect(shift?.low).toBeCloseTo(0.01, 9);
    expect(shift?.high).toBeCloseTo(0.786, 9);
  });

  test('of nothing is none, and nothing follows from it', () => {
    expect(pairedShift([0, 0, 0])).toEqual({ p: 1, shift: 0, low: 0, high: 0 });
    expect(pairedShift([])).toBeNull();
    expect(() => pairedShift([1, Number.NaN])).toThrow('finite');
  });

  test('is nearly as sure by approximation as it is exactly', () => {
    const differences = from1(80).map((value) => (value % 3 === 0 ? -value : value + 0.5));
    const exactly = signedRanks(differences);
    // One more, of no weight: 81 are approximated.
    expect(Math.abs(signedRanks([...differences, 0.001]) - exactly)).toBeLessThan(0.003);
    expect(exactly).toBeGreaterThan(0.0001);
  });
});

describe('a correlation', () => {
  const noise = from1(40).map((value) => (value * 7_919) % 101);

  test('finds what rises together, and by how much later', () => {
    expect(correlate(from1(20), from1(20))).toEqual({ rho: 1, lag: 0, p: 0.0005, windows: 20 });
    const late = [0, 0, ...noise.slice(0, -2)];
    expect(correlate(noise, late)).toMatchObject({ rho: 1, lag: 2 });
    expect(
      correlate(
        noise,
        [...noise].map((value) => -value),
      ),
    ).toMatchObject({ rho: -1, lag: 0 });
  });

  test('of two things that have nothing to do with each other may be chance, and says so', () => {
    const other = from1(40).map((value) => (value * 104_729) % 97);
    expect(correlate(noise, other)?.p).toBeGreaterThan(0.05);
  });

  test('always gives the same p', () => {
    const other = noise.map((value, i) => value + ((i * 31) % 60));
    expect(correlate(noise, other)).toEqual(correlate(noise, other));
  });

  test('is null with fewer than twenty windows, and for a constant series', () => {
    expect(correlate(from1(19), from1(19))).toBeNull();
    expect(correlate(from1(20), from1(20).fill(3))).toBeNull();
  });
});

describe('saturation', () => {
  const law = (load: number) => (10 * load) / (1 + 0.02 * (load - 1) + 0.0005 * load * (load - 1));
  const loads = [1, 5, 10, 20, 30, 40, 60, 80];

  test('the law gives back the figures that its curve was drawn with, and its peak', () => {
    const fitted = scalability(loads.map((load) => ({ load, throughput: law(load) })));
    expect(fitted?.alpha).toBeCloseTo(0.02, 4);
    expect(fitted?.beta).toBeCloseTo(0.0005, 6);
    expect(fitted?.gamma).toBeCloseTo(10, 2);
    expect(fitted?.peakLoad).toBeCloseTo(peakLoad(0.02, 0.0005), 1);
  });

  test('a curve that only flattens has no peak, but a ceiling', () => {
    const fitted = scalability(loads.map((load) => ({ load, throughput: (10 * load) / (1 + 0.1 * (load - 1)) })));
    expect(fitted?.peakLoad).toBeNull();
    expect(fitted?.asymptote).toBeCloseTo(100, 0);
  });

  test('nothing is read off five levels, or off a level without load', () => {
    expect(scalability(loads.slice(0, 5).map((load) => ({ load, throughput: law(load) })))).toBeNull();
    expect(scalability(loads.map((load) => ({ load: load - 1, throughput: law(load) })))).toBeNull();
  });

  test('the knee of a latency that shoots up is where it leaves the floor', () => {
    expect(
      knee(
        [10, 20, 30, 40, 50, 60].map((x, i) => ({ x, y: [5, 5.2, 5.5, 6, 40, 200][i] as number })),
        'convex',
      ),
    ).toMatchObject({ x: 50 });
    expect(
      knee(
        [1, 2, 3].map((x) => ({ x, y: 4 })),
        'convex',
      ),
    ).toBeNull();
  });
});
