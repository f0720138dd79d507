import { describe, expect, it } from '@jest/globals';
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { bytesOf, endLine, header, requestLines } from '../testing/points.ts';
import { runLine } from '../load-test/run-record.ts';
import { profileBytes, request } from '../testing/profile.ts';
import type { PoolSample, RuntimeSample } from '../runtime/sample.ts';
import { diagnose } from './diagnose.ts';
import { readDiagnosisRecord, type DiagnosisInput, type DiagnosisRecord } from './record.ts';

const slow: Finding = {
  code: 'LatencyAboveLimit',
  subject: 'POST /api/order/create',
  outcome: 'fail',
  measured: 420,
  limit: 300,
  unit: 'ms',
  message: 'p99 of POST /api/order/create is 420 ms, limit 300 ms',
  evidence: [],
};
const kept: Finding = {
  ...slow,
  code: 'LatencyWithinLimit',
  outcome: 'pass',
  measured: 42,
  message: 'p99 of POST /api/order/create is 42 ms, limit 300 ms',
};
const park = ['runtime.gopark', 'runtime.netpollblock', 'internal/poll.runtime_pollWait'];
const redis = request(
  ...park,
  'github.com/redis/go-redis/v9.(*baseClient).pipelineProcessCmds github.com/redis/go-redis/v9@v9.1.0/redis.go:1',
  'shop.example/api/internal/shop.(*Redis).Record /src/shop/redis.go:72',
);
const goroutines = (count: number, stack: string[], startedAtMs = 0) =>
  profileBytes(['goroutine/count'], [{ stack, values: [count] }], { startedAtMs });
const stuck = [
  'runtime.gopark',
  'runtime.chansend',
  'runtime.chansend1',
  'shop.example/api/internal/shop.notify.func1 /src/shop/notify.go:8',
];
const leaked = profileBytes(['goroutineleak/count'], [{ stack: stuck, values: [12] }]);
const noLeak = profileBytes(['goroutineleak/count'], []);

const samplesOf = (...looks: Partial<RuntimeSample>[]): Uint8Array =>
  bytesOf(
    looks
      .map((look, i) => ({
        at: new Date(Date.UTC(2026, 10, 23, 12) + 5_000 * i).toISOString(),
        pod: 'api-1',
        unread: null,
        goroutines: 20,
        heapBytes: null,
        gcCpuSeconds: null,
        totalCpuSeconds: null,
        pauses: null,
        ...look,
      }))
      .map((look) => `${JSON.stringify(look)}\n`)
      .join(''),
  );

interface Piece {
  kind: EvidenceKind;
  bytes: Uint8Array;
}

function given(
  pieces: Piece[],
  findings: Finding[] = [kept],
  asked: 'during' | 'afterwards' = 'during',
): { record: DiagnosisRecord; read: (digest: string) => AsyncIterable<Uint8Array> } {
  const inputs: DiagnosisInput[] = pieces.map(({ kind }, i) => ({ digest: `sha256:${i}`, kind, source: 'pod staging/api-1' }));
  return {
    record: {
      service: 'api',
      loadTests: [{ name: 'load-test', findings, inputs: asked === 'during' ? inputs : [] }],
      inputs: asked === 'during' ? [] : inputs,
      missing: [],
      lastGood: null,
    },
    read: async function* (digest) {
      yield pieces[Number(digest.slice('sha256:'.length))]?.bytes ?? new Uint8Array();
    },
  };
}
const ask = ({ record, read }: ReturnType<typeof given>) => diagnose(record, read, 'sha256:record');

