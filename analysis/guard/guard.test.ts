import { describe, expect, it } from '@jest/globals';
import { guardFact, judgeGuard } from './judge.ts';
import type { GuardAnswers, GuardLimits, GuardSample } from './sample.ts';
import { readLook, tallySamples } from './tally.ts';

const PODS = ['go-api-a-1', 'go-api-a-2', 'go-api-a-3'];
const MAX_AGE_MS = 20_000;
const limits: GuardLimits = {
  subject: 'deployment shop/go-api',
  p99Ms: 300,
  errorPercent: 0.1,
  minRequests: 300,
  falseAlarmPercent: 1,
  plannedLooks: 12,
  noDataAfterMs: MAX_AGE_MS,
  watchMs: 60_000,
  intervalMs: 5_000,
};
const queries = {
  up: 'up{...}',
  ageS: 'age{...}',
  requests: 'count{...}',
  coded: 'count{code=~"[1-5].."}',
  errors: 'count{code=~"5.."}',
  within: 'bucket{le="0.3"}',
};

/** Counters of each pod at look number `index`, at a constant rate per look. */
function sample(index: number, { requests = 500, errors = 0, slow = 0 } = {}, change: Partial<GuardSample> = {}): GuardSample {
  const each = (value: number) => PODS.map((pod) => ({ pod, value }));
  const total = requests * index + 1_000;
  return {
    atMs: 1_000_000 + index * 5_000,
    pods: PODS,
    restarts: Object.fromEntries(PODS.map((pod) => [pod, 0])),
    answers: {
      up: each(1),
      ageS: each(1.2),
      requests: each(total),
      coded: each(total),
      errors: errors === 0 ? [] : each(errors * index),
      within: each(total - slow * index),
    },
    trouble: null,
    p99S: 0.219,
    queries,
    ...change,
  };
}
const watch = (looks = 13, rates = {}) => Array.from({ length: looks }, (_, index) => sample(index, rates));
const changed = (one: GuardSample, change: Partial<GuardAnswers>): GuardSample => ({
  ...one,
  answers: { ...(one.answers as GuardAnswers), ...change },
});
const codesOf = (samples: GuardSample[], more: Partial<GuardLimits> = {}) =>
  judgeGuard(samples, { ...limits, ...more }).map(({ code, outcome }) => `${code} ${outcome}`);

