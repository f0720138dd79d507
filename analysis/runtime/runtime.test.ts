import { readGcPauses, readRuntimeMetrics, type RuntimeSample } from './sample.ts';
import { readRuntimeSamples } from './read-samples.ts';
import { pausesOf } from './pods.ts';
import { runtimeByPod, summarizeRuntime } from './summary.ts';

const start = Date.UTC(2026, 10, 23, 12);
const endNs = (second: number): string => String(BigInt(start + second * 1_000) * 1_000_000n);
const sample = (second: number, part: Partial<RuntimeSample> = {}): RuntimeSample => ({
  at: new Date(start + second * 1_000).toISOString(),
  pod: 'a',
  unread: null,
  goroutines: 61,
  heapBytes: 4_000_000,
  gcCpuSeconds: 1,
  totalCpuSeconds: 100,
  pauses: { collections: 10, recent: [] },
  ...part,
});

const page = `# HELP go_goroutines Number of goroutines that currently exist.
# TYPE go_goroutines gauge
go_goroutines 74
go_goroutines_other 5
go_memstats_heap_alloc_bytes 4.5e+06
go_cpu_classes_gc_total_cpu_seconds_total 0.25 1795435200000
go_cpu_classes_total_cpu_seconds_total NaN
go_cpu_classes_gc_mark_assist_cpu_seconds_total 0.05
go_memstats_gc_sys_bytes 3e+06
go_sched_latencies_seconds_bucket{le="0.001"} 90
go_sched_latencies_seconds_bucket{le="+Inf"} 100
pgxpool_acquired_conns 8
pgxpool_max_conns 10
pgxpool_acquire_total 500
pgxpool_empty_acquire_total 20
pgxpool_empty_acquire_wait_seconds_total 1.5
pgxpool_canceled_acquire_total 0
http_request_duration_seconds_sum{route="/a"} 1.5
http_request_duration_seconds_count{route="/a"} 30
`;
const unknown = {
  goroutines: null,
  heapBytes: null,
  gcCpuSeconds: null,
  totalCpuSeconds: null,
  gcAssistCpuSeconds: null,
  gcIdleCpuSeconds: null,
  gcSysBytes: null,
  schedulerWaits: null,
  pools: null,
  requests: null,
};

test('reads the runtime from Prometheus text', () => {
  expect(readRuntimeMetrics(page)).toEqual({
    goroutines: 74,
    heapBytes: 4_500_000,
    gcCpuSeconds: 0.25,
    totalCpuSeconds: null,
    gcAssistCpuSeconds: 0.05,
    gcIdleCpuSeconds: null,
    gcSysBytes: 3_000_000,
    schedulerWaits: [
      [0.001, 90],
      [null, 100],
    ],
    pools: [{ labels: '', acquired: 8, most: 10, acquires: 500, emptyAcquires: 20, emptyWaitSeconds: 1.5, cancelled: 0 }],
    requests: { requests: 30, seconds: 1.5 },
  });
});

test('takes an absent, duplicate or invalid value for unknown, never for 0', () => {
  expect(readRuntimeMetrics('')).toEqual(unknown);
  expect(readRuntimeMetrics(page.replace('le="0.001"} 90', 'le="0.001"} many')).schedulerWaits).toBeNull();
  expect(readRuntimeMetrics('go_goroutines 1\ngo_goroutines 2').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines{a="b"} 1\ngo_goroutines{a="c"} 1').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines +Inf').goroutines).toBeNull();
});

test('takes one series whatever constant labels it carries', () => {
  expect(readRuntimeMetrics('go_goroutines{app="sh}op",zone="a \\"b\\""} 74 1795435200000').goroutines).toBe(74);
  const waits = ['0.001', '+Inf'].map((le, i) => `go_sched_latencies_seconds_bucket{app="shop",le="${le}"} ${i}`);
  expect(readRuntimeMetrics(waits.join('\n')).schedulerWaits).toEqual([
    [0.001, 0],
    [null, 1],
  ]);
  expect(readRuntimeMetrics(`${waits.join('\n')}\n${waits.join('\n').replaceAll('shop', 'other')}`).schedulerWaits).toBeNull();
});

