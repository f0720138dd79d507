import { describe, expect, test } from '@jest/globals';
import { criticalPaths } from './critical-path.ts';
import { readTraces } from './read.ts';
import { slowBand } from './slow-band.ts';
import { slowTrace } from './waterfall.ts';

interface FixtureSpan {
  id: string;
  parent?: string;
  name: string;
  fromMs: number;
  toMs: number;
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
                  spans.map(({ id, parent = '', name, fromMs, toMs, status, attributes = {} }) => ({
                    traceId: String(trace).padStart(32, '0'),
                    spanId: id.padStart(16, '0'),
                    parentSpanId: parent === '' ? '' : parent.padStart(16, '0'),
                    name,
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

  test('is not told from fewer than twenty traces', () => {
    expect(slowBand(otlp(traces.slice(0, 19)))).toBeNull();
    expect(slowBand(otlp(traces.slice(0, 20)))).not.toBeNull();
  });
});

test('draws a slow trace as a waterfall, children below their parents', () => {
  const drawn = slowTrace(otlp([[root(100), child('b', 'db', 10, 90)]]));
  expect(drawn?.totalMs).toBe(100);
  expect(
    drawn?.rows.map(({ operation, depth, startMs, lengthMs, exclusiveMs }) => [operation, depth, startMs, lengthMs, exclusiveMs]),
  ).toEqual([
    ['[api] POST /order', 0, 0, 100, 20],
    ['[api] db', 1, 10, 80, 80],
  ]);
});
