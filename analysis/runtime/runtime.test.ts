import { readGcPauses, readRuntimeMetrics, type RuntimeSample } from './sample.ts';
import { judgeRuntime, readRuntimeSamples, runtimeByPod, summarizeRuntime } from './summary.ts';

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
  gcSysBytes: null,
  schedulerWaits: null,
  pool: null,
  requests: null,
};

test('reads the runtime from Prometheus text', () => {
  expect(readRuntimeMetrics(page)).toEqual({
    goroutines: 74,
    heapBytes: 4_500_000,
    gcCpuSeconds: 0.25,
    totalCpuSeconds: null,
    gcAssistCpuSeconds: 0.05,
    gcSysBytes: 3_000_000,
    schedulerWaits: [
      [0.001, 90],
      [null, 100],
    ],
    pool: { acquired: 8, most: 10, acquires: 500, emptyAcquires: 20, emptyWaitSeconds: 1.5, cancelled: 0 },
    requests: { requests: 30, seconds: 1.5 },
  });
});

test('takes an absent, doubled or nonsensical value for unknown, never for 0', () => {
  expect(readRuntimeMetrics('')).toEqual(unknown);
  expect(readRuntimeMetrics(page.replace(/^pgxpool_max_conns.*$/mu, '')).pool).toBeNull();
  expect(readRuntimeMetrics(page.replace('le="0.001"} 90', 'le="0.001"} many')).schedulerWaits).toBeNull();
  expect(readRuntimeMetrics('go_goroutines 1\ngo_goroutines 2').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines{a="b"} 1').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines').goroutines).toBeNull();
  expect(readRuntimeMetrics('go_goroutines +Inf').goroutines).toBeNull();
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
    sample(5, { pauses: { collections: 276, recent: [[endNs(4), 1]] } }),
  ]);
  expect(facts[0]?.text).toContain('10 pauses lost');
});

test('tells the story of all pods in one line', () => {
  const facts = summarizeRuntime([
    sample(0),
    sample(5, { goroutines: 74, gcCpuSeconds: 1.21, totalCpuSeconds: 110, pauses: { collections: 11, recent: [[endNs(3), 400_000]] } }),
    sample(0, { pod: 'b', goroutines: 50 }),
  ]);
  expect(facts).toHaveLength(1);
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

test('finds goroutines high only when they stay', () => {
  const high = (...values: number[]) => values.map((goroutines, i) => sample(5 * i, { goroutines }));
  expect(judgeRuntime(high(10, 5_001, 9_000, 5_500), ['sha256:x'])).toMatchObject([
    { code: 'GoroutinesHigh', subject: 'pod a', outcome: 'fail', measured: 5_001, limit: 5_000, evidence: ['sha256:x'] },
  ]);
  expect(judgeRuntime(high(9_000, 9_000, 10, 9_000, 9_000))).toEqual([]);
  expect(judgeRuntime(high(5_000, 5_000, 5_000))).toEqual([]);
});

test('is unknown only when no pod could be read', () => {
  const lost = sample(0, { pod: 'b', unread: 'connection refused', goroutines: null });
  expect(judgeRuntime([sample(0), lost])).toEqual([]);
  expect(judgeRuntime([lost])).toMatchObject([
    { code: 'RuntimeUnknown', outcome: 'inconclusive', message: expect.stringContaining('connection refused') },
  ]);
  expect(judgeRuntime([])).toMatchObject([{ code: 'RuntimeUnknown', message: expect.stringContaining('no pod was found') }]);
  expect(summarizeRuntime([lost])).toEqual([]);
});

test('reads back the samples it stored', async () => {
  const samples = [sample(0), sample(5, { pod: 'ü' })];
  async function* bytes() {
    for (const byte of new TextEncoder().encode(samples.map((each) => `${JSON.stringify(each)}\n`).join(''))) yield Uint8Array.of(byte);
  }
  expect(await readRuntimeSamples(bytes())).toEqual(samples);
});
