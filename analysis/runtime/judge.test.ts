import { describe, expect, it } from '@jest/globals';
import { codeRow } from '../../verdict/codes.ts';
import { summarizeRuntime } from './summary.ts';
import { judgeRuntime } from './judge.ts';
import type { PoolSample, RuntimeSample } from './sample.ts';

const start = Date.UTC(2026, 10, 23, 12);
const LOOKS = 13;
const endNs = (second: number): string => String(BigInt(start + second * 1_000) * 1_000_000n);

/** A look at a pod at ease, 5 s after the one before. */
function look(i: number, part: Partial<RuntimeSample> = {}): RuntimeSample {
  return {
    at: new Date(start + 5_000 * i).toISOString(),
    pod: 'a',
    unread: null,
    goroutines: 61,
    heapBytes: 4_000_000,
    gcCpuSeconds: 0.1 * i,
    totalCpuSeconds: 10 * i,
    gcSysBytes: 3_000_000,
    pauses: { collections: i, recent: Array.from({ length: i }, (_, n): [string, number] => [endNs(5 * n + 5), 200_000]) },
    schedulerWaits: [
      [0.000917504, 1_000 * i],
      [0.01048576, 1_001 * i],
      [0.1174, 1_001 * i],
      [null, 1_001 * i],
    ],
    ...part,
  };
}
const unread = (i: number, pod = 'a'): RuntimeSample => ({
  at: new Date(start + 5_000 * i).toISOString(),
  pod,
  unread: 'connection refused',
  goroutines: null,
  heapBytes: null,
  gcCpuSeconds: null,
  totalCpuSeconds: null,
  pauses: null,
});
const run = (part: (i: number) => Partial<RuntimeSample> = () => ({})): RuntimeSample[] =>
  Array.from({ length: LOOKS }, (_, i) => look(i, part(i)));
const judge = (samples: RuntimeSample[]) => judgeRuntime(samples, { p99LimitMs: 300, evidence: ['sha256:x'] });
const notPassed = (samples: RuntimeSample[]) =>
  judge(samples)
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ code, outcome }) => [code, outcome]);
const messageOf = (samples: RuntimeSample[], code: string) => judge(samples).find((finding) => finding.code === code)?.message;

describe('the Go runtime', () => {
  it('passes signal by signal where a service is at ease, with the evidence each is read from', () => {
    const findings = judge(run());
    expect(findings.map(({ code, subject, outcome }) => [code, subject, outcome])).toEqual([
      ['GoroutinesWithinLimit', 'goroutines', 'pass'],
      ['GcCpuWithinLimit', 'GC CPU', 'pass'],
      ['GcPausesWithinLimit', 'GC pauses', 'pass'],
      ['SchedulerWaitsWithinLimit', 'scheduler latency', 'pass'],
      ['MemorySteady', 'GC memory', 'pass'],
      ['MemorySteady', 'heap', 'pass'],
    ]);
    expect(findings.every(({ evidence, code }) => evidence[0] === 'sha256:x' && codeRow(code) !== undefined)).toBe(true);
    expect(new Set(findings.map(({ code, subject }) => `${code}/${subject}`)).size).toBe(findings.length);
    expect(findings[1]?.message).toBe('pod a: GC used 1 % of the CPU time, limit 25 %');
  });

  it('is not known where no pod could be read at all', () => {
    expect(judge([unread(0)])).toMatchObject([{ code: 'RuntimeUnknown', subject: 'runtime', outcome: 'inconclusive' }]);
    expect(messageOf([unread(0)], 'RuntimeUnknown')).toContain('connection refused');
    expect(messageOf([], 'RuntimeUnknown')).toContain('no pod was found');
  });
});