describe('a diagnosis', () => {
  it('names the cause of a broken limit, with its figures and its evidence', async () => {
    const { findings } = await ask(
      given(
        [
          { kind: 'goroutine-profile', bytes: goroutines(40, redis) },
          { kind: 'goroutine-leak-profile', bytes: noLeak },
        ],
        [slow],
      ),
    );
    expect(findings).toEqual([
      {
        code: 'CauseRedisWait',
        subject: 'shop.(*Redis).Record redis.go:72',
        outcome: 'fail',
        measured: 100,
        limit: null,
        unit: '%',
        message: 'POST /api/order/create: 40 of 40 requests in flight wait for Redis, most at shop.(*Redis).Record redis.go:72',
        evidence: ['sha256:record', 'sha256:0'],
      },
    ]);
  });

  it('is no stronger than what it explains: of a load that was not delivered, a cause decides nothing', async () => {
    const dropped: Finding = { ...slow, code: 'IterationsDropped', outcome: 'inconclusive', measured: 40, limit: 0 };
    const pieces: Piece[] = [{ kind: 'goroutine-profile', bytes: goroutines(40, redis) }];
    expect((await ask(given(pieces, [kept, dropped]))).findings).toMatchObject([{ code: 'CauseRedisWait', outcome: 'inconclusive' }]);
    const { findings } = await ask(given(pieces, [{ ...slow, outcome: 'inconclusive', subject: 'GET /cart', measured: 900 }, slow]));
    expect(findings).toMatchObject([{ code: 'CauseRedisWait', outcome: 'fail' }]);
    expect(findings[0]?.message).toMatch(/^POST \/api\/order\/create: /u);
  });

  it('names no cause where no limit is broken, whatever requests wait for', async () => {
    const { findings } = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(40, redis) },
        { kind: 'goroutine-profile', bytes: goroutines(400, redis) },
        { kind: 'goroutine-leak-profile', bytes: noLeak },
      ]),
    );
    expect(findings).toMatchObject([{ code: 'NothingToExplain', outcome: 'pass' }]);
  });

  it('fails on a leak the runtime has proven, though every limit is kept', async () => {
    const { findings } = await ask(given([{ kind: 'goroutine-leak-profile', bytes: leaked }]));
    expect(findings).toMatchObject([{ code: 'CauseLeakChannel', outcome: 'fail', subject: 'shop.notify.func1 notify.go:8' }]);
    expect(findings[0]?.message).toContain('12 goroutines at shop.notify.func1 notify.go:8 can never end');
  });

  it('does not pass where leaks could not be seen at all', async () => {
    expect((await ask(given([]))).findings).toMatchObject([{ code: 'LeakUnknown', outcome: 'inconclusive' }]);
  });

  it('does not pass where no leak is proven and growth could not be seen', async () => {
    const { findings } = await ask(given([{ kind: 'goroutine-leak-profile', bytes: noLeak }]));
    expect(findings).toMatchObject([{ code: 'LeakUnknown', outcome: 'inconclusive' }]);
    expect(findings[0]?.message).toContain('no pod has two goroutine profiles');
  });

  it('suspects what grew between two profiles, where the runtime cannot prove it, and says in which time', async () => {
    const at = Date.UTC(2026, 10, 23, 12);
    const grown = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(5, stuck, at) },
        { kind: 'goroutine-profile', bytes: goroutines(205, stuck, at + 25_400) },
      ]),
    );
    expect(grown.findings).toMatchObject([{ code: 'LeakSuspected', outcome: 'inconclusive' }]);
    expect(grown.findings[0]?.message).toMatch(/^200 more goroutines than 25\.4 s before wait at shop\.notify\.func1/u);
    const steady = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(205, stuck) },
        { kind: 'goroutine-profile', bytes: goroutines(205, stuck) },
      ]),
    );
    expect(steady.findings).toMatchObject([{ code: 'NothingToExplain' }]);
  });

  it('suspects what grew though the runtime proves no leak, for it cannot where a global variable reaches them', async () => {
    const pieces: Piece[] = [
      { kind: 'goroutine-profile', bytes: goroutines(10, stuck) },
      { kind: 'goroutine-profile', bytes: goroutines(4_490, stuck) },
      { kind: 'goroutine-leak-profile', bytes: noLeak },
    ];
    const { findings } = await ask(given(pieces));
    expect(findings).toMatchObject([{ code: 'LeakSuspected', outcome: 'inconclusive' }]);
    expect(findings[0]?.message).toContain('4480 more goroutines than in the profile before wait at shop.notify.func1 notify.go:8');
    // The same beside a cause of slowness, which stands first; and a proven leak of that place explains it.
    const codes = async (given_: ReturnType<typeof given>) => (await ask(given_)).findings.map(({ code }) => code);
    expect(await codes(given(pieces, [slow]))).toEqual(['CauseUnknown', 'LeakSuspected']);
    expect(await codes(given([...pieces.slice(0, 2), { kind: 'goroutine-leak-profile', bytes: leaked }]))).toEqual(['CauseLeakChannel']);
  });

  it('suspects no goroutines that requests in flight may have started, nor those that had ended when the load did', async () => {
    const both = (sites: [number, string[]][]) =>
      profileBytes(
        ['goroutine/count'],
        sites.map(([count, stack]) => ({ stack, values: [count] })),
      );
    const busy = await ask(
      given([
        {
          kind: 'goroutine-profile',
          bytes: both([
            [1, stuck],
            [1, redis],
          ]),
        },
        {
          kind: 'goroutine-profile',
          bytes: both([
            [200, stuck],
            [60, redis],
          ]),
        },
      ]),
    );
    expect(busy.findings).toMatchObject([{ code: 'NothingToExplain' }]);
    const ended = (last: number): Piece[] => [
      { kind: 'goroutine-profile', bytes: goroutines(5, stuck) },
      { kind: 'goroutine-profile', bytes: goroutines(205, stuck) },
      { kind: 'runtime-samples', bytes: samplesOf({ goroutines: 20 }, { goroutines: 240 }, { goroutines: last }) },
    ];
    expect((await ask(given(ended(60)))).findings).toMatchObject([{ code: 'NothingToExplain' }]);
    expect((await ask(given(ended(230)))).findings).toMatchObject([{ code: 'LeakSuspected' }]);
    // Not looked at after the load: the last look shows the work of requests, and rules nothing out.
    const unseen = samplesOf({ goroutines: 20 }, { goroutines: 40 }, { goroutines: null, unread: 'it did not answer within 2 s' });
    const withoutLast = [...ended(60).slice(0, 2), { kind: 'runtime-samples' as const, bytes: unseen }];
    expect((await ask(given(withoutLast))).findings).toMatchObject([{ code: 'LeakSuspected' }]);
  });

  it.each([
    [
      'a finding that is inconclusive',
      [kept, { ...kept, code: 'LatencyUndecided' as const, subject: 'GET /cart', outcome: 'inconclusive' as const }],
      'LatencyUndecided of GET /cart',
    ],
    [
      'a signal of the runtime that failed',
      [kept, { ...kept, code: 'GcCpuHigh' as const, subject: 'GC CPU of pod a', outcome: 'fail' as const }],
      'GcCpuHigh of GC CPU of pod a',
    ],
    ['no finding at all', [], 'load-test has no finding'],
  ])('does not pass a load test with %s, and says which', async (_, findings, which) => {
    const diagnosis = await ask(
      given(
        [
          { kind: 'goroutine-profile', bytes: goroutines(5, stuck) },
          { kind: 'goroutine-profile', bytes: goroutines(5, stuck) },
          { kind: 'goroutine-leak-profile', bytes: noLeak },
        ],
        findings,
      ),
    );
    expect(diagnosis.findings).toMatchObject([{ code: 'LoadNotPassed', outcome: 'inconclusive' }]);
    expect(diagnosis.findings[0]?.message).toContain(`not all load tests passed: ${which}`);
  });

  it('says that it does not know where nothing stands out, and what it has not seen', async () => {
    const { findings, facts } = await ask(
      given(
        [
          {
            kind: 'goroutine-profile',
            bytes: goroutines(40, request('runtime.gopark', 'time.Sleep', 'shop.example/api/internal/shop.nap /src/shop/nap.go:3')),
          },
        ],
        [slow],
      ),
    );
    expect(findings).toMatchObject([{ code: 'CauseUnknown', outcome: 'inconclusive' }]);
    expect(findings[0]?.message).toContain('no single cause dominates; most requests wait at shop.nap nap.go:3, too few to explain it');
    expect(facts.filter(({ subject }) => subject === 'unknown').map(({ text }) => text.split(':')[0])).toEqual([
      'whether it is slower than the last good release',
      'leaks are only suspected',
      'what the CPU does',
      'whether a connection pool is too small',
      'what the database waits for',
      'which statements are slow',
      'which service a slow call is in',
    ]);
  });

  it('goes on without a piece that is damaged, and does not pass', async () => {
    const { findings } = await ask(
      given([
        { kind: 'goroutine-profile', bytes: new Uint8Array([0x1f, 0x8b, 1, 2, 3]) },
        { kind: 'goroutine-leak-profile', bytes: noLeak },
      ]),
    );
    expect(findings.map(({ code, outcome }) => [code, outcome])).toEqual([
      ['EvidenceUnreadable', 'inconclusive'],
      ['LeakUnknown', 'inconclusive'],
    ]);
    expect(findings[0]?.evidence).toEqual(['sha256:record', 'sha256:0']);
  });

  it('reads what is left of a profile that was cut off, and does not pass', async () => {
    const text = 'goroutine profile: total 9\n2 @ 0x1 0x2\n#\t0x1\tmain.work+0x1\t/src/main.go:7\n';
    const { findings } = await ask(
      given([
        { kind: 'goroutine-profile', bytes: bytesOf(text) },
        { kind: 'goroutine-profile', bytes: goroutines(9, stuck) },
      ]),
    );
    expect(findings[0]).toMatchObject({ code: 'EvidenceUnreadable', outcome: 'inconclusive', evidence: ['sha256:record', 'sha256:0'] });
    expect(findings[0]?.message).toContain('is incomplete: the title counts 9 goroutines, but the text lists 2');
  });

  it('reports which operations failed, and spans that do not fit', async () => {
    const spans = (i: number) => {
      const id = i.toString(16).padStart(16, '0');
      const traceId = i.toString(16).padStart(32, '0');
      const at = { startTimeUnixNano: '1795435200000000000', endTimeUnixNano: '1795435200100000000' };
      const failing = { code: 2, message: '' };
      const status = [{ key: 'rpc.grpc.status_code', value: { intValue: '14' } }];
      return [
        { traceId, spanId: id, name: 'POST /api/order/create', kind: 2, ...at },
        {
          traceId,
          spanId: `a${id.slice(1)}`,
          parentSpanId: id,
          name: 'Pricing/Quote',
          kind: 3,
          ...at,
          status: failing,
          attributes: status,
        },
        { traceId, spanId: `b${id.slice(1)}`, parentSpanId: 'f'.repeat(16), name: 'lost', kind: 3, ...at },
      ];
    };
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'api' } }] };
    const document = { resourceSpans: [{ resource, scopeSpans: [{ spans: Array.from({ length: 30 }, (_, i) => spans(i + 1)).flat() }] }] };
    const { facts } = await ask(given([{ kind: 'traces', bytes: bytesOf(JSON.stringify(document)) }], [slow], 'afterwards'));
    const said = facts.filter(({ subject }) => subject === 'traces').map(({ text }) => text);
    expect(said).toContainEqual(expect.stringMatching(/^30 failed in \[api\] Pricing\/Quote: /u));
    expect(said).toContainEqual(expect.stringMatching(/^30 spans left out because their parent is missing, 0 cut to their parents' time/u));
  });

  it.each([
    ['cut off', bytesOf('{"at":"2026-11-23T12:00:00.000Z","pod":"api-1","unr'), 'not a JSON document'],
    ['of another shape', bytesOf('{"at":"soon"}\n'), '"at" is not a timestamp'],
  ])('goes on without runtime samples that are %s', async (_, bytes, why) => {
    const { findings } = await ask(given([{ kind: 'runtime-samples', bytes }], [slow]));
    expect(findings.map(({ code }) => code)).toEqual(['EvidenceUnreadable', 'CauseUnknown']);
    expect(findings[0]).toMatchObject({ subject: 'runtime-samples of pod staging/api-1', evidence: ['sha256:record', 'sha256:0'] });
    expect(findings[0]?.message).toContain(why);
  });

  it('goes on without points whose compression is damaged', async () => {
    const { findings } = await ask(given([{ kind: 'k6-points', bytes: new Uint8Array([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7]) }], [slow]));
    expect(findings.map(({ code }) => code)).toEqual(['EvidenceUnreadable', 'CauseUnknown']);
    expect(findings[0]?.message).toContain('its compression is damaged');
  });

  it('goes on without sessions of another shape', async () => {
    const looks = bytesOf('{"at":"2026-11-23T12:00:00Z","unread":null,"sessions":[1]}\n');
    const { findings } = await ask(given([{ kind: 'lock-waits', bytes: looks }], [slow]));
    expect(findings[0]?.message).toContain('not a session');
  });

  it('says why statements and sessions were not read, where they were asked for', async () => {
    const { facts } = await ask(
      given(
        [
          {
            kind: 'slow-statements',
            bytes: bytesOf(JSON.stringify({ database: 'shop', from: '', to: '', unread: 'permission denied', statements: [] })),
          },
          { kind: 'lock-waits', bytes: bytesOf('{"at":"2026-11-23T12:00:00Z","unread":"too many clients","sessions":[]}\n') },
        ],
        [slow],
      ),
    );
    const said = facts.map(({ text }) => text);
    expect(said).toContain('which statements are slow: permission denied');
    expect(said).toContain('what the database waits for: too many clients');
  });

  it('reports block and heap profiles', async () => {
    const block = profileBytes(
      ['contentions/count', 'delay/nanoseconds'],
      [
        { stack: ['runtime.selectgo', 'shop.example/api/internal/shop.wait'], values: [3, 6e9] },
        { stack: ['sync.(*Mutex).Lock', 'shop.example/api/internal/shop.lock'], values: [1, 2e9] },
        // Our own question waits longest of all, and is not told.
        { stack: ['runtime.selectgo', 'net/http/pprof.handler.serveDeltaProfile'], values: [1, 30e9] },
      ],
    );
    const heap = profileBytes(
      ['inuse_objects/count', 'inuse_space/bytes'],
      [
        { stack: ['runtime.malg', 'runtime.newproc'], values: [1, 4e6] },
        { stack: ['shop.example/api/internal/shop.load'], values: [1, 12e6] },
      ],
    );
    const { facts } = await ask(
      given([
        { kind: 'block-profile', bytes: block },
        { kind: 'heap-profile', bytes: heap },
      ]),
    );
    expect(facts.map(({ subject, text }) => `${subject}: ${text}`)).toEqual(
      expect.arrayContaining([
        'block profile: goroutines waited 8 s in total, most of it (75 %) in shop.example/api/internal/shop.wait',
        'heap profile: 15.3 MiB in use, most of it (75 %) allocated in shop.example/api/internal/shop.load',
      ]),
    );
  });

  it('is the same byte for byte each time', async () => {
    const pieces: Piece[] = [{ kind: 'goroutine-profile', bytes: goroutines(40, redis) }];
    expect(JSON.stringify(await ask(given(pieces, [slow])))).toBe(JSON.stringify(await ask(given(pieces, [slow]))));
  });
});

