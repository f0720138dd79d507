// Bursts and failing versions: the rule on windows, each case with its counter-case. How often it is wrong: test/guard-rates/.
import { describe, expect, it } from '@jest/globals';
import { outcomeOf } from './outcome.ts';
import { limits as short, play, PODS, steady, type FakePod, judgeGuard, tallySamples } from '../testing/samples.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { EMPTY_TALLY } from './guard-tally.ts';
import { addSample } from './tally.ts';
import { addToWindows, NO_WINDOWS_YET, type BadKind } from './windows.ts';

const limits: GuardLimits = { ...short, bakeMs: 600_000, maxBakeMs: 1_800_000, liveDeadlineMs: 900_000 };
/** 100 requests/s in all; `bad` of each sample fall on the first pod. */
const watch = (bad: (index: number) => number, count = 121, kind: BadKind = 'errors'): GuardSample[] =>
  play(count, (index) => ({
    pods: steady({ requests: 167 }).map((pod, at): FakePod => (at === 0 ? { ...pod, [kind]: bad(index) } : pod)),
  }));
/** Seconds after the watch began at which it ends, and how. */
function end(samples: GuardSample[], of = limits) {
  let tally = EMPTY_TALLY;
  for (const [index, sample] of samples.entries()) {
    tally = addSample(tally, sample, of);
    const outcome = outcomeOf(tally, of, false);
    if (outcome !== null) return { outcome, afterS: index * 5, finding: judgeGuard(samples.slice(0, index + 1), of)[0] };
  }
  return null;
}
/** One pod at 100 requests/s. */
const onePod = (count: number, at: (index: number) => Partial<FakePod>, ofS = 5): GuardSample[] =>
  play(count, (index) => ({ atMs: index * ofS * 1_000, pods: [{ name: 'a', ...at(index) }] }));
/** The same pod, scraped only each so many samples. */
const scrapedEach = (samples: GuardSample[], every: number): GuardSample[] =>
  samples.map((one, index) => ({
    ...one,
    answers: one.answers && { ...one.answers, ageS: [{ pod: 'a', value: (index % every) * 5 + 1 }] },
  }));
/** Seconds from the first sample to the breach. */
function foundS(samples: GuardSample[], of = limits): number {
  let tally = EMPTY_TALLY;
  for (const sample of samples) {
    tally = addSample(tally, sample, of);
    if (tally.breach.length > 0) return (sample.atMs - (samples[0] as GuardSample).atMs) / 1_000;
  }
  return Infinity;
}
const message = (samples: GuardSample[], of = limits) => end(samples, of)?.finding?.message;

describe('a burst', () => {
  it('rolls nothing back, however large', () => {
    for (const burst of [5, 20, 160]) expect(end(watch((index) => (index === 1 ? burst : 0), 361))?.outcome).not.toBe('breach');
  });

  it('in two samples, or twice in the watch, causes no rollback either', () => {
    expect(
      tallySamples(
        watch((index) => (index === 10 ? 12 : index === 11 ? 8 : 0)),
        limits,
      ).breach,
    ).toEqual([]);
    expect(
      tallySamples(
        watch((index) => (index === 10 || index === 70 ? 20 : 0)),
        limits,
      ).breach,
    ).toEqual([]);
  });

  it('keeps the watch undecided for as long as it may be the first of many, and says how much the requests are worth', () => {
    const samples = watch((index) => (index === 40 ? 20 : 0), 361);
    expect(judgeGuard(samples.slice(0, 121), limits)).toMatchObject([
      {
        code: 'GuardUndecided',
        message: expect.stringMatching(
          /: 20 errors came in bursts of about 20, so 60,120 requests count as 3,\d{3} independent ones and the true error rate may be as high as 0\.\d+ %, limit 0\.1 %$/,
        ),
      },
    ]);
    // 89,600 requests bound one burst of 20.
    expect(end(samples)).toMatchObject({ outcome: 'passed', afterS: 895 });
  });

  it.each(['errors', 'slow'] as const)('of two requests in a row (%s) rolls nothing back where a window holds one request', (kind) => {
    const samples = onePod(80, (index) => ({ requests: 1, [kind]: index === 50 || index === 51 ? 1 : 0 }));
    expect(tallySamples(samples, limits).breach).toEqual([]);
  });

  it('of six slow requests rolls nothing back at one request a second', () => {
    const samples = onePod(80, (index) => ({ requests: 5, slow: index === 50 || index === 51 ? 3 : 0 }));
    expect(tallySamples(samples, limits).breach).toEqual([]);
  });

  it.each([10, 5, 2])('of 10 s keeps the watch undecided whether samples are %d s apart', (ofS) => {
    const failed = (fromS: number, toS: number) => Math.round(2.5 * Math.max(0, Math.min(toS, 110) - Math.max(fromS, 100)));
    const errors = (index: number) => (index === 0 ? 0 : failed((index - 1) * ofS, index * ofS));
    const samples = onePod(600 / ofS + 1, (index) => ({ requests: 100 * ofS, errors: errors(index) }), ofS);
    expect(judgeGuard(samples, { ...limits, intervalMs: ofS * 1_000 })[0]?.code).toBe('GuardUndecided');
  });
});

