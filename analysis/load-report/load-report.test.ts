import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { readLoadReport } from '../evidence-kinds.ts';
import { judgeReport } from './judge.ts';

const bytes = (text: string | object) => new TextEncoder().encode(typeof text === 'string' ? text : JSON.stringify(text));
const limits = { p99Ms: 300, errorPercent: 1 };
const judged = (report: string | object) => judgeReport(readLoadReport(bytes(report)), limits);
const outcomes = (report: string | object) => judged(report).findings.map(({ code, outcome }) => `${code} ${outcome}`);

const k6 = (values: object, extra = {}) => ({
  metrics: {
    http_req_duration: { type: 'trend', contains: 'time', values },
    http_reqs: { values: { count: 10_000, rate: 300 } },
    http_req_failed: { values: { rate: 0.001, passes: 10, fails: 9_990 } },
    ...extra,
  },
});
const arrivals = { dropped_iterations: { values: { count: 0, rate: 0 } } };
const vegeta = {
  latencies: { total: 1, mean: 5e6, '50th': 5e6, '95th': 9e6, '99th': 9.9e6, max: 1e7 },
  requests: 10_000,
  success: 0.9999,
  duration: 1e10,
  status_codes: { 200: 9_999, 500: 1 },
  errors: [],
};
const oha = {
  summary: { successRate: 1, total: 10, slowest: 0.2, fastest: 0.001, average: 0.01, requestsPerSec: 100 },
  latencyPercentiles: { p50: 0.01, p95: 0.05, p99: 0.1, 'p99.9': 0.15 },
  statusCodeDistribution: { 200: 990, 500: 10 },
  errorDistribution: { timeout: 5 },
};
const autocannon = {
  connections: 10,
  duration: 10,
  errors: 2,
  non2xx: 3,
  latency: { p50: 5, p97_5: 20, p99: 30, p99_9: 50, max: 60 },
  requests: { total: 10_000 },
};
const hey = (seconds: readonly number[]) =>
  `response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n${seconds.map((each) => `${each.toFixed(4)},0,0,0,0,0,200,0.1`).join('\n')}\n`;
const wrk2 = `  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

       1.000     0.500000         5000         2.00
       9.000     0.990000         9900       100.00
      11.000     0.999000         9990      1000.00
      12.000     1.000000        10000          inf
#[Mean    =        2.000, StdDeviation   =        1.000]
#[Max     =       12.000, Total count    =        10000]
`;
const results = (count: number, latencyMs: number) =>
  Array.from({ length: count }, () =>
    JSON.stringify({
      attack: '',
      seq: 1,
      code: 200,
      timestamp: 't',
      latency: latencyMs * 1e6,
      method: 'GET',
      url: 'http://host/api/a?x=1',
    }),
  ).join('\n');

