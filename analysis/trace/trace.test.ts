import { describe, expect, test } from '@jest/globals';
import { criticalPaths } from './critical-path.ts';
import { describeTraces } from './describe.ts';
import { readTraces } from './read.ts';
import { slowBand } from './slow-band.ts';
import { otlp as asOtlp, type FixtureTrace } from '../testing/traces.ts';
import { slowTrace } from './waterfall.ts';

interface FixtureSpan {
  id: string;
  parent?: string;
  name: string;
  fromMs: number;
  toMs: number;
  kind?: 'SERVER' | 'CLIENT' | 'CONSUMER';
  status?: { code: number };
  attributes?: Record<string, string | number>;
}
const BASE = 1_795_435_200_000_000_000n;
const otlp = (traces: FixtureSpan[][]) =>
  readTraces(
    new TextEncoder().encode(
      JSON.stringify({
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'api' } }] },
            scopeSpans: [
              {
                spans: traces.flatMap((spans, trace) =>
                  spans.map(({ id, parent = '', name, fromMs, toMs, kind = 'INTERNAL', status, attributes = {} }) => ({
                    traceId: String(trace).padStart(32, '0'),
                    spanId: id.padStart(16, '0'),
                    parentSpanId: parent === '' ? '' : parent.padStart(16, '0'),
                    name,
                    kind: `SPAN_KIND_${kind}`,
                    startTimeUnixNano: String(BASE + BigInt(fromMs) * 1_000_000n),
                    endTimeUnixNano: String(BASE + BigInt(toMs) * 1_000_000n),
                    ...(status ? { status } : {}),
                    attributes: Object.entries(attributes).map(([key, value]) => ({
                      key,
                      value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
                    })),
                  })),
                ),
              },
            ],
          },
        ],
      }),
    ),
  );
const root = (toMs: number): FixtureSpan => ({ id: 'a', name: 'POST /order', fromMs: 0, toMs });
const child = (id: string, name: string, fromMs: number, toMs: number, more: Partial<FixtureSpan> = {}): FixtureSpan => ({
  id,
  parent: 'a',
  name,
  fromMs,
  toMs,
  ...more,
});
/** Exclusive time on the critical path, ms, by span name. */
const times = (...trace: FixtureSpan[]) => {
  const spans = otlp([trace]);
  const { exclusiveUs } = criticalPaths(spans);
  return Object.fromEntries(
    trace.map(({ name }, i) => [name, Number.isNaN(exclusiveUs[i] as number) ? null : (exclusiveUs[i] as number) / 1_000]),
  );
};

describe('the critical path', () => {
  test('gives a parent what its children leave, and of two at once the one that ends last', () => {
    expect(times(root(100), child('b', 'db', 10, 90))).toEqual({ 'POST /order': 20, db: 80 });
    const { 'POST /order': own, long } = times(root(100), child('b', 'short', 10, 50), child('c', 'long', 10, 90));
    expect([own, long]).toEqual([20, 80]);
  });

  test('adds up to the length of the root', () => {
    const found = times(root(100), child('b', 'first', 10, 40), child('c', 'second', 40, 80), {
      id: 'd',
      parent: 'c',
      name: 'inner',
      fromMs: 50,
      toMs: 70,
    });
    expect(Object.values(found).reduce<number>((sum, ms) => sum + (ms ?? 0), 0)).toBeCloseTo(100, 6);
    expect(found).toMatchObject({ first: 30, second: 20, inner: 20 });
  });

  test('cuts a child that outlasts its parent, and counts an orphan and leaves it out', () => {
    const spans = otlp([[root(100), child('b', 'late', 50, 150), { id: 'c', parent: 'gone', name: 'orphan', fromMs: 0, toMs: 10 }]]);
    const paths = criticalPaths(spans);
    expect([paths.cut, paths.orphans]).toEqual([1, 1]);
  });
});

