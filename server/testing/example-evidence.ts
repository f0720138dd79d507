// Evidence of a load test that went wrong, in every form that has a picture. Made here; nothing of it was captured anywhere.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { profileBytes, request } from '../../analysis/testing/profile.ts';
import type { EvidenceKind, EvidenceRef } from '../../verdict/finding.ts';

const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const json = [
  'shop.example/api/internal/shop.reprice /src/shop/reprice.go:9',
  'shop.example/api/internal/shop.(*API).prepare /src/shop/order.go:40',
];

const cpu = (jsonMs: number) =>
  gzipSync(
    profileBytes(
      ['samples/count', 'cpu/nanoseconds'],
      [
        { stack: request('encoding/json.(*decodeState).object', 'encoding/json.Unmarshal', ...json), values: [jsonMs / 10, jsonMs * 1e6] },
        {
          stack: request('runtime.mallocgc', 'encoding/json.(*decodeState).literalStore', 'encoding/json.Unmarshal', ...json),
          values: [90, 900e6],
        },
        {
          stack: request('runtime.scanobject', 'runtime.gcAssistAlloc', 'runtime.mallocgc', 'encoding/json.Unmarshal', ...json),
          values: [60, 600e6],
        },
        { stack: request('syscall.Syscall', 'internal/poll.(*FD).Write', 'net.(*conn).Write'), values: [80, 800e6] },
        { stack: ['runtime.futex', 'runtime.findRunnable', 'runtime.schedule'], values: [70, 700e6] },
      ],
    ),
  );

const heap = gzipSync(
  profileBytes(
    ['alloc_objects/count', 'alloc_space/bytes', 'inuse_objects/count', 'inuse_space/bytes'],
    [
      { stack: request('encoding/json.Unmarshal', ...json), values: [90_000, 720e6, 120, 1e6] },
      { stack: request('bytes.(*Buffer).grow', 'io.ReadAll'), values: [800, 96e6, 40, 4e6] },
      { stack: ['shop.example/api/internal/shop.(*Cache).Put /src/shop/cache.go:31', 'runtime.main'], values: [2_000, 64e6, 1_900, 61e6] },
    ],
  ),
);

const node = (type: string, more: object, ...plans: object[]) => ({
  'Node Type': type,
  'Actual Loops': 1,
  ...more,
  ...(plans.length > 0 ? { Plans: plans } : {}),
});
const plan = [
  {
    'Query Text': 'SELECT count(*) FROM order_archive WHERE customer = $1',
    Plan: node(
      'Aggregate',
      {
        'Actual Total Time': 41.2,
        'Actual Rows': 1,
        'Plan Rows': 1,
        'Total Cost': 900,
        'Shared Hit Blocks': 2_900,
        'Shared Read Blocks': 40,
      },
      node('Seq Scan', {
        'Relation Name': 'order_archive',
        'Actual Total Time': 40.9,
        'Actual Rows': 20,
        'Plan Rows': 2_000,
        'Total Cost': 890,
        Filter: '(customer = $1)',
        'Rows Removed by Filter': 399_980,
      }),
    ),
    'Execution Time': 41.3,
    'Planning Time': 0.1,
  },
];

const at = 1_700_000_000_000_000_000n;
const span = (
  traceId: string,
  spanId: string,
  parentSpanId: string,
  name: string,
  fromMs: number,
  toMs: number,
  attributes: Record<string, string> = {},
) => ({
  traceId,
  spanId,
  parentSpanId,
  name,
  kind: 3,
  startTimeUnixNano: String(at + BigInt(fromMs) * 1_000_000n),
  endTimeUnixNano: String(at + BigInt(toMs) * 1_000_000n),
  attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
});
const traces = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'go-api' } }] },
      scopeSpans: [
        {
          spans: Array.from({ length: 40 }, (_, i) => {
            const trace = String(i).padStart(4, '0');
            const slow = 300 + i * 4;
            return [
              span(trace, `${trace}a`, '', 'POST /api/order/create', 0, slow + 12),
              span(trace, `${trace}b`, `${trace}a`, 'prepare order', 1, 5),
              span(trace, `${trace}c`, `${trace}a`, 'postgresql query', 6, 9, { 'db.system': 'postgresql' }),
              span(trace, `${trace}d`, `${trace}a`, 'redis pipeline', 10, slow + 10, { 'db.system': 'redis' }),
            ];
          }).flat(),
        },
      ],
    },
  ],
};

const goroutines = profileBytes(
  ['goroutine/count'],
  [
    {
      stack: request(
        'runtime.gopark',
        'internal/poll.runtime_pollWait',
        'github.com/redis/go-redis/v9.(*Pipeline).Exec github.com/redis/go-redis/v9@v9.1.0/pipeline.go:9',
        'shop.example/api/internal/shop.(*Redis).Record /src/shop/redis.go:72',
      ),
      values: [41],
    },
    {
      stack: ['runtime.gopark', 'runtime.netpollblock', 'internal/poll.runtime_pollWait', 'net/http.(*conn).serve net/http/server.go:2070'],
      values: [12],
    },
  ],
);

const pieces = {
  cpu: ['cpu-profile', cpu(2_400), 'pod shop-staging/go-api-1'],
  otherCpu: ['cpu-profile', cpu(800), 'pod shop-staging/go-api-2'],
  plan: ['query-plan', text(plan), 'database shop-staging'],
  traces: ['traces', text(traces), 'go-api in lab'],
  goroutines: ['goroutine-profile', goroutines, 'pod shop-staging/go-api-1'],
  heap: ['heap-profile', heap, 'pod shop-staging/go-api-1'],
  damaged: ['heap-profile', gzipSync(new Uint8Array([1, 2, 3])).subarray(0, 12), 'pod shop-staging/go-api-1'],
} as const satisfies Record<string, readonly [EvidenceKind, Uint8Array, string]>;

const refOf = ([kind, bytes, source]: readonly [EvidenceKind, Uint8Array, string]): EvidenceRef => ({
  kind,
  source,
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  sizeBytes: bytes.length,
  mediaType: 'application/octet-stream',
  capturedAt: '2026-11-21T09:01:30.000Z',
});

/** By name. */
export const exampleRefs = {
  cpu: refOf(pieces.cpu),
  otherCpu: refOf(pieces.otherCpu),
  plan: refOf(pieces.plan),
  traces: refOf(pieces.traces),
  goroutines: refOf(pieces.goroutines),
  heap: refOf(pieces.heap),
  damaged: refOf(pieces.damaged),
};

/** What the refs point to. */
export const exampleBytes: readonly (readonly [digest: string, bytes: Uint8Array])[] = Object.values(pieces).map((piece) => [
  refOf(piece).digest,
  piece[1],
]);