test.each([
  [
    'IBM/pgxpoolprometheus',
    [
      'acquired_conns{db="a"} 8',
      'max_conns{db="a"} 10',
      'acquire_count{db="a"} 500',
      'empty_acquire{db="a"} 20',
      'canceled_acquire_count{db="a"} 1',
    ],
    null,
  ],
  [
    'cmackenzie1/pgxpool-prometheus',
    [
      'acquired_conns 8',
      'max_conns 10',
      'acquire_count_total 500',
      'empty_acquire_count_total 20',
      'canceled_acquire_count_total 1',
      'empty_acquire_wait_time_seconds_total 1.5',
    ],
    1.5,
  ],
  [
    'exaring/otelpgx',
    [
      'acquired_connections 8',
      'max_connections 10',
      'acquires_total 500',
      'empty_acquire_total 20',
      'canceled_acquires_total 1',
      'empty_acquire_wait_time_nanoseconds_total 1.5e9',
    ],
    1.5,
  ],
])('reads the pool as %s names it, and leaves open what it does not tell', (_, lines, waited) => {
  const { pools } = readRuntimeMetrics(lines.map((line) => `pgxpool_${line}`).join('\n'));
  const labels = lines[0]?.includes('db="a"') ? 'db="a"' : '';
  expect(pools).toEqual([{ labels, acquired: 8, most: 10, acquires: 500, emptyAcquires: 20, emptyWaitSeconds: waited, cancelled: 1 }]);
});

test('reads two pools by their labels, and assigns a metric without them to neither', () => {
  const page = ['read', 'write'].map(
    (db, i) => `pgxpool_max_conns{app="shop",db="${db}"} ${i + 1}\npgxpool_acquire_total{app="shop",db="${db}"} ${i}\n`,
  );
  expect(readRuntimeMetrics(page.join('')).pools).toMatchObject([
    { labels: 'app="shop",db="read"', most: 1, acquires: 0 },
    { labels: 'app="shop",db="write"', most: 2, acquires: 1 },
  ]);
  expect(readRuntimeMetrics(`${page.join('')}pgxpool_acquired_conns 3\n`).pools).toMatchObject([
    { most: 1, acquired: null },
    { most: 2, acquired: null },
    { labels: '', most: null, acquired: 3 },
  ]);
});

test('does not read a duplicate pool metric, or a wait time without its unit', () => {
  const { pools } = readRuntimeMetrics('pgxpool_max_conns 10\npgxpool_max_conns 4\npgxpool_acquired_conns 3\npgxpool_empty_acquire_wait 9');
  expect(pools).toMatchObject([{ acquired: 3, most: null, emptyWaitSeconds: null }]);
});

test('reports a pool without readable metrics, which is not the absence of a pool', () => {
  expect(readRuntimeMetrics('pgxpool_max_conns NaN').pools).toMatchObject([{ most: null, acquires: null }]);
  expect(readRuntimeMetrics('pgxpool_other 1').pools).toBeNull();
});

test('reads exact pauses from a heap profile, without the empty slots', () => {
  const text =
    'heap profile: 1: 2 [3: 4] @ heap/524288\n\n# runtime.MemStats\n# PauseNs = [120000 0 340000 0]\n# PauseEnd = [1795435200000000001 0 1795435201000000002 0]\n# NumGC = 2\n';
  expect(readGcPauses(text)).toEqual({
    collections: 2,
    recent: [
      ['1795435200000000001', 120_000],
      ['1795435201000000002', 340_000],
    ],
  });
  expect(readGcPauses(text.replace('# NumGC = 2\n', ''))).toBeNull();
  expect(readGcPauses(text.replace(' 0]', ']'))).toBeNull();
});

test('counts a pause once though two samples show it, and none from before the load', () => {
  const [pod] = runtimeByPod([
    sample(0, { pauses: { collections: 2, recent: [[endNs(-5), 9_000_000]] } }),
    sample(5, {
      pauses: {
        collections: 3,
        recent: [
          [endNs(-5), 9_000_000],
          [endNs(2), 400_000],
        ],
      },
    }),
    sample(10, {
      pauses: {
        collections: 4,
        recent: [
          [endNs(2), 400_000],
          [endNs(7), 100_000],
        ],
      },
    }),
  ]);
  expect(pod?.pausesMs).toEqual([0.1, 0.4]);
  expect(pod?.pausesLost).toBe(0);
});

test('says how many pauses were lost between samples', () => {
  const facts = summarizeRuntime([
    sample(0, { pauses: { collections: 10, recent: [] } }),
    sample(5, { pauses: { collections: 276, recent: Array.from({ length: 256 }, (_, i): [string, number] => [endNs(4 + i / 1_000), 1]) } }),
  ]);
  expect(facts[0]?.text).toContain('10 pauses lost');
});

