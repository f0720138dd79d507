import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { readLoadReport, recognize } from '../evidence-kinds.ts';
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
/** As HdrHistogram prints it with five steps to each half of what is left: no row is the 99th percentile. */
const percentilesOf = (times: number) => `  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

${[
  ['0.481', '0.000000', '1', '1.00'],
  ['1.000', '0.500000', '5000', '2.00'],
  ['6.403', '0.950000', '9501', '20.00'],
  ['8.903', '0.989062', '9891', '91.43'],
  ['9.007', '0.990625', '9907', '106.67'],
  ['9.303', '0.992188', '9922', '128.00'],
  ['11.207', '0.999023', '9991', '1024.00'],
  ['12.007', '1.000000', '10000', 'inf'],
]
  .map(
    ([value, share = '', count = '', rest = '']) =>
      `${(Number(value) * times).toFixed(3).padStart(12)} ${share.padStart(12)} ${count.padStart(12)} ${rest.padStart(12)}`,
  )
  .join('\n')}
#[Mean    =        2.000, StdDeviation   =        1.000]
#[Max     =       12.000, Total count    =        10000]
`;
const percentiles = percentilesOf(1);
const slowPercentiles = percentilesOf(100);
const distribution = (p99: string) => `  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%    1.00ms
 75.000%    2.51ms
 90.000%    4.80ms
 99.000%    ${p99}
 99.900%   11.21ms
100.000%   12.01ms

`;
/** wrk2's own lines around the table; the first seconds are not in it. */
const wrk2 = (errors = '', table = percentiles) => `Running 30s test @ http://127.0.0.1:80/index.html
  2 threads and 100 connections
  Thread calibration: mean lat.: 1.987ms, rate sampling interval: 10ms
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.00ms    1.00ms  12.00ms   71.20%
    Req/Sec   211.40     40.10   333.00     64.84%
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
/** @param more what of the nth result differs; `afterMs` when it was sent. Without it, 100 a second. */
const results = (count: number, latencyMs: number, more: (n: number) => { afterMs?: number } & Record<string, unknown> = () => ({})) =>
  Array.from({ length: count }, (_, n) => {
    const { afterMs = n * 10, ...rest } = more(n);
    return JSON.stringify({
      attack: '',
      seq: n,
      code: 200,
      timestamp: `${new Date(Date.UTC(2026, 10, 23, 12) + afterMs).toISOString().slice(0, -1)}123456Z`,
      latency: latencyMs * 1e6,
      method: 'GET',
      url: 'http://host/api/a?x=1',
      ...rest,
    });
  }).join('\n');
/** Nobody listens: quicker than any answer. */
const REFUSED = { code: 0, latency: 100_000, error: 'connect: connection refused' };

const machine = (...metrics: [string, object][]) => ({
  version: '1',
  results: { metrics: metrics.map(([name, values]) => ({ name, type: 'trend', contains: 'time', values })) },
});

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
    [
      'vegeta report, which does not tell whether it waited for answers (-max-workers)',
      vegeta,
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    [
      'vegeta report that is slow',
      { ...vegeta, latencies: { ...vegeta.latencies, '95th': 400e6, '99th': 500e6, max: 600e6 } },
      ['LatencyAboveLimit fail', 'ErrorRateUndecided inconclusive'],
    ],
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
    [
      'vegeta results that do not say when they were sent',
      results(1_000, 20, () => ({ timestamp: undefined })),
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
    [
      'vegeta results of -rate=0, sent one after the other, of which one took half a second',
      results(1_000, 20, (n) => ({ afterMs: n < 500 ? n * 20 : n * 20 + 480, ...(n === 499 ? { latency: 500e6 } : {}) })),
      ['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive'],
    ],
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

  it('counts requests of vegeta that got no answer behind all that got one', () => {
    const refused = (every: number) => results(1_000, 20, (n) => (n % every === 0 ? REFUSED : {}));
    const said = (report: string) =>
      judgeReport(readLoadReport(bytes(report)), { p99Ms: 300, errorPercent: 5 }).findings.map(({ message }) => message);
    expect(readLoadReport(bytes(refused(50))).endpoints[0]).toMatchObject({ requests: 1_000, failed: 20, timed: 980, unanswered: 20 });
    expect(said(refused(50))).toEqual([
      'p99 of GET /api/a is at least 20 ms, limit 300 ms, but 20 of 1,000 requests got no response, so the true p99 has no upper bound',
      'error rate of GET /api/a is 2 %, limit 5 % (20 of 1,000 requests failed)',
    ]);
    // Three of 1,000 leave the rank of the bound, 996, among those that were answered.
    expect(said(refused(400))[0]).toBe('p99 of GET /api/a is at least 20 ms, limit 300 ms');
  });

  it('reports how many requests without a response the percentiles of a vegeta report include', () => {
    const refused = { ...vegeta, success: 0.998, status_codes: { 0: 20, 200: 9_980 } };
    const note = 'the percentiles include requests without a response, with the time until they failed: 20 of 10,000';
    expect(judged(refused).tables[0]?.notes).toContain(note);
    expect(judged(vegeta).tables[0]?.notes.join()).not.toContain('without a response');
  });

  it('takes vegeta results for an open load only as far as they were sent at an even rate, and adds what they were late', () => {
    // Nothing was sent for a while, and then all that was due.
    const hiccup = (lateMs: number) =>
      results(1_000, 20, (n) => ({ afterMs: n * 10 >= 5_000 && n * 10 < 5_000 + lateMs ? 5_000 + lateMs : n * 10 }));
    const of = (report: string) => judged(report).findings.map(({ outcome, message }) => `${outcome}: ${message}`);
    expect(of(hiccup(250))[0]).toBe('pass: p99 of GET /api/a is 20 ms, limit 300 ms');
    expect(of(hiccup(290))).toEqual([
      'inconclusive: p99 of GET /api/a is 20 ms, limit 300 ms, but send times deviate up to 291 ms from an even rate, so the true p99 may be as high as 311 ms',
      'pass: error rate of GET /api/a is 0 %, limit 1 % (0 of 1,000 requests failed)',
    ]);
    const why = 'send times deviate up to 401 ms from an even rate, as if requests waited for responses, so it can never pass';
    expect(of(hiccup(400)).map((message) => message.split(', but ')[1])).toEqual([why, why]);
    expect(judged(hiccup(400)).tables[0]).toMatchObject({
      title: 'vegeta results, load model unknown',
      notes: expect.arrayContaining(['send times deviate up to 401 ms from an even rate']),
    });
  });

  it('keeps no more endpoints of vegeta results than of other reports', () => {
    const { endpoints } = readLoadReport(bytes(results(150, 20, (n) => ({ url: `http://host/orders/${n}` }))));
    expect(endpoints).toHaveLength(101);
    expect(endpoints.at(-1)).toMatchObject({ endpoint: '(other endpoints)', requests: 50 });
  });

  it('does not count requests that oha gave up at its own end as failed, nor as slow', () => {
    const ended = (answered: number, aborted: number, slowest: number) => ({
      ...oha,
      summary: { ...oha.summary, slowest },
      latencyPercentiles: { p50: 0.1, p95: 0.15, p99: 0.2, 'p99.9': slowest },
      statusCodeDistribution: { 200: answered },
      errorDistribution: { 'aborted due to deadline': aborted },
    });
    expect(readLoadReport(bytes(ended(10_000, 50, 0.2))).endpoints[0]).toMatchObject({ requests: 10_000, failed: 0, cutOff: 50 });
    expect(outcomes(ended(10_000, 50, 0.2))).toEqual(['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']);
    // Those that were cut off may have been as quick as the others: only the slowest is beyond the limit.
    expect(outcomes(ended(1_000, 100, 0.35))).toEqual(['LatencyUndecided inconclusive', 'ErrorRateUndecided inconclusive']);
    const note = '100 requests were in flight at the end: they do not count as failed';
    expect(judged(ended(1_000, 100, 0.35)).tables[0]?.notes).toContain(note);
    const timeouts = { ...ended(10_000, 50, 0.2), errorDistribution: { timeout: 300, 'aborted due to deadline': 50 } };
    expect(outcomes(timeouts)[1]).toBe('ErrorRateAboveLimit fail');
  });

  it('reads the p99 of wrk2 between the rows of its table', () => {
    const said = (table: string) => judged(wrk2('', table)).findings[0];
    expect(said(distribution('8.95ms') + percentiles)).toMatchObject({
      outcome: 'pass',
      measured: 8.95,
      message: 'p99 of all requests is 8.95 ms, limit 300 ms',
    });
    // Two decimals of seconds may round it over its neighbours, which are exact.
    expect(said(distribution('0.91s') + slowPercentiles)).toMatchObject({ outcome: 'fail', measured: 900.7 });
    expect(said(distribution('900.13us') + percentilesOf(0.1))).toMatchObject({ outcome: 'pass', measured: 0.90013 });
  });

  it.each([
    ['pass', 'p99.2188 of all requests is still 9.3 ms, limit 300 ms', 9.303, wrk2()],
    ['fail', 'p95 of all requests is already 640 ms, limit 300 ms', 640.3, slowPercentiles],
    [
      'fail',
      'p95 of all requests is already 400 ms, limit 300 ms',
      400,
      machine(['http_req_duration', { max: 900, 'p(95)': 400 }], ['http_reqs', { count: 5_000, rate: 1 }]),
    ],
    ['pass', 'the maximum of all requests is still 12 ms, limit 300 ms', 12.007, wrk2('', percentiles.replaceAll(/^.* 0\.99.*\n/gmu, ''))],
  ])('names the point that decides where no p99 is told: %s, %s', (outcome, message, measured, report) => {
    expect(judged(report).findings[0]).toMatchObject({ outcome, message, measured });
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
    expect(() => judged(summary('?'))).toThrow('metrics.checks.thresholds.rate>0.9: not the result of a threshold');
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
    expect(judged(summary).findings[1]?.message).toBe('the report does not contain the failed requests of all requests');
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
      'inconclusive: p99 of GET /untold is 420 ms, limit 300 ms, but the report does not contain the number of requests',
      'inconclusive: the report does not contain the failed requests of GET /untold',
      'fail: p99 of name:GET /counted, method:GET is 420 ms, limit 300 ms',
      'inconclusive: the report does not contain the failed requests of name:GET /counted, method:GET',
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
    ['JSON', vegeta],
    ['text', results(10, 20)],
  ])('is read once, %s: to know what it is, and again to say what it means', (_, report) => {
    const given = bytes(report);
    expect(recognize(given)).toBe('load-report');
    expect(readLoadReport(given)).toBe(readLoadReport(given));
  });

  it.each([
    ['a NaN among figures', { ...vegeta, requests: null }, 'report.requests: null is not a number of at least 0'],
    ['parts of a request', { ...vegeta, requests: 10.5 }, 'report.requests: 10.5 is not an integer'],
    ['more than all of a share', { ...vegeta, success: 1.5 }, 'report.success: 1.5 is not a share between 0 and 1'],
    [
      'a share of k6 beyond one',
      k6({}, { http_req_failed: { values: { rate: 7 } } }),
      'http_req_failed.rate: 7 is not a share between 0 and 1',
    ],
    ['more failures than requests', { ...autocannon, non2xx: 20_000 }, 'all requests: 20002 of 10002 requests failed, which is impossible'],
    ['counts beyond all counting', { ...oha, errorDistribution: { a: 2 ** 53 - 1, b: 2 ** 53 - 1 } }, 'is not a number of requests'],
    ['a percentile above one', percentiles.replace('0.990625', '9.906250'), 'line 2: 9.90625 is not a percentile between 0 and 1'],
    ['a histogram that unpacks to many megabytes', bomb, 'line 2: the interval is larger than 4 MiB decompressed'],
    ['a negative time', k6({ 'p(99)': -3 }), 'metrics.http_req_duration.p(99): -3 is not a number of at least 0'],
    ['a row of hey cut off', `${hey([0.1])}0.2,0`, 'line 3: not a row of hey'],
    ['no requests in a summary', { metrics: { vus: { values: { value: 1 } } } }, 'metrics: http_req_duration or http_reqs is missing'],
    ['a JSON of something else', { hello: 1 }, 'not a known profile, dump, plan, trace or load report'],
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