describe('a load report', () => {
  it.each([
    [
      'k6 summary of an arrival rate',
      k6({ 'p(95)': 20, 'p(99)': 30, 'p(99.9)': 40, max: 50 }, arrivals),
      ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass'],
    ],
    [
      'k6 summary that does not tell its model',
      k6({ 'p(99)': 30, max: 50 }),
      ['LatencyUndecided inconclusive', 'ErrorRateWithinLimit pass'],
    ],
    ['k6 summary that is slow', k6({ 'p(95)': 400, 'p(99)': 500, max: 600 }), ['LatencyAboveLimit fail', 'ErrorRateWithinLimit pass']],
    ['k6 summary without p(99)', k6({ 'p(95)': 20, max: 350 }, arrivals), ['LatencyUndecided inconclusive', 'ErrorRateWithinLimit pass']],
    [
      'k6 run that dropped',
      k6({ 'p(99)': 30, max: 50 }, { dropped_iterations: { values: { count: 7, rate: 1 } } }),
      ['IterationsDropped inconclusive', 'LatencyWithinLimit pass', 'ErrorRateWithinLimit pass'],
    ],
    ['vegeta report', vegeta, ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']],
    ['oha', oha, ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    ['autocannon', autocannon, ['LatencyUndecided inconclusive', 'ErrorRateWithinLimit pass']],
    [
      'hey, which is closed',
      hey(Array.from({ length: 1_000 }, () => 0.02)),
      ['LatencyUndecided inconclusive', 'ErrorRateWithinLimit pass'],
    ],
    ['hey that is slow', hey(Array.from({ length: 1_000 }, () => 0.4)), ['LatencyAboveLimit fail', 'ErrorRateWithinLimit pass']],
    ['wrk2', wrk2, ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']],
    ['vegeta results', results(1_000, 20), ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']],
    ['too few of them', results(100, 20), ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
  ])('%s', (_, report, expected) => {
    expect(outcomes(report)).toEqual(expected);
  });

  it('gives the exact figures of raw results, endpoint by endpoint', () => {
    const lines = Array.from({ length: 10_000 }, (_, i) => ({
      attack: '',
      code: [500, 200, 302][i % 3],
      latency: (i + 1) * 1_000,
      method: 'GET',
      url: 'http://host/a',
    }));
    const [endpoint] = readLoadReport(bytes(lines.map((line) => JSON.stringify(line)).join('\n'))).endpoints;
    expect(endpoint).toMatchObject({ endpoint: 'GET /a', requests: 10_000, failed: 3_334 });
    expect([0.5, 0.95, 0.99, 1].map((share) => endpoint?.quantiles.find((quantile) => quantile.share === share)?.ms)).toEqual([
      5, 9.5, 9.9, 10,
    ]);
  });

  it('reads the older export of k6, where values are flat', () => {
    const flat = {
      metrics: {
        http_req_duration: { 'p(99)': 30, max: 40, thresholds: { 'p(99)<20': true } },
        http_reqs: { count: 5_000, rate: 10 },
        http_req_failed: { passes: 0, fails: 5_000, value: 0 },
        dropped_iterations: { count: 0, rate: 0 },
      },
    };
    expect(outcomes(flat)).toEqual(['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']);
  });

  it('reads the machine-readable summary, which never holds a p99', () => {
    const metric = (name: string, values: object) => ({ name, type: 'trend', contains: 'time', values });
    const machine = {
      version: '1',
      results: {
        metrics: [
          metric('http_req_duration', { avg: 5, max: 250, 'p(95)': 20 }),
          metric('http_reqs', { count: 5_000, rate: 1 }),
          metric('http_req_failed', { matches: 1, total: 5_000, rate: 0 }),
          metric('dropped_iterations', { count: 0, rate: 0 }),
        ],
      },
    };
    expect(outcomes(machine)).toEqual(['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']);
  });

  it('reads a histogram log, and does not let silence on errors pass', () => {
    const histogram = build();
    for (let i = 0; i < 1_000; i += 1) histogram.recordValue(5_000_000);
    const log = `#[Histogram log format version 1.3]\n"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n0.1,1.0,5.0,${encodeIntoCompressedBase64(histogram)}\n`;
    expect(outcomes(log)).toEqual(['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']);
  });

  it('is the same packed', () => {
    expect(readLoadReport(gzipSync(bytes(vegeta)))).toEqual(readLoadReport(bytes(vegeta)));
  });

  it.each([
    ['a NaN among figures', { ...vegeta, requests: null }, 'report.requests: null is no figure of a load report'],
    ['a negative time', k6({ 'p(99)': -3 }), 'metrics.http_req_duration.p(99): -3 is no figure'],
    ['a row of hey cut off', `${hey([0.1])}0.2,0`, 'line 3: this is no row of hey'],
    ['no requests in a summary', { metrics: { vus: { values: { value: 1 } } } }, 'metrics: there is no http_req_duration and http_reqs'],
    ['a JSON of something else', { hello: 1 }, 'this is no profile, dump, plan, trace or load report known here'],
  ])('refuses %s', (_, report, sentence) => {
    expect(() => readLoadReport(bytes(report))).toThrow(sentence);
  });

  it('says that an empty run says nothing', () => {
    expect(outcomes({ ...vegeta, requests: 0, success: 0 })).toEqual([
      'LoadRunIncomplete inconclusive',
      'LatencyUndecided inconclusive',
      'ErrorRateUndecided inconclusive',
    ]);
  });
});