describe('a version at its limit', () => {
  it('with errors one by one is kept', () => {
    expect(
      tallySamples(
        watch((index) => index % 2),
        limits,
      ).breach,
    ).toEqual([]);
  });
});

describe('a version that fails', () => {
  it.each([
    ['5 % from the start', 0, 25, 15],
    ['5 % from 300 s on', 60, 25, 315],
    ['1 % from 300 s on', 60, 5, 345],
    ['most requests', 60, 160, 315],
  ])('is rolled back: %s', (_what, from, bad, afterS) => {
    const { outcome, afterS: found, finding } = end(watch((index) => (index > from ? bad : 0))) as NonNullable<ReturnType<typeof end>>;
    expect([outcome, finding?.code]).toEqual(['breach', 'ErrorRateAboveLimit']);
    expect(found).toBeLessThanOrEqual(afterS);
  });

  it('is found in two windows in a row where most requests of both fail', () => {
    const all = (index: number) => steady({ requests: 167, errors: index === 10 || index === 11 ? 100 : 0 });
    expect(end(play(121, (index) => ({ pods: all(index) })))).toMatchObject({ outcome: 'breach', afterS: 55 });
    const half = (index: number) => steady({ requests: 167, errors: index === 10 || index === 11 ? 83 : 0 });
    expect(
      tallySamples(
        play(121, (index) => ({ pods: half(index) })),
        limits,
      ).breach,
    ).toEqual([]);
  });

  it.each([
    [1, 15],
    [2, 10],
    [3, 15],
    [6, 30],
  ])(
    'in all requests is found in the first window that is longer than an outage: scraped each %d samples, within %d s',
    (every, withinS) => {
      const samples = onePod(121, (i) => (i % every === 0 ? { requests: 500 * every, errors: i > 0 ? 500 * every : 0 } : { requests: 0 }));
      expect(foundS(scrapedEach(samples, every))).toBeLessThanOrEqual(withinS);
    },
  );

  it.each([
    ['errors', 100, 5, 15],
    ['errors', 45, 5, 30],
    ['errors', 10, 1, 30],
    ['errors', 10, 0.5, 30],
    ['slow', 20, 0.1, 30],
    ['errors', 10, 5, 90],
  ] as const)(
    'is found the later the nearer it is to its limit: %s %d %%, error limit %d %%, within %d s',
    (kind, percent, errorPercent, withinS) => {
      const samples = onePod(361, () => ({ requests: 500, [kind]: 5 * percent }));
      expect(foundS(samples, { ...limits, errorPercent })).toBeLessThanOrEqual(withinS);
    },
  );

  it('says in which windows', () => {
    expect(message(watch((index) => (index > 60 ? 25 : 0)))).toBe(
      'error rate of deployment shop/go-api is 4.99 %, limit 0.1 % (75 of 1,503 requests failed in the last 15 s)',
    );
    expect(message(watch((index) => (index > 60 ? 160 : 0), 121, 'slow'))).toMatch(
      /^p99 of deployment shop\/go-api is above its limit 300 ms: 31\.94 % of requests took longer, limit 1 % \([\d,]+ of [\d,]+ in the last \d+ s\)$/,
    );
  });

  it('slowly: a rate of twice the limit is found by the whole watch, which no two minutes of it show', () => {
    const samples = watch((index) => Number(index % 4 > 0), 361);
    expect(end(samples)).toMatchObject({ outcome: 'breach' });
    expect(message(samples)).not.toContain('in the last');
  });

  it('in every second window only is found by the last 24, which no windows in a row show', () => {
    const samples = watch((index) => (index > 60 && index % 2 === 0 ? 6 : 0), 361);
    expect(foundS(samples)).toBeLessThan(420);
    expect(message(samples)).toContain('in the last 2 m');
  });

  it('never by the whole watch while that is two windows: one burst may lie in both', () => {
    const samples = onePod(13, (index) => ({ requests: 500, errors: index === 1 || index === 2 ? 150 : 0 }));
    expect(foundS(samples, { ...limits, falseAlarmPercent: 20 })).toBe(Infinity);
  });

  it('at once, by its first error, where the limit is 0', () => {
    expect(
      foundS(
        onePod(13, (index) => ({ requests: 500, errors: Number(index === 1) })),
        { ...limits, errorPercent: 0 },
      ),
    ).toBeLessThan(15);
  });

  it('never by a window that keeps the limit, though only with it there are requests enough', () => {
    expect(foundS(onePod(13, (index) => ({ requests: 9, errors: index >= 1 && index <= 3 ? 6 : 0 })))).toBe(Infinity);
  });

  it('by its latency as by its errors', () => {
    expect(end(watch((index) => (index > 60 ? 45 : 0), 121, 'slow'))).toMatchObject({
      outcome: 'breach',
      finding: { code: 'LatencyAboveLimit' },
    });
    expect(end(watch((index) => (index === 60 ? 60 : 0), 121, 'slow'))).toMatchObject({ outcome: 'passed', afterS: 600 });
  });

  it('in the last minute of the bake does not pass, though the whole watch keeps its limit', () => {
    const late = watch((index) => (index > 118 ? 3 : 0), 361);
    expect(judgeGuard(late.slice(0, 121), limits)).toMatchObject([
      { code: 'GuardUndecided', message: expect.stringContaining('0.13 % of requests failed in the last 45 s (6 of 4,509), limit 0.1 %') },
    ]);
    const slow = watch((index) => (index > 118 ? 30 : 0), 121, 'slow');
    expect(judgeGuard(slow, limits)).toMatchObject([
      {
        code: 'GuardUndecided',
        message: expect.stringContaining('1.33 % of requests took longer than 300 ms in the last 45 s (60 of 4,509), limit 1 %'),
      },
    ]);
    expect(end(late)).toMatchObject({ outcome: 'breach' });
  });
});