test('summarizes all pods in one line', () => {
  const facts = summarizeRuntime([
    sample(0),
    sample(5, { goroutines: 74, gcCpuSeconds: 1.21, totalCpuSeconds: 110, pauses: { collections: 11, recent: [[endNs(3), 400_000]] } }),
    sample(0, { pod: 'b', goroutines: 50 }),
  ]);
  expect(facts.filter(({ subject }) => subject === 'runtime')).toHaveLength(1);
  expect(facts[0]).toMatchObject({
    subject: 'runtime',
    text: 'goroutines 61 → 74, GC pause p99 0.4 ms of 1, GC CPU 2.1 % (highest of 2 pods)',
  });
});

test('leaves out the stretch over which a process started anew', () => {
  const [pod] = runtimeByPod([
    sample(0),
    sample(5, { gcCpuSeconds: 0.1, totalCpuSeconds: 2 }),
    sample(10, { gcCpuSeconds: 0.3, totalCpuSeconds: 6 }),
  ]);
  expect(pod?.totalCpuSeconds).toBeCloseTo(4);
  expect(pod?.gcCpuSeconds).toBeCloseTo(0.2);
});

test('reads back the samples it stored', async () => {
  const samples = [sample(0), sample(5, { pod: 'ü' })];
  async function* bytes() {
    for (const byte of new TextEncoder().encode(samples.map((each) => `${JSON.stringify(each)}\n`).join(''))) yield Uint8Array.of(byte);
  }
  expect(await readRuntimeSamples(bytes())).toEqual(samples);
});

test.each([
  ['a line that is cut off', '{"at":"2026-11-23T12:00:00.000Z","pod":"a","unr', 'line 1: not a JSON document'],
  ['no object', '7', 'sample 1: not a runtime sample: it is not an object'],
  ['a time that is none', JSON.stringify(sample(0, { at: 'soon' })), 'sample 1: not a runtime sample: "at" is not a timestamp'],
  ['a figure that is text', JSON.stringify({ ...sample(0), heapBytes: '4 MB' }), '"heapBytes" is not a number of at least 0'],
  [
    'the end of a pause that is no number',
    JSON.stringify(sample(0, { pauses: { collections: 1, recent: [['1.5e9', 3]] } })),
    '"pauses" are malformed',
  ],
  ['buckets that are none', JSON.stringify({ ...sample(0), schedulerWaits: [1] }), '"schedulerWaits" are malformed'],
  ['a pool without labels', JSON.stringify({ ...sample(0), pools: [{ most: 4 }] }), '"pools" are malformed'],
  ['a pool figure that is text', JSON.stringify({ ...sample(0), pools: [{ labels: '', most: 'ten' }] }), '"pools" are malformed'],
  ['a pool that is a number', JSON.stringify({ ...sample(0), pool: 4 }), '"pool" has a value that is not a number of at least 0'],
])('refuses %s, and says where', async (_, text, message) => {
  async function* bytes() {
    yield new TextEncoder().encode(`${text}\n`);
  }
  await expect(readRuntimeSamples(bytes())).rejects.toMatchObject({
    name: 'UnreadableEvidence',
    message: expect.stringContaining(message),
  });
});

test('counts pauses lost across a sample without them', () => {
  const at = (second: number, collections: number | null) =>
    sample(second, { pauses: collections === null ? null : { collections, recent: [] } });
  expect(runtimeByPod([at(0, 10), at(5, null), at(10, 300)])[0]?.pausesLost).toBe(290);
});

test('places a pause between the two samples that show it, when the clock of the pod is wrong', () => {
  const looks = [
    sample(0),
    sample(5, {
      pauses: {
        collections: 12,
        recent: [
          [endNs(-3_600), 1],
          [endNs(3), 2],
        ],
      },
    }),
  ];
  expect(pausesOf(looks)).toEqual({
    lost: 0,
    pauses: [
      { endMs: start, ms: 1e-6 },
      { endMs: start + 3_000, ms: 2e-6 },
    ],
  });
});

test('counts the pauses of a process that started anew from its start', () => {
  const looks = [
    sample(0),
    sample(5, {
      pauses: {
        collections: 2,
        recent: [
          [endNs(3), 1],
          [endNs(4), 1],
        ],
      },
    }),
  ];
  expect(pausesOf(looks)).toMatchObject({ lost: 0, pauses: [{}, {}] });
});

test('reports a longer sample interval at the end', () => {
  const every = (...seconds: number[]) => summarizeRuntime(seconds.map((second) => sample(second))).map(({ text }) => text);
  const even = Array.from({ length: 30 }, (_, i) => 5 * i);
  const told = 'sample interval: 5 s at the start, 20 s at the end';
  expect(every(...even)).not.toContain(told);
  // A single long look is none.
  expect(every(...even, 190)).not.toContain(told);
  expect(every(...even, ...Array.from({ length: 12 }, (_, i) => 165 + 20 * i))).toContain(told);
});
