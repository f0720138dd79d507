import { deflateSync, gzipSync } from 'node:zlib';
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
const percentiles = `  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

       1.000     0.500000         5000         2.00
       9.000     0.990000         9900       100.00
      11.000     0.999000         9990      1000.00
      12.000     1.000000        10000          inf
#[Mean    =        2.000, StdDeviation   =        1.000]
#[Max     =       12.000, Total count    =        10000]
`;
const slowPercentiles = percentiles.replace('1.000     0.50', '900.000   0.50').replace('9.000     0.99', '950.000   0.98');
/** wrk2's own lines around the table; the first seconds are not in it. */
const wrk2 = (errors = '', table = percentiles) => `Running 30s test @ http://127.0.0.1:80/index.html
  2 threads and 100 connections
${table}#[Buckets =           27, SubBuckets     =         2048]
----------------------------------------------------------
  12000 requests in 30.00s, 19.81MB read
${errors}Requests/sec:    400.28
Transfer/sec:    676.18KB
`;
/** An interval of 64 MB of zeros, packed into 64 kB. */
const bomb = `#[Histogram log format version 1.3]\n0.1,1.0,5.0,${Buffer.concat([
  Buffer.from([0x1c, 0x84, 0x93, 0x14, 0, 0, 0, 0]),
  deflateSync(Buffer.alloc(64 * 1024 * 1024)),
]).toString('base64')}\n`;
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
    ['k6 summary that is quick', k6({ 'p(99)': 30, max: 50 }), ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    [
      'k6 summary that is slow',
      k6({ 'p(95)': 400, 'p(99)': 500, max: 600 }),
      ['LatencyAboveLimit fail', 'ErrorRateUndecided inconclusive'],
    ],
    ['k6 summary without p(99)', k6({ 'p(95)': 20, max: 350 }), ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    [
      // A threshold on it makes k6 tell it of any executor.
      'k6 summary that names dropped iterations, of which there were none',
      k6({ 'p(99)': 30, max: 50 }, { dropped_iterations: { values: { count: 0, rate: 0 } } }),
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    [
      'k6 run that dropped',
      k6({ 'p(99)': 30, max: 50 }, { dropped_iterations: { values: { count: 7, rate: 1 } } }),
      ['IterationsDropped inconclusive', 'LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    ['vegeta report', vegeta, ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']],
    ['oha', oha, ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    ['autocannon', autocannon, ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    [
      'hey, which is closed',
      hey(Array.from({ length: 1_000 }, () => 0.02)),
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    ['hey that is slow', hey(Array.from({ length: 1_000 }, () => 0.4)), ['LatencyAboveLimit fail', 'ErrorRateUndecided inconclusive']],
    [
      'hey with errors among the answers',
      hey(Array.from({ length: 1_000 }, () => 0.02)).replaceAll(',200,', ',500,'),
      ['LatencyUndecided inconclusive', 'ErrorRateAboveLimit fail'],
    ],
    ['wrk2', wrk2(), ['LatencyWithinLimit pass', 'ErrorRateWithinLimit pass']],
    [
      'wrk2 with a third of the requests timed out',
      wrk2('  Socket errors: connect 0, read 0, write 0, timeout 4000\n'),
      ['LatencyUndecided inconclusive', 'ErrorRateAboveLimit fail'],
    ],
    [
      'wrk2 with errors among the answers',
      wrk2('  Non-2xx or 3xx responses: 1200\n'),
      ['LatencyWithinLimit pass', 'ErrorRateAboveLimit fail'],
    ],
    [
      'wrk2 whose errors cannot be read',
      wrk2('  Socket errors: many\n'),
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    [
      'wrk2 that is slow, with a second table of the quick times since a request was sent',
      wrk2('', slowPercentiles + percentiles),
      ['LatencyAboveLimit fail', 'ErrorRateWithinLimit pass'],
    ],
    ['percentiles of whatever tool', percentiles, ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']],
    ['percentiles of whatever tool that are slow', slowPercentiles, ['LatencyAboveLimit fail', 'ErrorRateUndecided inconclusive']],
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

  it('reads the older export of k6, where values are flat and true means that a threshold failed', () => {
    const flat = {
      metrics: {
        http_req_duration: { 'p(99)': 30, max: 40, thresholds: { 'p(99)<20': true, 'p(95)<10': true, 'max<50': false } },
        http_reqs: { count: 5_000, rate: 10 },
        http_req_failed: { passes: 5_000, fails: 0, value: 1 },
      },
    };
    const { findings } = judged(flat);
    expect(findings.map(({ code, outcome }) => `${code} ${outcome}`)).toEqual([
      'LatencyUndecided inconclusive',
      'ErrorRateAboveLimit fail',
      'ThresholdCrossed fail',
    ]);
    expect(findings[2]?.message).toBe('http_req_duration crossed thresholds of the script: p(99)<20, p(95)<10');
  });

  it('reads of a newer summary which thresholds were crossed, and refuses one without a result', () => {
    const summary = (ok: unknown) => k6({ 'p(99)': 30, max: 50 }, { checks: { values: { rate: 1 }, thresholds: { 'rate>0.9': { ok } } } });
    expect(outcomes(summary(true))).not.toContain('ThresholdCrossed fail');
    expect(judged(summary(false)).findings.at(-1)).toMatchObject({
      code: 'ThresholdCrossed',
      subject: 'checks',
      outcome: 'fail',
      message: 'checks crossed a threshold of the script: rate>0.9',
    });
    expect(() => judged(summary('?'))).toThrow('metrics.checks.thresholds.rate>0.9: this is no result of a threshold');
  });

  const machine = (...metrics: [string, object][]) => ({
    version: '1',
    results: { metrics: metrics.map(([name, values]) => ({ name, type: 'trend', contains: 'time', values })) },
  });

  it('reads the machine-readable summary, which never holds a p99', () => {
    const quick = machine(
      ['http_req_duration', { avg: 5, max: 250, 'p(95)': 20 }],
      ['http_reqs', { count: 5_000, rate: 1 }],
      ['http_req_failed', { matches: 1, total: 5_000, rate: 0 }],
    );
    expect(outcomes(quick)).toEqual(['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']);
  });

  it.each([
    ['older', k6({ 'p(99)': 30, max: 50 }, { http_req_failed: undefined })],
    ['machine-readable', machine(['http_req_duration', { max: 250 }], ['http_reqs', { count: 5_000, rate: 1 }])],
  ])('does not take silence on errors in the %s summary for none', (_, summary) => {
    expect(judged(summary).findings[1]?.message).toBe('the report does not tell which requests of all requests failed');
  });

  it('judges the endpoints that a summary of k6 names, each by its own counts', () => {
    const { findings, tables } = judged(
      k6(
        { 'p(99)': 30, max: 500 },
        {
          'http_req_duration{name:GET /slow}': { values: { med: 390, 'p(95)': 400, 'p(99)': 420, max: 500 } },
          'http_reqs{name:GET /slow}': { values: { count: 1_000, rate: 1 } },
          'http_req_failed{name:GET /slow}': { values: { rate: 0.5, passes: 500, fails: 500 } },
          'http_req_duration{name:GET /untold}': { values: { 'p(99)': 420, max: 500 } },
          'http_req_duration{ name:GET /counted, method:GET }': { values: { 'p(99)': 420, max: 500, 'p(95)': 410, count: 1_000 } },
          'http_req_duration{expected_response:true}': { values: { 'p(99)': 420 } },
        },
      ),
    );
    expect(tables[0]?.rows.map((row) => row.slice(0, 3))).toEqual([
      ['all requests', 10_000, 10],
      ['GET /slow', 1_000, 500],
      ['GET /untold', null, null],
      ['name:GET /counted, method:GET', 1_000, null],
    ]);
    expect(findings.slice(2).map(({ outcome, message }) => `${outcome}: ${message}`)).toEqual([
      'fail: p99 of GET /slow is 420 ms, limit 300 ms',
      'fail: error rate of GET /slow is 50 %, limit 1 % (500 of 1,000 requests failed)',
      'inconclusive: p99 of GET /untold is 420 ms, limit 300 ms, but the report does not tell of how many requests',
      'inconclusive: the report does not tell which requests of GET /untold failed',
      'fail: p99 of name:GET /counted, method:GET is 420 ms, limit 300 ms',
      'inconclusive: the report does not tell which requests of name:GET /counted, method:GET failed',
    ]);
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
    ['parts of a request', { ...vegeta, requests: 10.5 }, 'report.requests: 10.5 is no count: it must be a whole number'],
    ['more than all of a share', { ...vegeta, success: 1.5 }, 'report.success: 1.5 is no share: it must lie between 0 and 1'],
    ['a share of k6 beyond one', k6({}, { http_req_failed: { values: { rate: 7 } } }), 'http_req_failed.rate: 7 is no share'],
    ['more failures than requests', { ...autocannon, non2xx: 20_000 }, 'all requests: 20002 of 10002 requests failed, which cannot be'],
    ['counts beyond all counting', { ...oha, errorDistribution: { a: 2 ** 53 - 1, b: 2 ** 53 - 1 } }, 'is no count of requests'],
    ['a percentile above one', percentiles.replace('0.990000', '9.900000'), 'line 2: 9.9 is no percentile'],
    ['a histogram that unpacks to many megabytes', bomb, 'line 2: unpacked this interval is larger than 4 MB'],
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