describe('clocks that disagree', () => {
  const call = (fromMs: number, toMs: number, more: Partial<FixtureSpan> = {}) =>
    child('b', 'call', fromMs, toMs, { kind: 'CLIENT', ...more });
  const served = (fromMs: number, toMs: number): FixtureSpan => ({ id: 'c', parent: 'b', name: 'serve', fromMs, toMs, kind: 'SERVER' });
  const below = (fromMs: number, toMs: number): FixtureSpan => ({ id: 'd', parent: 'c', name: 'db', fromMs, toMs });
  const countsOf = (...trace: FixtureSpan[]) => {
    const { cut, outside, shifted } = criticalPaths(otlp([trace]));
    return { cut, outside, shifted };
  };

  test.each([
    ['before', -5_000],
    ['half', 30],
    ['after', 7_000],
  ])('shift a server’s span that lies %s its call into the middle of it, with what is below', (_, by) => {
    const trace = [root(100), call(10, 90), served(20 + by, 80 + by), below(30 + by, 70 + by)];
    expect(times(...trace)).toEqual({ 'POST /order': 20, call: 20, serve: 20, db: 40 });
    expect(countsOf(...trace)).toEqual({ cut: 0, outside: 0, shifted: 1 });
    expect(slowTrace(otlp([trace]))?.rows.map(({ startMs }) => startMs)).toEqual([0, 10, 20, 30]);
    expect(JSON.stringify(describeTraces(otlp([trace])))).toContain('because of clock skew: 1');
  });

  test('shift nothing that fits, nothing a client gave up on, and no work that is not served', () => {
    expect(countsOf(root(100), call(10, 90), served(10, 90))).toEqual({ cut: 0, outside: 0, shifted: 0 });
    expect(countsOf(root(100), call(10, 50, { status: { code: 2 } }), served(40, 70))).toEqual({ cut: 1, outside: 0, shifted: 0 });
    expect(countsOf(root(100), child('b', 'late', 200, 300))).toEqual({ cut: 0, outside: 1, shifted: 0 });
  });

  test('and work that outlasts its call is cut to it', () => {
    expect(countsOf(root(100), call(10, 50), served(-20, 60))).toEqual({ cut: 1, outside: 0, shifted: 1 });
  });
});

describe('a span’s status', () => {
  const failuresOf = (kind: 'CLIENT' | 'SERVER', attributes: Record<string, string | number>) =>
    slowBand(otlp([[root(100), child('b', 'call', 10, 90, { kind, attributes })]]), { minTraces: 1 })?.failures.map(({ status }) => status);

  test.each([
    ['CLIENT', { 'rpc.grpc.status_code': 5 }, ['gRPC NOT_FOUND']],
    ['SERVER', { 'rpc.grpc.status_code': 5 }, []],
    ['SERVER', { 'rpc.grpc.status_code': 14 }, ['gRPC UNAVAILABLE']],
    ['SERVER', { 'rpc.response.status_code': 'DEADLINE_EXCEEDED' }, ['gRPC DEADLINE_EXCEEDED']],
    ['SERVER', { 'rpc.grpc.status_code': 8 }, []],
    ['CLIENT', { 'rpc.grpc.status_code': 0 }, []],
    ['CLIENT', { 'rpc.system.name': 'jsonrpc', 'rpc.response.status_code': '-32602' }, []],
    ['CLIENT', { 'http.response.status_code': 404 }, ['HTTP 404']],
    ['SERVER', { 'http.response.status_code': 404 }, []],
    ['SERVER', { 'http.status_code': 503 }, ['HTTP 503']],
    ['CLIENT', { 'http.status_code': 200 }, []],
  ] as const)('of a %s with %j fails as %j, flagged or not', (kind, attributes, failures) =>
    expect(failuresOf(kind, attributes)).toEqual(failures),
  );
});

test('says which spans nobody waits for', () => {
  const trace = otlp([[root(100), child('b', 'mail', 10, 20, { kind: 'CONSUMER' })]]);
  expect(slowTrace(trace)?.rows.map(({ asynchronous }) => asynchronous)).toEqual([false, true]);
  expect(describeTraces(trace).tables[0]?.notes).toContain('asynchronous spans, on no critical path: 1');
});

describe('the slow band', () => {
  // 40 traces of 10 ms, of which the last four wait 200 ms for Redis.
  const traces = Array.from({ length: 40 }, (_, i) =>
    i < 36 ? [root(10)] : [root(210), child('b', 'redis pipeline', 5, 205, { attributes: { 'db.system': 'redis' }, status: { code: 2 } })],
  );

  test('names where slow requests spend their time, not where all do', () => {
    const band = slowBand(otlp(traces));
    expect(band?.operations[0]).toMatchObject({ operation: '[api] redis pipeline', category: 'redis' });
    expect(band?.operations[0]?.share).toBeCloseTo(200 / 210, 6);
    expect(band?.failures).toEqual([expect.objectContaining({ operation: '[api] redis pipeline', count: 4 })]);
    expect([band?.traces, band?.fromMs]).toEqual([40, 210]);
  });

  test('needs at least twenty traces', () => {
    expect(slowBand(otlp(traces.slice(0, 19)))).toBeNull();
    expect(slowBand(otlp(traces.slice(0, 20)))).not.toBeNull();
  });
});