describe('the end of the bake', () => {
  it.each([
    ['traffic falls to a tenth and 3.3 % of the last 10 s fail', 118, 550, 5_000, 18],
    ['0.8 % of the last window fail', 119, 500, 500, 4],
  ])('is not passed where %s', (_what, from, late, early, errors) => {
    const samples = onePod(121, (i) => (i > from ? { requests: late, errors } : { requests: early }));
    expect(judgeGuard(samples, limits)[0]?.code).toBe('GuardUndecided');
  });

  it('is not passed where requests fail in the window that is still open', () => {
    const samples = play(122, (i) => ({
      pods: [
        { name: 'often', requests: 250, errors: i === 121 ? 3 : 0 },
        { name: 'seldom', requests: i % 2 === 0 ? 500 : 0 },
      ],
    })).map((one, i) => ({
      ...one,
      answers: one.answers && {
        ...one.answers,
        ageS: [
          { pod: 'often', value: 1 },
          { pod: 'seldom', value: (i % 2) * 5 + 1 },
        ],
      },
    }));
    expect(judgeGuard(samples.slice(0, 121), limits)[0]?.code).toBe('GuardPassed');
    expect(judgeGuard(samples, limits)[0]?.code).toBe('GuardUndecided');
  });

  it('comes a minute later with one stray error before it', () => {
    const samples = onePod(361, (index) => ({ requests: 100, errors: index === 119 ? 1 : 0 }));
    expect(end(samples)).toMatchObject({ outcome: 'passed', afterS: 640 });
  });
});

