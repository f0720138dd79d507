import type { Finding } from '../../verdict/finding.ts';
import { loadFacts } from './facts.ts';
import { judgeLoad } from './judge.ts';
import { bytesOf, inPieces, record, type FixtureRequest } from '../testing/points.ts';
import { offeredIterations, type LoadLimits, type LoadStage } from './plan.ts';
import type { RunEnd } from './run-record.ts';
import { EndpointCounts, summarizeLoad, type EndpointSummary, type LoadSummary } from './summary.ts';

const limits: LoadLimits = { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} };
const stages: LoadStage[] = [
  { seconds: 0, ratePerSecond: 300 },
  { seconds: 10, ratePerSecond: 300 },
];
const many = (n: number, request: FixtureRequest): FixtureRequest[] =>
  Array.from({ length: n }, (_, i) => ({ second: i / 300, ...request }));

/** All of them, each second the same share of `badOne` ones: they come one by one. */
const spread = (n: number, bad: number, badOne: FixtureRequest, other: FixtureRequest = { ms: 10 }): FixtureRequest[] =>
  many(n, { ms: 10 }).map(({ second = 0 }, i) => ({
    second,
    ...(Math.floor(((i + 1) * bad) / n) > Math.floor((i * bad) / n) ? badOne : other),
  }));

const summarize = (requests: FixtureRequest[], end?: Partial<RunEnd>, own = limits): Promise<LoadSummary> =>
  summarizeLoad(inPieces(bytesOf(record(requests, end)), 65_536), own);
const judge = async (requests: FixtureRequest[], end?: Partial<RunEnd>, own = limits): Promise<Finding[]> =>
  judgeLoad(await summarize(requests, end, own), own, stages, ['sha256:x']);
const of = (findings: Finding[], ...codes: string[]): Finding | undefined => findings.find((each) => codes.includes(each.code));
const codes = (findings: Finding[]): string[] => findings.map((each) => each.code).sort();

test('passes a service that keeps its limits under the whole load', async () => {
  const findings = await judge(many(3_000, { ms: 38 }));
  expect(codes(findings)).toEqual(['ErrorRateWithinLimit', 'LatencyWithinLimit', 'LoadDelivered']);
  expect(findings.every((each) => each.outcome === 'pass' && each.evidence[0] === 'sha256:x')).toBe(true);
  expect(of(findings, 'LatencyWithinLimit')?.message).toBe('p99 of GET /a is 38 ms, limit 300 ms');
  expect(of(findings, 'LoadDelivered')?.message).toBe('100 % of the load was delivered (300 of 300 iterations/s), limit 95 %');
});

/** The record of iterations that send two requests each. */
const twoEach = (requests: FixtureRequest[]): string =>
  record(requests)
    .split('\n')
    .filter((line) => !line.includes('"metric":"iterations"') || (pairs = !pairs))
    .join('\n');
let pairs = false;

test('holds when half of the iterations were not started, though each sends two requests', async () => {
  const summary = await summarizeLoad(inPieces(bytesOf(twoEach(many(3_000, { ms: 1 })))), limits);
  expect(summary).toMatchObject({ requests: 3_000, iterations: 1_500 });
  const findings = judgeLoad(summary, limits, stages);
  expect(of(findings, 'LoadDelivered')).toBeUndefined();
  expect(of(findings, 'LoadNotDelivered')).toMatchObject({
    outcome: 'inconclusive',
    measured: 50,
    message: '50 % of the load was delivered (150 of 300 iterations/s), limit 95 %',
  });
  expect(loadFacts(summary, limits, stages)[0]?.text).toBe('10 s, 300 iterations/s requested, 150 delivered, 0 dropped');
});

test('holds when iterations sent no request', async () => {
  const summary = { ...(await summarize(many(1_500, { ms: 1 }))), iterations: 3_000 };
  expect(of(judgeLoad(summary, limits, stages), 'LoadNotDelivered')?.message).toBe(
    '50 % of the load was delivered (150 of 300 iterations/s), limit 95 %: 3,000 iterations sent 1,500 requests',
  );
});