describe('goroutines', () => {
  const high = (...values: (number | null)[]) => run((i) => ({ goroutines: values[i] ?? 10 }));

  it('are too many only where they stay', () => {
    expect(judge(high(10, 5_001, 9_000, 5_500))).toMatchObject([
      { code: 'GoroutinesHigh', subject: 'pod a', outcome: 'fail', measured: 5_001, limit: 5_000 },
      ...Array.from({ length: 5 }, () => ({ outcome: 'pass' })),
    ]);
    expect(notPassed(high(9_000, 9_000, 10, 9_000, 9_000))).toEqual([]);
    expect(notPassed(high(5_000, 5_000, 5_000))).toEqual([]);
  });

  it('stay too many across a sample without them', () => {
    const samples = run((i) => ({ goroutines: i === 2 ? null : i < 5 ? 6_000 : 10 }));
    expect(notPassed(samples)).toEqual([['GoroutinesHigh', 'fail']]);
  });

  it('are unknown for a pod whose page does not export them, or that was not read, though others were', () => {
    expect(notPassed(run(() => ({ goroutines: null })))).toEqual([['RuntimeUnknown', 'inconclusive']]);
    const beside = [...run(), ...Array.from({ length: LOOKS }, (_, i) => unread(i, 'b'))];
    expect(judge(beside).find(({ code }) => code === 'RuntimeUnknown')).toMatchObject({
      subject: 'pod b',
      message: '0 of 13 samples of pod b could be read, too few to judge its Go runtime: connection refused',
    });
  });

  it('are unknown for a pod that was too busy to answer most of the samples', () => {
    const samples = Array.from({ length: LOOKS }, (_, i) => (i % 3 === 0 ? look(i) : unread(i)));
    expect(notPassed(samples)).toEqual([['RuntimeUnknown', 'inconclusive']]);
    expect(notPassed(Array.from({ length: LOOKS }, (_, i) => (i % 3 === 0 ? unread(i) : look(i))))).toEqual([]);
  });
});

describe('a sample in which the pods could not be listed', () => {
  const unlisted = (i: number): RuntimeSample => ({ ...unread(i, ''), unread: 'the pods cannot be listed: forbidden' });

  it('is one that no pod answered', () => {
    const samples = Array.from({ length: 100 }, (_, i) => (i < 10 ? look(i) : unlisted(i)));
    expect(judge(samples).map(({ code, outcome }) => [code, outcome])).toEqual([['RuntimeUnknown', 'inconclusive']]);
    expect(messageOf(samples, 'RuntimeUnknown')).toBe(
      '10 of 100 samples of pod a could be read, too few to judge its Go runtime: the pods cannot be listed: forbidden',
    );
    expect(notPassed(Array.from({ length: LOOKS }, (_, i) => (i % 3 === 1 ? unlisted(i) : look(i))))).toEqual([]);
  });

  it('is none at a pod that was not there before or after it', () => {
    const away = Array.from({ length: LOOKS }, (_, i) => (i === 2 || i === 3 ? [unlisted(i)] : [look(i)])).flat();
    // It came for the last two looks: two others were missed long before.
    const late = [look(11, { pod: 'b' }), look(12, { pod: 'b' })];
    expect(notPassed([...away, ...late])).toEqual([]);
    // It was there at the look before the two, and at none after.
    expect(notPassed([...away, look(1, { pod: 'c', at: look(1).at })])).toContainEqual(['RuntimeUnknown', 'inconclusive']);
  });
});

describe('a pod that was read in few of its samples', () => {
  const pool = { acquired: 2, most: 10, acquires: 0, emptyAcquires: 0, emptyWaitSeconds: 0, cancelled: 0 };
  const seldom = Array.from({ length: LOOKS }, (_, i) => (i % 3 === 0 ? look(i, { pod: 'b', pool }) : unread(i, 'b')));

  it('is no part of what passes', () => {
    expect(judge(seldom).filter(({ outcome }) => outcome === 'pass')).toEqual([]);
    expect(messageOf([...run(), ...seldom], 'GcCpuWithinLimit')).toBe('pod a: GC used 1 % of the CPU time, limit 25 %');
  });

  it('fails where a value is beyond a limit, and is reported as unknown besides', () => {
    const beyond = seldom.map((sample, i) =>
      sample.unread === null ? { ...sample, goroutines: 6_000, gcCpuSeconds: 3 * i, gcIdleCpuSeconds: 0 } : sample,
    );
    expect(notPassed(beyond)).toEqual([
      ['GoroutinesHigh', 'fail'],
      ['RuntimeUnknown', 'inconclusive'],
      ['GcCpuHigh', 'fail'],
    ]);
  });
});

