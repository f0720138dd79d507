import { describe, expect, it } from '@jest/globals';
import type { EvidenceKind, Finding } from '../../verdict/finding.ts';
import { profileBytes, request } from '../profile/profile.fixture.ts';
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
const park = ['runtime.gopark', 'runtime.netpollblock', 'internal/poll.runtime_pollWait'];
const redis = request(
  ...park,
  'github.com/redis/go-redis/v9.(*baseClient).pipelineProcessCmds github.com/redis/go-redis/v9@v9.1.0/redis.go:1',
  'shop.example/api/internal/shop.(*Redis).Record /src/shop/redis.go:72',
);
const goroutines = (count: number, stack: string[]) => profileBytes(['goroutine/count'], [{ stack, values: [count] }]);
const leaked = profileBytes(
  ['goroutineleak/count'],
  [
    {
      stack: [
        'runtime.gopark',
        'runtime.chansend',
        'runtime.chansend1',
        'shop.example/api/internal/shop.notify.func1 /src/shop/notify.go:8',
      ],
      values: [12],
    },
  ],
);
const noLeak = profileBytes(['goroutineleak/count'], []);

interface Piece {
  kind: EvidenceKind;
  bytes: Uint8Array;
}

function given(
  pieces: Piece[],
  findings: Finding[] = [],
): { record: DiagnosisRecord; read: (digest: string) => AsyncIterable<Uint8Array> } {
  const inputs: DiagnosisInput[] = pieces.map(({ kind }, i) => ({ digest: `sha256:${i}`, kind, source: 'pod staging/api-1' }));
  return {
    record: { service: 'api', loadTests: [{ name: 'load-test', findings, inputs }], inputs: [], missing: [], lastGood: null },
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

  it('names no cause where no limit is broken, whatever requests wait for', async () => {
    const { findings } = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(40, redis) },
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

  it('suspects what grew between two profiles, where the runtime cannot prove it', async () => {
    const waits = [
      'runtime.gopark',
      'runtime.chansend',
      'runtime.chansend1',
      'shop.example/api/internal/shop.notify.func1 /src/shop/notify.go:8',
    ];
    const grown = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(5, waits) },
        { kind: 'goroutine-profile', bytes: goroutines(205, waits) },
      ]),
    );
    expect(grown.findings).toMatchObject([{ code: 'LeakSuspected', outcome: 'inconclusive' }]);
    const steady = await ask(
      given([
        { kind: 'goroutine-profile', bytes: goroutines(205, waits) },
        { kind: 'goroutine-profile', bytes: goroutines(205, waits) },
      ]),
    );
    expect(steady.findings).toMatchObject([{ code: 'NothingToExplain' }]);
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
    expect(findings[0]?.message).toContain('no one cause stands out; most requests wait at shop.nap nap.go:3');
    expect(facts.filter(({ subject }) => subject === 'not known').map(({ text }) => text.split(':')[0])).toEqual([
      'whether it is slower than the last good release',
      'leaks are only suspected',
      'what the CPU does',
      'what the database waits for',
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
      ['NothingToExplain', 'pass'],
    ]);
    expect(findings[0]?.evidence).toEqual(['sha256:record', 'sha256:0']);
  });

  it('is the same byte for byte each time', async () => {
    const pieces: Piece[] = [{ kind: 'goroutine-profile', bytes: goroutines(40, redis) }];
    expect(JSON.stringify(await ask(given(pieces, [slow])))).toBe(JSON.stringify(await ask(given(pieces, [slow]))));
  });
});

it('refuses a record that is none', () => {
  expect(() => readDiagnosisRecord('{"service":1}')).toThrow('line 1: this is no record of a diagnosis; run the step again');
  expect(() => readDiagnosisRecord('{')).toThrow('line 1: this is no record of a diagnosis');
});