test('names endpoint, p99 and limit in the sentence of a breach', async () => {
  const name = 'POST /api/order/create';
  const findings = await judge([...many(2_700, { ms: 10 }), ...many(300, { ms: 420, name })]);
  expect(of(findings, 'LatencyAboveLimit')).toMatchObject({
    subject: name,
    outcome: 'fail',
    limit: 300,
    unit: 'ms',
    message: `p99 of ${name} is 420 ms, limit 300 ms`,
  });
  expect(of(findings, 'LatencyAboveLimit')?.measured).toBeCloseTo(420, 0);
  expect(of(findings, 'LatencyWithinLimit')?.subject).toBe('GET /a');
});

test('does not decide what the sample cannot: p99 within the limit, its bound above', async () => {
  const findings = await judge(spread(3_000, 25, { ms: 400 }));
  expect(of(findings, 'LatencyUndecided')).toMatchObject({
    outcome: 'inconclusive',
    message: 'p99 of GET /a is 10 ms, limit 300 ms, but from 3,000 requests the true p99 may be as high as 400 ms',
  });
});

test.each([
  [20, 'LatencyWithinLimit'],
  [21, 'LatencyUndecided'],
  [39, 'LatencyUndecided'],
  [40, 'LatencyAboveLimit'],
])('of 3,000 requests %i slow ones mean %s', async (slow, code) => {
  // Exact: P(Y <= 20) = 0.035 <= 0.05 < P(Y <= 21) = 0.054; P(Y >= 40) = 0.045 <= 0.05 < P(Y >= 39) = 0.064, Y ~ Binomial(3000, 0.01).
  const findings = await judge(spread(3_000, slow, { ms: 400 }));
  expect(of(findings, 'LatencyWithinLimit', 'LatencyUndecided', 'LatencyAboveLimit')?.code).toBe(code);
});

test('never passes a p99 from fewer than 299 requests, and says how many it takes', async () => {
  const finding = of(await judge(many(298, { ms: 1 })), 'LatencyUndecided');
  expect(finding?.message).toContain('only 298 requests were sent, and a p99 needs at least 299');
});

test('keeps the digits that show a limit was broken', async () => {
  expect(of(await judge(many(3_000, { ms: 300.1 })), 'LatencyAboveLimit')?.message).toMatch(/is 300\.\d+ ms, limit 300 ms$/);
});

test('takes an endpoint’s own limits before the general ones, and the general ones for what they leave out', async () => {
  const own = { ...limits, endpoints: { 'GET /a': { p99Ms: 20 } } };
  const findings = await judge(many(3_000, { ms: 38 }), {}, own);
  expect(of(findings, 'LatencyAboveLimit')?.limit).toBe(20);
  expect(of(findings, 'ErrorRateWithinLimit')?.limit).toBe(0.1);
});

test('holds when an endpoint with a limit got no request', async () => {
  const findings = await judge(many(3_000, { ms: 1 }), {}, { ...limits, endpoints: { 'GET /b': { p99Ms: 20 } } });
  expect(of(findings, 'EndpointMissing')).toMatchObject({ subject: 'GET /b', outcome: 'inconclusive' });
});

test.each([
  [0, 3_000, 'ErrorRateWithinLimit'],
  [0, 2_000, 'ErrorRateUndecided'],
  [1, 3_000, 'ErrorRateUndecided'],
  [8, 3_000, 'ErrorRateAboveLimit'],
])('%i failures of %i requests at a limit of 0.1 %% mean %s', async (failed, n, code) => {
  const findings = await judge(spread(n, failed, { ms: 1, status: 500 }));
  expect(of(findings, 'ErrorRateWithinLimit', 'ErrorRateUndecided', 'ErrorRateAboveLimit')?.code).toBe(code);
});