describe('the collector', () => {
  it('fails where it takes more than a quarter of the CPU from others, and not by marking on idle processors', () => {
    expect(notPassed(run((i) => ({ gcCpuSeconds: 3 * i, gcIdleCpuSeconds: 0 })))).toEqual([['GcCpuHigh', 'fail']]);
    expect(notPassed(run((i) => ({ gcCpuSeconds: 3 * i, gcIdleCpuSeconds: 2 * i })))).toEqual([]);
  });

  it('is undecided where it takes more than a quarter and its part on idle processors is not exported', () => {
    expect(notPassed(run((i) => ({ gcCpuSeconds: 3 * i })))).toEqual([['GcCpuUnknown', 'inconclusive']]);
  });

  it('is unknown where GC CPU is not exported, and the message names the pods', () => {
    const samples = ['a', 'b', 'c', 'd', 'e'].flatMap((pod) => run(() => ({ pod, gcCpuSeconds: null })));
    expect(notPassed(samples)).toEqual([['GcCpuUnknown', 'inconclusive']]);
    expect(messageOf(samples, 'GcCpuUnknown')).toMatch(
      /^GC CPU of pods a, b, c and 2 more is unknown: \/metrics exported go_cpu_classes_gc_total_cpu_seconds_total and \S+ in fewer than two samples$/u,
    );
  });

  it('is not judged where no pod exports it, which becomes a fact; where one pod does, the others are unknown', () => {
    const silent = (pod: string) => run(() => ({ pod, gcCpuSeconds: null, totalCpuSeconds: null }));
    expect(judge(silent('a')).filter(({ subject }) => subject.startsWith('GC CPU'))).toEqual([]);
    expect(summarizeRuntime(silent('a')).map(({ subject, text }) => `${subject}: ${text}`)).toContain(
      'not judged: GC CPU: not exported by any pod (go_cpu_classes_gc_total_cpu_seconds_total and go_cpu_classes_total_cpu_seconds_total)',
    );
    expect(notPassed([...silent('a'), ...run(() => ({ pod: 'b' }))])).toEqual([['GcCpuUnknown', 'inconclusive']]);
  });

  const pauses = (lengthMs: number, perLook: number) =>
    run((i) => ({
      pauses: {
        collections: perLook * i,
        recent: Array.from({ length: perLook }, (_, n): [string, number] => [endNs(5 * i - n * 0.01), lengthMs * 1e6]),
      },
    }));

  it('fails by pauses that are long and stop the world for a hundredth of the time', () => {
    expect(notPassed(pauses(8, 10))).toEqual([['GcPausesLong', 'fail']]);
    expect(messageOf(pauses(8, 10), 'GcPausesLong')).toMatch(
      /^pod a: \d+ of \d+ GC pauses \(p99 8 ms\) lasted over 5 ms; all pauses stopped the world for 1\.\d+ % /u,
    );
  });

  it('passes long pauses that are too rare to reach the slowest hundredth of the requests', () => {
    expect(notPassed(pauses(20, 1))).toEqual([]);
    expect(messageOf(pauses(20, 1), 'GcPausesWithinLimit')).toContain(
      'lasted over 5 ms; all pauses stopped the world for 0.4 % of the time',
    );
  });

  it('does not pass where pauses were lost between two samples', () => {
    const samples = run((i) => ({ pauses: { collections: 300 * i, recent: [] } }));
    expect(notPassed(samples)).toEqual([['GcPausesUnknown', 'inconclusive']]);
    expect(messageOf(samples, 'GcPausesUnknown')).toContain('3600 pauses were lost');
  });

  it('is judged by the pauses between the samples, however wrong the clock of the pod is', () => {
    const anHour = 3_600_000_000_000n;
    const behind = pauses(8, 10).map((sample) => ({
      ...sample,
      pauses: sample.pauses && {
        ...sample.pauses,
        recent: sample.pauses.recent.map(([end, ns]): [string, number] => [String(BigInt(end) - anHour), ns]),
      },
    }));
    expect(notPassed(behind)).toEqual([['GcPausesLong', 'fail']]);
    expect(messageOf(behind, 'GcPausesLong')).toContain('120 of 120 GC pauses');
    // Before the first look it is nobody's load, though a clock that is ahead says otherwise.
    const ahead = run((i) => ({
      pauses: { collections: 200, recent: i > 0 ? [] : Array.from({ length: 200 }, (_, n): [string, number] => [endNs(9_000 + n), 20e6]) },
    }));
    expect(messageOf(ahead, 'GcPausesWithinLimit')).toContain('0 of 0 GC pauses');
  });

  it('does not pass where collections were counted and none of their pauses was seen', () => {
    const samples = run((i) => ({ pauses: { collections: i, recent: [] } }));
    expect(notPassed(samples)).toEqual([['GcPausesUnknown', 'inconclusive']]);
  });
});