describe('judgeGuard', () => {
  it('passes a whole watch with enough requests that keeps both limits', () => {
    const [finding, ...others] = judgeGuard(watch(), limits, ['sha256:1']);
    expect(others).toEqual([]);
    expect(finding).toEqual({
      code: 'GuardPassed',
      subject: 'deployment shop/go-api',
      outcome: 'pass',
      measured: 18_000,
      limit: 300,
      unit: 'requests',
      message: 'deployment shop/go-api keeps its limits: 60 s: 18,000 requests, 0 errors (0 % ≤ 0.1 %), 0 slower than 300 ms, p99 219 ms',
      evidence: ['sha256:1'],
    });
  });

  it('fails when more requests fail than chance explains, with numbers', () => {
    const [finding] = judgeGuard(watch(3, { requests: 100, errors: 2 }), limits);
    expect(finding).toMatchObject({
      code: 'ErrorRateAboveLimit',
      outcome: 'fail',
      measured: 2,
      limit: 0.1,
      unit: '%',
      message: 'error rate of deployment shop/go-api is 2 %, limit 0.1 % (12 of 600 requests failed)',
    });
  });

  it('fails a p99 above its limit, in ms where Prometheus knows it and in share where it does not', () => {
    const slow = watch(3, { requests: 500, slow: 25 });
    expect(
      judgeGuard(
        slow.map((one) => ({ ...one, p99S: 0.734 })),
        limits,
      )[0],
    ).toMatchObject({
      code: 'LatencyAboveLimit',
      outcome: 'fail',
      measured: 734,
      limit: 300,
      unit: 'ms',
      message: expect.stringContaining('p99 of deployment shop/go-api is 734 ms, limit 300 ms'),
    });
    expect(
      judgeGuard(
        slow.map((one) => ({ ...one, p99S: null })),
        limits,
      )[0],
    ).toMatchObject({ code: 'LatencyAboveLimit', measured: 5, limit: 1, unit: '%' });
  });

  it('fails although later looks dilute the breach', () => {
    // 15 errors at once: 5 % of the first 300 requests, and 0.003 % of all 585,000.
    const burst = (firstRate: number) =>
      watch(40).map((one, index) => {
        const counter = PODS.map((pod) => ({ pod, value: 1_000 + (index < 3 ? firstRate : 5_000) * index }));
        return changed(one, {
          errors: index === 0 ? [] : PODS.map((pod) => ({ pod, value: 5 })),
          requests: counter,
          coded: counter,
          within: counter,
        });
      });
    const more = { watchMs: 195_000, plannedLooks: 40 };
    expect(codesOf(burst(5_000), more)).toEqual(['GuardPassed pass']);
    expect(codesOf(burst(100), more)).toEqual(['ErrorRateAboveLimit fail']);
  });

  it('rolls nothing back on a handful of requests', () => {
    expect(codesOf(watch(2, { requests: 9, errors: 9 }))).toEqual(['GuardUndecided inconclusive']);
  });

  it('keeps the false-alarm chance over all looks, which a plain 1 % test at each look would not', () => {
    let seed = 42;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    // 400 watches of 12 looks at a version exactly at its limit: 1 % of 300 requests per look are slow.
    const watches = Array.from({ length: 400 }, () => {
      let slow = 0;
      return watch(13, { requests: 100 }).map((one, index) => {
        if (index > 0) for (let request = 0; request < 300; request += 1) slow += random() < 0.01 ? 1 : 0;
        return changed(one, { within: PODS.map((pod, at) => ({ pod, value: 1_000 + 100 * index - (at === 0 ? slow : 0) })) });
      });
    });
    const alarms = (plannedLooks: number) =>
      watches.filter((samples) => codesOf(samples, { plannedLooks }).includes('LatencyAboveLimit fail')).length;
    expect(alarms(12)).toBeLessThanOrEqual(4);
    // Half a planned look and two limits: 1 % at each look.
    expect(alarms(0.5)).toBeGreaterThan(8);
  });

  it('is undecided when too few requests bound the limits, or the watch was cut short', () => {
    expect(judgeGuard(watch(13, { requests: 5 }), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      message: expect.stringContaining('300 are the least'),
    });
    expect(judgeGuard(watch(13, { requests: 50 }), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      message: expect.stringContaining('the true error rate may be as high as 0.15 %'),
    });
    expect(judgeGuard(watch(6), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      outcome: 'inconclusive',
      message: expect.stringContaining('it was to watch for 60 s'),
    });
  });

  it('never passes without data: nothing asked, nothing answered, no look at all', () => {
    const blind = watch().map((one) => ({
      ...one,
      answers: null,
      trouble: { query: 'count{...}', sentence: 'Prometheus gave no usable answer to count{...}: connect ECONNREFUSED' },
    }));
    expect(judgeGuard(blind, limits)).toMatchObject([
      { code: 'GuardNoData', outcome: 'inconclusive', message: expect.stringContaining('count{...}') },
    ]);
    expect(codesOf(blind.slice(0, 2))).toEqual(['GuardNoData inconclusive']);
    expect(codesOf([])).toEqual(['GuardNoData inconclusive']);
  });

  it('holds when data stopped for longer than allowed, though all was well before', () => {
    const stopped = watch().map((one, index) => (index > 5 ? { ...one, answers: null, trouble: { query: 'q', sentence: 'gone' } } : one));
    expect(judgeGuard(stopped, limits)).toMatchObject([{ code: 'GuardNoData', measured: 35, limit: 20, unit: 's' }]);
  });

  it('does not pass a version whose every request fails under a label that is not asked for', () => {
    expect(
      judgeGuard(
        watch().map((one) => changed(one, { coded: [] })),
        limits,
      ),
    ).toMatchObject([{ code: 'GuardNoData', outcome: 'inconclusive', message: expect.stringContaining('count{code=~"[1-5].."}') }]);
  });

  it('goes on after a short gap, and misses no request of it', () => {
    const gap = watch().map((one, index) =>
      index === 4 || index === 5 ? { ...one, answers: null, trouble: { query: 'q', sentence: 'gone' } } : one,
    );
    expect(judgeGuard(gap, limits)).toMatchObject([{ code: 'GuardPassed', measured: 18_000 }]);
  });

  it('tells one restart and holds, fails on two', () => {
    const restarted = (times: number) =>
      watch().map((one, index) => (index > 6 ? { ...one, restarts: { ...one.restarts, 'go-api-a-2': times } } : one));
    expect(codesOf(restarted(1))).toEqual(['PodsRestarted inconclusive', 'GuardPassed pass']);
    expect(judgeGuard(restarted(2), limits)).toMatchObject([
      { code: 'PodsRestarted', outcome: 'fail', message: expect.stringContaining('go-api-a-2 2 times') },
    ]);
  });

  it('takes a limit of 0 % at its word', () => {
    expect(codesOf(watch(), { errorPercent: 0 })).toEqual(['GuardPassed pass']);
    expect(codesOf(watch(13, { errors: 1 }), { errorPercent: 0 })).toEqual(['ErrorRateAboveLimit fail']);
  });

  it('tells the story in one line', () => {
    const tally = tallySamples(watch(), MAX_AGE_MS);
    expect(guardFact(tally, limits).values).toEqual({ seconds: 60, requests: 18_000, errors: 0, slow: 0, p99Ms: 219 });
  });
});