describe('windows', () => {
  const fakeEach = (samplesApart: number, bad: (index: number) => number, count: number): GuardSample[] =>
    play(count, (index) => ({
      pods: steady(index % samplesApart === 0 ? { requests: 167 * samplesApart, errors: bad(index) } : { requests: 0 }),
    })).map((sample, index) => ({
      ...sample,
      answers: sample.answers && { ...sample.answers, ageS: PODS.map((pod) => ({ pod, value: (index % samplesApart) * 5 + 1 })) },
    }));

  it('are as long as scrapes are apart, so that one burst is not counted in several', () => {
    const { windows } = tallySamples(
      fakeEach(3, () => 0, 61),
      limits,
    );
    expect([windows.errors.windows, windows.recent.every(({ ms, requests }) => ms === 15_000 && requests === 1_503)]).toEqual([20, true]);
  });

  it('wait for the pod that is scraped last: a common event is in at most two of them', () => {
    // 12 errors of each pod, at one time; the pods are scraped at three different times in 15 s.
    const samples = play(61, (index) => ({
      pods: steady().map((pod, at) => ({
        ...pod,
        requests: index % 3 === at ? 501 : 0,
        errors: index === 30 + at ? 12 : 0,
      })),
    })).map((sample, index) => ({
      ...sample,
      answers: sample.answers && { ...sample.answers, ageS: PODS.map((pod, at) => ({ pod, value: ((index - at + 3) % 3) * 5 + 1 })) },
    }));
    const { windows, breach } = tallySamples(samples, limits);
    expect(breach).toEqual([]);
    expect(windows.recent.filter(({ errors }) => errors > 0).length).toBeLessThanOrEqual(2);
  });

  it('leave out what was counted at no known time', () => {
    const [, sample] = onePod(2, () => ({ requests: 500 }));
    if (!sample) throw new Error('two samples were fake');
    const counted = { requests: 500, errors: 500, slow: 0 };
    expect(addToWindows(NO_WINDOWS_YET, counted, { ...sample, evaluatedAtS: null }, 1_000)).toBe(NO_WINDOWS_YET);
  });

  it('keep a mark each twelfth of a bake, and only those of its last third', () => {
    expect(
      tallySamples(
        watch(() => 0, 361),
        limits,
      ).marks.length,
    ).toBeLessThanOrEqual(6);
  });

  it('do not wait for a pod that is gone, whose last values stay in Prometheus for a while', () => {
    const samples = onePod(61, (i) => ({ requests: 500, errors: i > 20 ? 50 : 0 })).map((one, i) => {
      const gone = `gone-${Math.floor(i / 5)}`;
      const { up, ageS } = one.answers as NonNullable<GuardSample['answers']>;
      const answers = { ...one.answers, up: [...up, { pod: gone, value: 1 }], ageS: [...ageS, { pod: gone, value: (i % 5) * 5 }] };
      return { ...one, answers } as GuardSample;
    });
    expect(foundS(samples) - 100).toBeLessThanOrEqual(15);
  });

  it('keep what was counted while no present pod can be read', () => {
    const samples = onePod(20, (index) => ({ requests: 500, errors: index === 10 ? 3 : 0 }));
    const unlisted = samples.map((one, index) =>
      index === 10 ? { ...one, deployment: one.deployment && { ...one.deployment, pods: [] } } : one,
    );
    expect(tallySamples(unlisted, limits).windows.errors).toMatchObject({ bad: 3, windows: 18 });
  });

  it('do not close without a request, nor sooner than a burst is over', () => {
    const rare = play(61, (index) => ({ pods: steady({ requests: Number(index % 10 === 0) }) }));
    expect(tallySamples(rare, limits).windows.errors.windows).toBe(6);
    const often = play(61, (index) => ({ pods: steady(), atMs: index * 500 }));
    expect(tallySamples(often, { ...limits, intervalMs: 500 }).windows.recent.map(({ ms }) => ms)).toEqual(
      Array.from({ length: 20 }, () => 1_500),
    );
  });

  it('count a gap as one', () => {
    const gap = play(20, (index) => ({ pods: steady({ errors: index > 4 && index < 9 ? 20 : 0 }), prometheus: index < 4 || index > 9 }));
    expect(tallySamples(gap, limits).windows.recent.map(({ ms }) => ms / 1_000)).toEqual([5, 5, 5, 35, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    expect(tallySamples(gap, limits)).toMatchObject({ breach: [], errors: 240 });
  });

  it('of a whole day are 2 kB', () => {
    const day = tallySamples(
      play(17_281, () => ({ pods: steady({ errors: 0 }) })),
      { ...limits, bakeMs: 86_400_000, maxBakeMs: 86_400_000 },
    );
    expect(day.windows.errors.windows).toBe(17_280);
    expect(JSON.stringify(day.windows).length).toBeLessThan(2_048);
  });
});