describe('requests that are slow, or fail, in bursts', () => {
  /** 65 s, and in some of them so many bad ones in a row. */
  const bursty = (seconds: number[], burst: number, badOne: FixtureRequest): FixtureRequest[] =>
    Array.from({ length: 65 * 300 }, (_, i) => {
      const second = i / 300;
      return { second, ...(seconds.includes(Math.floor(second)) && i % 300 < burst ? badOne : { ms: 10 }) };
    });

  /** The endpoint's own counts, without the detour through k6's lines. */
  const endpointOf = (requests: FixtureRequest[]): EndpointSummary => {
    const counts = new EndpointCounts('GET /a', limits.p99Ms);
    for (const { second = 0, ms, status = 200 } of requests)
      counts.add({ endpoint: 'GET /a', durationMs: ms, atMs: 1_000 * second, failed: status !== 200, unanswered: status === 0 }, second);
    return counts.summary();
  };
  const judged = async (requests: FixtureRequest[]): Promise<Finding[]> =>
    judgeLoad({ ...(await summarize([])), endpoints: [endpointOf(requests)] }, limits, stages);

  test('do not pass a p99 by luck: two bursts of 60 bound it as two slow requests of 353 would', async () => {
    const slow = { ms: 400 };
    expect(of(await judged(spread(65 * 300, 120, slow)), 'LatencyWithinLimit')).toBeDefined();
    expect(of(await judged(bursty([20, 45], 60, slow)), 'LatencyUndecided')).toMatchObject({
      outcome: 'inconclusive',
      message:
        'p99 of GET /a is 10 ms, limit 300 ms, but slow requests came in bursts of about 55, so 19,500 ' +
        'requests count as 353 independent ones and the true p99 may be as high as 400 ms',
    });
    expect(of(await judged(bursty([20, 45], 90, slow)), 'LatencyUndecided')?.message).toBe(
      'p99 of GET /a is 10 ms, limit 300 ms, but slow requests came in bursts of about 83, so 19,500 ' +
        'requests count as 235 independent ones; a p99 needs 299: run at least 1.3 times as long',
    );
  });

  test('do not pass an error rate by luck', async () => {
    const failure = { ms: 10, status: 503 };
    expect(of(await judged(spread(65 * 300, 10, failure)), 'ErrorRateWithinLimit')).toBeDefined();
    expect(of(await judged(bursty([30], 10, failure)), 'ErrorRateUndecided')?.message).toBe(
      'error rate of GET /a is 0.051 %, limit 0.1 % (10 of 19,500 requests failed), but errors came in ' +
        'bursts of about 9.7, so 19,500 requests count as 2,014 independent ones and the true rate may be as high as 0.22 %',
    );
  });

  test('fail by their number where it leaves no doubt, and not where a few bursts may be chance', async () => {
    const failure = { ms: 10, status: 503 };
    const every = Array.from({ length: 65 }, (_, second) => second).filter((second) => second % 2 === 0);
    expect(of(await judged(bursty(every, 20, failure)), 'ErrorRateAboveLimit')).toBeDefined();
    expect(of(await judged(bursty([10, 30], 20, failure)), 'ErrorRateUndecided')).toBeDefined();
    // As before, where the same errors come one by one.
    expect(of(await judged(spread(65 * 300, 40, failure)), 'ErrorRateAboveLimit')).toBeDefined();
  });

  test('count together across the edge of two seconds', () => {
    const across = Array.from({ length: 65 * 300 }, (_, i) => ({
      second: i / 300,
      ...(i >= 9_000 - 50 && i < 9_000 + 50 ? { ms: 400 } : { ms: 10 }),
    }));
    const endpoint = endpointOf(across);
    expect(endpoint.slowBurst).toBeGreaterThan(75);
    expect(endpoint.failedBurst).toBe(1);
  });

  test('of requests without an answer are slow ones, however soon they ended', () => {
    const endpoint = endpointOf(bursty([20], 60, { ms: 0, status: 0 }));
    expect(endpoint.slowBurst).toBeGreaterThan(50);
  });
});

test('gives errors in percent, with the counts', async () => {
  const findings = await judge(spread(3_000, 15, { ms: 1, status: 503 }));
  expect(of(findings, 'ErrorRateAboveLimit')).toMatchObject({
    measured: 0.5,
    unit: '%',
    message: 'error rate of GET /a is 0.5 %, limit 0.1 % (15 of 3,000 requests failed)',
  });
});

test('a limit of 0 % is kept by a run without errors and by no other', async () => {
  const none = { ...limits, errorPercent: 0 };
  expect(of(await judge(many(3_000, { ms: 1 }), {}, none), 'ErrorRateWithinLimit')).toBeDefined();
  expect(of(await judge([...many(2_999, { ms: 1 }), { ms: 1, status: 500 }], {}, none), 'ErrorRateAboveLimit')).toBeDefined();
});

test('a dead target fails by its errors and never passes by its speed', async () => {
  const findings = await judge(many(3_000, { ms: 0, status: 0 }));
  expect(codes(findings)).toEqual(['ErrorRateAboveLimit', 'LatencyUndecided', 'LoadDelivered']);
  expect(of(findings, 'LatencyUndecided')?.message).toContain('3,000 of 3,000 requests got no response');
});