describe('the tally', () => {
  it('counts on over a counter reset', () => {
    const looks = [
      sample(0),
      sample(1),
      changed(sample(2), {
        requests: PODS.map((pod) => ({ pod, value: pod.endsWith('2') ? 40 : 2_000 })),
        coded: PODS.map((pod) => ({ pod, value: pod.endsWith('2') ? 40 : 2_000 })),
        within: PODS.map((pod) => ({ pod, value: pod.endsWith('2') ? 40 : 2_000 })),
      }),
    ];
    expect(tallySamples(looks, MAX_AGE_MS).requests).toBe(1_500 + 2 * 500 + 40);
  });

  it('counts a burst of errors that creates the series, which increase() would not see', () => {
    const looks = [sample(0), sample(1), changed(sample(2), { errors: [{ pod: 'go-api-a-1', value: 7 }] })];
    expect(tallySamples(looks, MAX_AGE_MS).errors).toBe(7);
  });

  it('counts all of a pod that was started during the watch', () => {
    const four = [...PODS, 'go-api-a-4'];
    const later = sample(1);
    const add = (values: { pod: string; value: number }[], value: number) => [...values, { pod: 'go-api-a-4', value }];
    const answers = later.answers as GuardAnswers;
    const look = {
      ...later,
      pods: four,
      answers: {
        up: add(answers.up, 1),
        ageS: add(answers.ageS, 1),
        requests: add(answers.requests, 90),
        coded: add(answers.requests, 90),
        errors: [],
        within: add(answers.within, 80),
      },
    };
    expect(tallySamples([sample(0), look], MAX_AGE_MS)).toMatchObject({ requests: 1_590, slow: 10 });
  });
});

describe('readLook', () => {
  const at = (pod: string, values: { pod: string; value: number }[], value: number) =>
    values.map((one) => (one.pod === pod ? { pod, value } : one));
  const base = sample(3).answers as GuardAnswers;
  const two = 'go-api-a-2';

  it.each<[string, Partial<GuardAnswers>, RegExp]>([
    ['a pod is not scraped', { up: base.up.filter(({ pod }) => pod !== two) }, /does not scrape pod go-api-a-2 \(up\{\.\.\.\}\)/],
    ['a pod is scraped twice', { up: [...base.up, { pod: two, value: 1 }] }, /2 times/],
    ['a scrape failed', { up: at(two, base.up, 0) }, /last scrape of pod go-api-a-2 failed/],
    ['samples are stale', { ageS: at(two, base.ageS, 21) }, /21 s old/],
    ['nobody knows the age', { ageS: [] }, /how old/],
    ['the age is no number', { ageS: at(two, base.ageS, Number.NaN) }, /how old/],
    ['a counter is missing', { requests: base.requests.filter(({ pod }) => pod !== two) }, /no request counter \(count\{\.\.\.\}\)/],
    ['a counter is doubled', { requests: [...base.requests, { pod: two, value: 1 }] }, /no request counter/],
    ['a counter is NaN', { requests: at(two, base.requests, Number.NaN) }, /no request counter/],
    ['the bucket at the limit is missing', { within: [] }, /no bucket at the limit \(bucket\{le="0\.3"\}\)/],
    [
      'the status is told by another label',
      { coded: [] },
      /status of 2500 of 2500 requests of pod go-api-a-1 .*`code` \(count\{code=~"\[1-5\]\.\."\}\)/,
    ],
    ['one status is told by another label', { coded: at(two, base.requests, 2_499) }, /status of 1 of 2500 requests of pod go-api-a-2/],
    ['what the status is told of is NaN', { coded: at(two, base.requests, Number.NaN) }, /status of the requests of pod go-api-a-2/],
    ['errors are more than requests', { errors: [{ pod: two, value: 1e9 }] }, /contradict/],
    ['errors are NaN', { errors: [{ pod: two, value: Number.NaN }] }, /contradict/],
    ['series lost their pod label', { requests: [{ pod: '', value: 3_000 }] }, /no request counter/],
    ['the bucket holds more than all', { within: at(two, base.within, 1e9) }, /contradict/],
  ])('is blind when %s, and names the query', (_why, change, sentence) => {
    expect(readLook(changed(sample(3), change), MAX_AGE_MS)).toMatchObject({ trouble: { sentence: expect.stringMatching(sentence) } });
  });

  it('reads a record of an older version, which did not ask for the status, as that version did', () => {
    const { coded: _, ...answers } = base;
    expect(readLook({ ...sample(3), answers }, MAX_AGE_MS)).toMatchObject({ pods: { [two]: { requests: 2_500, errors: 0 } } });
  });

  it('is blind when Kubernetes knows no pod', () => {
    expect(readLook({ ...sample(3), pods: [] }, MAX_AGE_MS)).toMatchObject({ trouble: { sentence: expect.stringContaining('no pods') } });
  });

  it('reads a whole look', () => {
    expect(readLook(sample(3), MAX_AGE_MS)).toMatchObject({ pods: { [two]: { requests: 2_500, errors: 0, within: 2_500 } } });
  });
});