it('refuses a record that is none', () => {
  expect(() => readDiagnosisRecord('{"service":1}')).toThrow('line 1: not a diagnosis record; run the step again');
  expect(() => readDiagnosisRecord('{')).toThrow('line 1: not a diagnosis record');
});

describe('two load tests', () => {
  const points = bytesOf(
    `${[
      new TextDecoder()
        .decode(
          runLine('Run', {
            runId: 'r',
            attempt: 1,
            target: 't',
            startedAt: '2026-11-23T12:00:00Z',
            plan: {
              stages: [{ seconds: 1, ratePerSecond: 1 }],
              limits: { p99Ms: 300, errorPercent: 1, deliveredPercent: 95, endpoints: {} },
            },
          }),
        )
        .trim(),
      header,
      requestLines({ ms: 1 }),
      endLine(),
    ].join('\n')}\n`,
  );
  const pool = (part: Partial<PoolSample>): PoolSample => ({
    acquired: 1,
    most: 10,
    acquires: 0,
    emptyAcquires: 0,
    emptyWaitSeconds: 0,
    cancelled: 0,
    ...part,
  });
  const atEase = samplesOf({ pool: pool({}) }, { pool: pool({ acquires: 100 }) });
  const queueing = samplesOf({ pool: pool({}) }, { pool: pool({ acquires: 100, emptyAcquires: 90, emptyWaitSeconds: 36 }) });
  const queue = request(
    'runtime.gopark',
    'runtime.selectgo',
    'github.com/jackc/pgx/v5/pgxpool.(*Pool).Acquire pgxpool/pool.go:1',
    'shop.example/api/internal/shop.(*Postgres).Save /src/shop/postgres.go:9',
  );
  const pieces: Piece[] = [
    { kind: 'k6-points', bytes: points },
    { kind: 'runtime-samples', bytes: atEase },
    { kind: 'goroutine-profile', bytes: goroutines(400, redis) },
    { kind: 'k6-points', bytes: points },
    { kind: 'runtime-samples', bytes: queueing },
    { kind: 'goroutine-profile', bytes: goroutines(40, queue) },
  ];
  const of = (found: Finding[][]) => {
    const { record, read } = given(pieces);
    const inputs = record.loadTests[0]?.inputs ?? [];
    record.loadTests = [
      { name: 'calm', findings: found[0] ?? [], inputs: inputs.slice(0, 3) },
      { name: 'peak', findings: found[1] ?? [], inputs: inputs.slice(3) },
    ];
    return { record, read };
  };

  it('are explained by what the one in trouble saw, not by what the other did', async () => {
    const { findings, observation } = await ask(of([[kept], [slow]]));
    expect(findings[0]).toMatchObject({ code: 'CausePoolExhausted', evidence: ['sha256:record', 'sha256:4', 'sha256:5'] });
    expect(findings[0]?.message).toContain('40 of 40 requests in flight wait for a pool connection');
    expect(findings[0]?.message).toContain('90 % of 100 acquires found no idle connection and waited 400 ms each');
    expect(observation.pool?.saturated).toBe(true);
    expect((await ask(of([[slow], [kept]]))).findings[0]?.code).toBe('CauseRedisWait');
  });

  it('do not pass where growth was seen in one of them only', async () => {
    const { record, read } = given([
      { kind: 'goroutine-profile', bytes: goroutines(5, stuck) },
      { kind: 'goroutine-profile', bytes: goroutines(5, stuck) },
      { kind: 'goroutine-leak-profile', bytes: noLeak },
    ]);
    record.loadTests.push({ name: 'peak', findings: [kept], inputs: [] });
    const { findings } = await diagnose(record, read, 'sha256:record');
    expect(findings).toMatchObject([{ code: 'LeakUnknown', outcome: 'inconclusive' }]);
    expect(findings[0]?.message).toContain('no pod has two goroutine profiles of load test peak, so a leak in it cannot be excluded');
  });

  it('never compare profiles of one with those of the other', async () => {
    const apart = of([[kept], [kept]]);
    const grew = {
      ...apart,
      read: (digest: string) =>
        digest === 'sha256:5' ? one(goroutines(900, stuck)) : digest === 'sha256:2' ? one(goroutines(5, stuck)) : apart.read(digest),
    };
    expect((await ask(grew)).findings.map(({ code }) => code)).toEqual(['LeakUnknown']);
  });
});

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