describe('scheduler latency', () => {
  const waits = (upTo: number | null, under: number) =>
    run((i) => ({
      schedulerWaits: [
        [under, 900 * i],
        [upTo, 1_000 * i],
      ],
    }));

  it.each([
    ['passes where the 99th is surely within ten milliseconds', 0.01048576, 0.0009, []],
    ['fails where it is surely beyond', 0.1174, 0.01048576, [['SchedulerWaitsLong', 'fail']]],
    ['fails past the last cell', null, 0.01048576, [['SchedulerWaitsLong', 'fail']]],
    ['is undecided where the cell reaches across', 0.1, 0.001, [['SchedulerWaitsUnknown', 'inconclusive']]],
  ])('%s', (_, upTo, under, expected) => expect(notPassed(waits(upTo, under))).toEqual(expected));
});

describe('memory', () => {
  it('holds where it doubles by much and still grows at the end, and never fails', () => {
    expect(notPassed(run((i) => ({ heapBytes: 40e6 + 20e6 * i })))).toEqual([['MemoryGrows', 'inconclusive']]);
    expect(notPassed(run((i) => ({ gcSysBytes: 40e6 + 20e6 * i })))).toEqual([['MemoryGrows', 'inconclusive']]);
  });

  it.each([
    ['a cache that fills and stops', (i: number) => 40e6 + 60e6 * Math.min(i, 4)],
    ['the saw of the collector', (i: number) => 40e6 + 200e6 * (i % 3)],
    ['a small heap that trebles', (i: number) => 4e6 + 1e6 * i],
  ])('passes %s', (_, heapBytes) => expect(notPassed(run((i) => ({ heapBytes: heapBytes(i) })))).toEqual([]));

  it('is compared by thirds of the time, where samples got rarer in a long run', () => {
    // It doubles only in the last third of the time, in which there are four of the 43 looks.
    const rarer = [...Array.from({ length: 39 }, (_, i) => i), 60, 80, 100, 120];
    const samples = rarer.map((i) => look(i, { heapBytes: i < 80 ? 100e6 : 5e6 * i }));
    expect(notPassed(samples)).toEqual([['MemoryGrows', 'inconclusive']]);
  });
});

