import { breaches, isHopeless, requestsStillToCome } from './hopeless.ts';
import { bytesOf, requestLines, type FixtureRequest } from '../testing/points.ts';
import type { LoadLimits } from './plan.ts';
import { createLoadAccumulator } from './summary.ts';

const limits: LoadLimits = { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} };

test('is hopeless from the first request that even only good ones to come could not outweigh', () => {
  expect(isHopeless({ requests: 101, bad: 101, stillToCome: 9_999 }, 1)).toBe(false);
  expect(isHopeless({ requests: 101, bad: 101, stillToCome: 9_998 }, 1)).toBe(true);
  expect(isHopeless({ requests: 500, bad: 100, stillToCome: 9_500 }, 1)).toBe(false);
  expect(isHopeless({ requests: 500, bad: 101, stillToCome: 9_500 }, 1)).toBe(true);
});

test('agrees with the p99 by nearest rank of the best run that can still come', () => {
  for (const total of [99, 100, 101, 199, 200, 1_000, 12_345]) {
    for (const bad of [0, 1, 2, 3, 9, 10, 11, 122, 123, 124]) {
      const sorted = Array.from({ length: total }, (_, i) => (i < total - bad ? 1 : 400));
      const p99 = sorted[Math.ceil((99 * total) / 100) - 1] as number;
      expect([total, bad, isHopeless({ requests: bad, bad, stillToCome: Math.max(0, total - bad) }, 1)]).toEqual([
        total,
        bad,
        bad > total ? true : p99 > 300,
      ]);
    }
  }
});

test('counts shares of errors without rounding', () => {
  expect(isHopeless({ requests: 18_000, bad: 18, stillToCome: 0 }, 0.1)).toBe(false);
  expect(isHopeless({ requests: 18_000, bad: 19, stillToCome: 0 }, 0.1)).toBe(true);
  expect(isHopeless({ requests: 1, bad: 1, stillToCome: 1_000_000 }, 0)).toBe(true);
  expect(isHopeless({ requests: 10, bad: 10, stillToCome: 0 }, 100)).toBe(false);
});

test('refuses counts that cannot be', () => {
  expect(() => isHopeless({ requests: Number.NaN, bad: 0, stillToCome: 0 }, 1)).toThrow(RangeError);
  expect(() => isHopeless({ requests: 1, bad: 0, stillToCome: -1 }, 1)).toThrow(RangeError);
});

test('expects of each iteration still to come as many requests as of those before, and any number before the first one ended', () => {
  expect(requestsStillToCome(100, { requests: 30, iterations: 20 })).toBe(200);
  expect(requestsStillToCome(100, { requests: 20, iterations: 20 })).toBe(100);
  expect(requestsStillToCome(-1, { requests: 20, iterations: 20 })).toBe(0);
  // 300 slow requests of iterations a thousand requests long: nothing is lost yet.
  const stillToCome = requestsStillToCome(100, { requests: 300, iterations: 0 });
  expect(isHopeless({ requests: 300, bad: 300, stillToCome }, 1)).toBe(false);
});

function live(requests: FixtureRequest[]) {
  const accumulator = createLoadAccumulator(limits);
  accumulator.push(bytesOf(`${requests.map(requestLines).join('\n')}\n`));
  return accumulator.live();
}
const many = (n: number, request: FixtureRequest): FixtureRequest[] => Array.from({ length: n }, () => request);

test('sees a breach as soon as it is sure, and hopelessness only later', () => {
  const slow = [...many(280, { ms: 10 }), ...many(20, { ms: 400 })];
  expect(breaches(live(slow), limits, 17_000)).toEqual([{ endpoint: 'GET /a', what: 'latency', hopeless: false }]);
  expect(breaches(live(slow), limits, 1_000)).toEqual([{ endpoint: 'GET /a', what: 'latency', hopeless: true }]);
});

test('sees no breach below 299 requests, nor in a slow moment that may be chance', () => {
  expect(breaches(live(many(298, { ms: 400 })), limits, 0)).toEqual([]);
  expect(breaches(live([...many(996, { ms: 10 }), ...many(4, { ms: 400 })]), limits, 0)).toEqual([]);
});

test('sees an error surge', () => {
  expect(breaches(live([...many(290, { ms: 10 }), ...many(10, { ms: 10, status: 500 })]), limits, 5_000)).toEqual([
    { endpoint: 'GET /a', what: 'errors', hopeless: true },
  ]);
});

test('sees no breach in one burst of errors, and sees the same errors where they come one by one', () => {
  const failure = { ms: 10, status: 500 };
  const run = (isBad: (at: number) => boolean): FixtureRequest[] =>
    Array.from({ length: 9_000 }, (_, at) => ({ second: at / 300, ...(isBad(at) ? failure : { ms: 10 }) }));
  expect(breaches(live(run((at) => at >= 3_000 && at < 3_020)), limits, 5_000)).toEqual([]);
  expect(breaches(live(run((at) => at % 450 === 0)), limits, 5_000)).toMatchObject([{ what: 'errors' }]);
});