test('holds when less than 95 % of the load was delivered', async () => {
  const findings = await judge(many(2_849, { ms: 1 }));
  expect(of(findings, 'LoadNotDelivered')).toMatchObject({ outcome: 'inconclusive', measured: 94.9667, limit: 95 });
  expect(of(findings, 'LoadDelivered')).toBeUndefined();
});

test('holds when iterations were dropped', async () => {
  const summary = { ...(await summarize(many(2_990, { ms: 1 }))), dropped: 10 };
  expect(of(judgeLoad(summary, limits, stages), 'IterationsDropped')).toMatchObject({ outcome: 'inconclusive', measured: 10, limit: 0 });
});

test.each([
  ['k6 ended by itself', { exitCode: 107, lastError: 'ReferenceError: nope' }, 'k6 ended with exit code 107: ReferenceError: nope'],
  ['k6 was killed', { exitCode: null, signal: 'SIGKILL' }, 'k6 was ended by SIGKILL'],
  ['it was stopped for no reason the record shows', { exitCode: 105, stopped: 'hopeless' as const }, 'shows no broken limit'],
])('holds when %s', async (_, end, sentence) => {
  const finding = of(await judge(many(3_000, { ms: 1 }), end), 'LoadRunIncomplete');
  expect(finding).toMatchObject({ outcome: 'inconclusive', message: expect.stringContaining(sentence) });
});

test('holds when the record is cut off, unreadable in parts, of two runs, or empty', async () => {
  const whole = await summarize(many(3_000, { ms: 1 }));
  const say = (part: Partial<LoadSummary>) => of(judgeLoad({ ...whole, ...part }, limits, stages), 'LoadRunIncomplete')?.message;
  expect(say({})).toBeUndefined();
  expect(say({ cutOff: true })).toContain('its record is truncated');
  expect(say({ end: null })).toContain('has no end');
  expect(say({ runs: 2 })).toContain('contains 2 runs');
  expect(say({ linesMalformed: 3 })).toBeUndefined();
  expect(say({ linesMalformed: 4 })).toContain('4 of 36,003 lines');
  // The fixture's run took 60 s of which 10 were planned; one that took the full grace of 65 s more cut off what was in flight.
  expect(say({ iterations: 2_960 })).toBeUndefined();
  const late = { ...(whole.end as RunEnd), at: '2026-11-23T12:01:15.000Z' };
  expect(say({ iterations: 2_960, end: late })).toContain('40 iterations did not finish');
  expect(say({ end: late })).toBeUndefined();
  expect(of(judgeLoad(await summarize([], { lastError: 'no such host' }), limits, stages), 'LoadRunIncomplete')?.message).toContain(
    'k6 sent no request: no such host',
  );
});

test('a run stopped as hopeless is a failure, not an incomplete run', async () => {
  const findings = await judge(many(900, { ms: 734 }), { exitCode: 105, stopped: 'hopeless' });
  expect(codes(findings)).toEqual(['ErrorRateUndecided', 'LatencyAboveLimit']);
});

test('reports the facts in the words of the report', async () => {
  const summary = await summarize([...many(2_000, { ms: 212 }), ...many(1_000, { ms: 734, name: 'POST /b' })]);
  expect(loadFacts(summary, limits, stages).map((fact) => `${fact.subject}: ${fact.text}`)).toEqual([
    'load: 10 s, 300 iterations/s requested, 300 delivered, 0 dropped',
    'GET /a: p99 212 ms ≤ 300 ms (bound 212 ms), errors 0 of 2,000',
    'POST /b: p99 734 ms > 300 ms (bound 734 ms), errors 0 of 1,000',
  ]);
});

test('offers the area under the stages', () => {
  const ramp: LoadStage[] = [
    { seconds: 5, ratePerSecond: 300 },
    { seconds: 60, ratePerSecond: 300 },
  ];
  expect(offeredIterations(ramp)).toBe(18_750);
  expect(offeredIterations(ramp, 2.5)).toBe(187.5);
  expect(offeredIterations(ramp, 6)).toBe(1_050);
  expect(offeredIterations([])).toBe(0);
});