describe('the connection pool', () => {
  const told: PoolSample = { acquired: 2, most: 10, acquires: 0, emptyAcquires: 0, emptyWaitSeconds: 0, cancelled: 0 };
  const pool = (part: (i: number) => Partial<PoolSample>) => run((i) => ({ pool: { ...told, acquires: 1_000 * i, ...part(i) } }));
  const found = (samples: RuntimeSample[]) => judge(samples).find(({ subject }) => subject === 'connection pool');

  it('is not judged where no pod exports one', () => expect(found(run())).toBeUndefined());

  it('passes where hardly anybody waits, though every connection is in use', () => {
    expect(found(pool((i) => ({ acquired: 10, emptyAcquires: 5 * i, emptyWaitSeconds: i })))).toMatchObject({
      code: 'PoolWithinLimit',
      outcome: 'pass',
      message: expect.stringContaining('up to 100 % of the connections were in use for three samples'),
    });
  });

  it('fails where more than one in a hundred waits for over a twentieth of the p99 limit', () => {
    expect(found(pool((i) => ({ emptyAcquires: 500 * i, emptyWaitSeconds: 20 * i })))).toMatchObject({
      code: 'PoolSaturated',
      outcome: 'fail',
      measured: 50,
      message: expect.stringContaining('50 % of 12,000 acquires found no idle connection and waited 40 ms each'),
    });
    expect(found(pool((i) => ({ emptyAcquires: 500 * i, emptyWaitSeconds: i })))).toMatchObject({ code: 'PoolWithinLimit' });
  });

  it('fails where acquires are given up at a pool in full use, and not by one client that left', () => {
    expect(found(pool((i) => ({ acquired: 20, cancelled: 5 * i })))).toMatchObject({ code: 'PoolSaturated' });
    expect(found(pool((i) => ({ acquired: 20, cancelled: i > 5 ? 1 : 0 })))).toMatchObject({ code: 'PoolWithinLimit' });
  });

  it('passes where acquires are given up at an idle pool: the requests were over before they asked it', () => {
    expect(found(pool((i) => ({ acquired: 1, cancelled: 5 * i })))).toMatchObject({ code: 'PoolWithinLimit' });
  });

  describe('of two in one process', () => {
    const ofTwo = (read: (i: number) => Partial<PoolSample>, write: (i: number) => Partial<PoolSample>) =>
      run((i) => ({
        pools: [
          { labels: 'app="shop",db="read"', ...told, acquires: 1_000 * i, ...read(i) },
          { labels: 'app="shop",db="write"', ...told, acquires: 100 * i, ...write(i) },
        ],
      }));
    const short = (i: number) => ({ emptyAcquires: 50 * i, emptyWaitSeconds: 2 * i });

    it('is judged by itself', () => {
      const samples = ofTwo(() => ({}), short);
      expect(judge(samples).filter(({ subject }) => subject.startsWith('connection pool'))).toMatchObject([
        { subject: 'connection pool db="read"', code: 'PoolWithinLimit', outcome: 'pass' },
        {
          subject: 'connection pool db="write"',
          code: 'PoolSaturated',
          outcome: 'fail',
          message: expect.stringMatching(
            /^connection pool db="write" is too small for this load: 50 % of 1,200 acquires found no idle connection/u,
          ),
        },
      ]);
    });

    it('is the same though one sample contains the other alone, and each pod names itself in a label', () => {
      const samples = ['a', 'b'].flatMap((pod) =>
        ofTwo(short, () => ({})).map((sample, i) => ({
          ...sample,
          pod,
          pools: sample.pools?.slice(i === 0 ? 1 : 0).map((each) => ({ ...each, labels: `${each.labels},pod="${pod}"` })) ?? null,
        })),
      );
      expect(
        judge(samples).flatMap(({ subject, outcome }) => (subject.startsWith('connection pool') ? [`${subject}: ${outcome}`] : [])),
      ).toEqual(['connection pool db="read": fail', 'connection pool db="write": pass']);
    });

    it('is unknown where its page exports nothing readable', () => {
      const nothing = { acquired: null, most: null, acquires: null, emptyAcquires: null, emptyWaitSeconds: null, cancelled: null };
      expect(
        judge(
          ofTwo(
            () => ({}),
            () => nothing,
          ),
        ).find(({ code }) => code === 'PoolUnknown'),
      ).toMatchObject({
        subject: 'connection pool db="write"',
        message: expect.stringMatching(
          /^connection pool db="write" does not export the number of acquires without an idle connection and /u,
        ),
      });
    });
  });

  it('is one, whatever labels it carries', () => {
    const samples = run((i) => ({ pools: [{ labels: 'db="a"', ...told, acquires: 1_000 * i }] }));
    expect(found(samples)).toMatchObject({
      code: 'PoolWithinLimit',
      message: expect.stringContaining('connection pool waits are negligible'),
    });
  });

  it('is unknown where many acquires find no connection and their wait time is not exported', () => {
    const samples = pool((i) => ({ emptyAcquires: 500 * i, emptyWaitSeconds: null, most: null }));
    expect(found(samples)).toMatchObject({ code: 'PoolUnknown', outcome: 'inconclusive' });
    expect(found(pool((i) => ({ emptyAcquires: i, emptyWaitSeconds: null })))).toMatchObject({ code: 'PoolWithinLimit' });
  });
});