test('reports self time: what no child covers, however many run in parallel, on or off the path', () => {
  const trace = [
    root(100),
    child('b', 'short', 10, 50),
    child('c', 'long', 30, 90),
    child('d', 'mail', 92, 99, { kind: 'CONSUMER' }),
    { id: 'e', parent: 'b', name: 'inner', fromMs: 20, toMs: 45 },
  ];
  // The two at once cover 80 ms together; nobody waits for the mail.
  expect(slowTrace(otlp([trace]))?.rows.map(({ operation, selfMs }) => [operation, selfMs])).toEqual([
    ['[api] POST /order', 20],
    ['[api] short', 15],
    ['[api] inner', 25],
    ['[api] long', 60],
    ['[api] mail', 7],
  ]);
  const { columns, rows } = describeTraces(otlp([trace])).tables[0] as { columns: { name: string }[]; rows: unknown[][] };
  expect(rows.map((row) => [row[0], row[columns.findIndex(({ name }) => name === 'self time per trace')]])).toEqual([
    ['[api] long', 60],
    ['[api] POST /order', 20],
  ]);
});

describe('what the service waits for', () => {
  const waits = (...spans: FixtureTrace['spans']): Record<string, string | null> => {
    const band = slowBand(readTraces(new TextEncoder().encode(asOtlp([{ id: 1, spans }]))), { minTraces: 1, service: 'api' });
    return Object.fromEntries((band?.operations ?? []).map(({ operation, waitsOn }) => [operation, waitsOn]));
  };
  const served = { id: 2, name: 'GET /', fromMs: 0, toMs: 100 };

  test('is the call, whatever the service at its other end does meanwhile', () => {
    expect(
      waits(
        served,
        { id: 3, parent: 2, name: 'SELECT', system: 'postgresql', fromMs: 0, toMs: 20 },
        { id: 4, parent: 2, name: 'Quote', service: 'pricing', fromMs: 20, toMs: 95 },
        { id: 5, parent: 4, name: 'SELECT', service: 'pricing', system: 'postgresql', fromMs: 25, toMs: 60 },
        { id: 6, parent: 4, name: 'pipeline', service: 'pricing', system: 'redis', fromMs: 60, toMs: 90 },
      ),
    ).toEqual({
      '[api] GET /': 'own code',
      '[api] SELECT': 'database',
      '[pricing] Quote': 'grpc',
      '[pricing] SELECT': 'grpc',
      '[pricing] pipeline': 'grpc',
    });
  });

  test("uses the kind on the service's side of the call, where a database proxy has spans too", () => {
    expect(
      waits(
        served,
        { id: 3, parent: 2, name: 'SELECT', system: 'postgresql', fromMs: 5, toMs: 95 },
        { id: 4, parent: 3, name: 'proxy', service: 'bouncer', fromMs: 10, toMs: 90 },
      ),
    ).toMatchObject({ '[api] SELECT': 'database', '[bouncer] proxy': 'database' });
  });

  test('is none of what calls the service, and still its own where another service calls back', () => {
    expect(
      waits(
        { id: 1, name: 'proxy', service: 'ingress', fromMs: 0, toMs: 200 },
        { ...served, parent: 1, fromMs: 50, toMs: 190 },
        { id: 3, parent: 2, name: 'Quote', service: 'pricing', fromMs: 60, toMs: 180 },
        { id: 4, parent: 3, name: 'GET /rates', fromMs: 70, toMs: 170 },
      ),
    ).toEqual({ '[ingress] proxy': null, '[api] GET /': 'own code', '[pricing] Quote': 'grpc', '[api] GET /rates': 'own code' });
  });
});

test('draws a slow trace as a waterfall, children below their parents', () => {
  const drawn = slowTrace(otlp([[root(100), child('b', 'db', 10, 90)]]));
  expect(drawn?.totalMs).toBe(100);
  expect(
    drawn?.rows.map(({ operation, depth, startMs, durationMs, exclusiveMs }) => [operation, depth, startMs, durationMs, exclusiveMs]),
  ).toEqual([
    ['[api] POST /order', 0, 0, 100, 20],
    ['[api] db', 1, 10, 80, 80],
  ]);
});
