import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPrometheusClient, type PrometheusClient } from './client.ts';

let server: Server;
let answer: { status: number; body: string };
let asked: string;
let client: PrometheusClient;

const success = (data: unknown, more: object = {}) => ({ status: 200, body: JSON.stringify({ status: 'success', data, ...more }) });
const vector = (...values: string[]) =>
  success({
    resultType: 'vector',
    result: values.map((value, index) => ({ metric: { pod: `p${index}` }, value: [1_700_000_000, value] })),
  });

beforeEach(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      asked = `${request.method} ${request.url} ${body}`;
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  client = createPrometheusClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
});
afterEach(
  () =>
    new Promise((done) => {
      server.closeAllConnections();
      server.close(done);
    }),
);

describe('the Prometheus client', () => {
  it('queries at a timestamp and returns the one sample', async () => {
    answer = vector('1.5e+02');
    expect(await client.one('sum(x)', 1_700_000_000)).toEqual({ ok: true, query: 'sum(x)', value: 150 });
    expect(asked).toBe('POST /api/v1/query query=sum%28x%29&time=1700000000');
  });

  it.each<[string, { status: number; body: string }, RegExp]>([
    ['there is no series', vector(), /no such series/],
    ['there are two series', vector('1', '2'), /2 series where exactly one/],
    ['the value is NaN', vector('NaN'), /value NaN/],
    ['the value is infinite', vector('+Inf'), /\+Inf/],
    ['the value is empty text', vector(''), /not text/],
    ['the answer is a matrix', success({ resultType: 'matrix', result: [] }), /a matrix where a vector/],
    [
      'the sample is a native histogram',
      success({ resultType: 'vector', result: [{ metric: {}, histogram: [1, {}] }] }),
      /native histogram/,
    ],
    [
      'a part of the data is missing',
      success({ resultType: 'vector', result: [{ metric: {}, value: [1, '5'] }] }, { warnings: ['shard 2 is away'] }),
      /warnings: shard 2 is away/,
    ],
    [
      'the query is wrong',
      { status: 400, body: '{"status":"error","errorType":"bad_data","error":"parse error"}' },
      /bad_data: parse error/,
    ],
    ['the server is in trouble', { status: 503, body: 'Service Unavailable' }, /HTTP 503: Service Unavailable/],
    ['a proxy answers with a page', { status: 200, body: '<html>' }, /not that of the Prometheus API/],
    ['the answer is cut off', { status: 200, body: '{"status":"success","data":{' }, /not that of the Prometheus API/],
    ['the answer is null', { status: 200, body: 'null' }, /not that of the Prometheus API/],
  ])('gives no number when %s, and names the query', async (_why, given, why) => {
    answer = given;
    expect(await client.one('sum(x)')).toMatchObject({
      ok: false,
      query: 'sum(x)',
      message: expect.stringMatching(new RegExp(`no usable result for sum\\(x\\): .*${why.source}`)),
    });
  });

  it('returns an empty vector as it is', async () => {
    answer = vector();
    expect(await client.vector('x')).toEqual({ ok: true, query: 'x', value: [] });
  });

  it('ignores infos about the query', async () => {
    answer = success({ resultType: 'vector', result: [{ metric: {}, value: [1, '5'] }] }, { infos: ['metric might not be a counter'] });
    expect(await client.one('rate(x[1m])')).toMatchObject({ ok: true, value: 5 });
  });

  it('reads a range and keeps gaps', async () => {
    answer = success({
      resultType: 'matrix',
      result: [
        {
          metric: { a: 'b' },
          values: [
            [10, '1'],
            [30, '2'],
          ],
        },
      ],
    });
    expect(await client.range('x', { fromS: 10, toS: 30, stepS: 10 })).toMatchObject({
      ok: true,
      value: [
        {
          points: [
            { timeS: 10, value: 1 },
            { timeS: 30, value: 2 },
          ],
        },
      ],
    });
    expect(asked).toContain('/api/v1/query_range query=x&start=10&end=30&step=10');
    answer = success({ resultType: 'matrix', result: [{ metric: {}, values: [[10, 'NaN']] }] });
    expect(await client.range('x', { fromS: 10, toS: 30, stepS: 10 })).toMatchObject({ ok: false });
  });

  it('reads the clock between two readings of ours', async () => {
    answer = success({ resultType: 'scalar', result: [1_700_000_000.5, '1700000000.5'] });
    const clock = await client.clock();
    expect(clock).toMatchObject({ ok: true, value: { theirsS: 1_700_000_000.5 } });
    if (clock.ok) expect(clock.value.afterMs).toBeGreaterThanOrEqual(clock.value.beforeMs);
  });

  it('reports the reason when nothing listens', async () => {
    const gone = createPrometheusClient({ url: 'http://127.0.0.1:1' });
    expect(await gone.vector('up')).toMatchObject({
      ok: false,
      query: 'up',
      message: expect.stringMatching(/: connect ECONNREFUSED 127\.0\.0\.1:1$/),
    });
  });

  it('throws the reason of a cancellation', async () => {
    const cancelled = createPrometheusClient({ url: 'http://127.0.0.1:1', signal: AbortSignal.abort(new Error('cancelled')) });
    await expect(cancelled.vector('up')).rejects.toThrow('cancelled');
  });
});
