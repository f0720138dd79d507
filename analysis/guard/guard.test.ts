import { describe, expect, it } from '@jest/globals';
import { guardFacts } from './judge.ts';
import { readCounts, readSight } from './read-sample.ts';
import { limits, play, PODS, steady, type FakePod, judgeGuard, tallySamples } from '../testing/samples.ts';
import type { GuardAnswers, GuardLimits, GuardSample } from './sample.ts';

/** Counters start at 1,000: the service had answered before the watch. */
const watch = (looks = 13, rates: Partial<FakePod> = {}) =>
  play(looks, (index) => ({ pods: steady(index === 0 ? { requests: 1_000 } : rates) }));
const changed = (one: GuardSample, change: Partial<GuardAnswers>): GuardSample => ({
  ...one,
  answers: { ...(one.answers as GuardAnswers), ...change },
});
const blindFor = (one: GuardSample): GuardSample => ({ ...one, answers: null, trouble: { query: 'q', message: 'gone' } });
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
      message: 'deployment shop/go-api keeps its limits: 1 m: 18,000 requests, 0 errors (0 % ≤ 0.1 %), 0 slower than 300 ms, p99 219 ms',
      evidence: ['sha256:1'],
    });
  });

  it('fails when more requests fail than chance explains, with numbers', () => {
    const [finding] = judgeGuard(watch(4, { requests: 100, errors: 2 }), limits);
    expect(finding).toMatchObject({
      code: 'ErrorRateAboveLimit',
      outcome: 'fail',
      measured: 2,
      limit: 0.1,
      unit: '%',
      message: 'error rate of deployment shop/go-api is 2 %, limit 0.1 % (18 of 900 requests failed in the last 15 s)',
    });
  });

  it('fails a p99 above its limit by the requests that were slower, whatever p99 Prometheus gives of the whole watch', () => {
    const slow = watch(9, { requests: 500, slow: 50 });
    for (const p99S of [0.734, 0.219, null])
      expect(
        judgeGuard(
          slow.map((one) => ({ ...one, p99S })),
          limits,
        ),
      ).toMatchObject([
        {
          code: 'LatencyAboveLimit',
          outcome: 'fail',
          measured: 10,
          limit: 1,
          unit: '%',
          message:
            'p99 of deployment shop/go-api is above its limit 300 ms: 10 % of requests took longer, limit 1 % (900 of 9,000 in the last 30 s)',
        },
      ]);
  });

  it('fails although later samples dilute the breach', () => {
    // 15 errors in each of three samples: 5 % of 900 requests, and 0.008 % of all 585,000.
    const burst = (firstRate: number) =>
      watch(40).map((one, index) => {
        const counter = PODS.map((pod) => ({ pod, value: 1_000 + (index < 4 ? firstRate : 5_000) * index }));
        return changed(one, {
          errors: index === 0 ? [] : PODS.map((pod) => ({ pod, value: 5 * Math.min(3, index) })),
          requests: counter,
          coded: counter,
          within: counter,
        });
      });
    const more = { bakeMs: 195_000, maxBakeMs: 195_000 };
    expect(codesOf(burst(5_000), more)).toEqual(['GuardPassed pass']);
    expect(codesOf(burst(100), more)).toEqual(['ErrorRateAboveLimit fail']);
  });

  it('rolls nothing back on a handful of requests', () => {
    expect(codesOf(watch(2, { requests: 9, errors: 9 }))).toEqual(['GuardUndecided inconclusive']);
  });

  it('keeps the false-alarm chance over all samples, and follows the chance that was asked for', () => {
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
    const alarms = (falseAlarmPercent: number) =>
      watches.filter((samples) => codesOf(samples, { falseAlarmPercent }).includes('LatencyAboveLimit fail')).length;
    expect(alarms(1)).toBeLessThanOrEqual(4);
    expect(alarms(50)).toBeGreaterThan(8);
  });

  it('is undecided when too few requests bound the limits, or the watch was cut short', () => {
    expect(judgeGuard(watch(13, { requests: 5 }), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      message: expect.stringContaining('at least 300 are needed'),
    });
    expect(judgeGuard(watch(13, { requests: 50 }), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      message: expect.stringContaining('the true error rate may be as high as 0.15 %'),
    });
    expect(judgeGuard(watch(6), limits)[0]).toMatchObject({
      code: 'GuardUndecided',
      outcome: 'inconclusive',
      message: expect.stringContaining('25 s of 1 m are watched'),
    });
  });

  it('never passes without data: nothing asked, nothing answered, no sample at all', () => {
    const blind = watch(5).map((one) => ({
      ...one,
      answers: null,
      trouble: { query: 'count{...}', message: 'Prometheus returned no usable result for count{...}: connect ECONNREFUSED' },
    }));
    expect(judgeGuard(blind, limits)).toMatchObject([
      { code: 'GuardNoData', outcome: 'inconclusive', message: expect.stringContaining('count{...}') },
    ]);
    expect(codesOf(blind.slice(0, 2))).toEqual(['GuardNoData inconclusive']);
    expect(codesOf([])).toEqual(['GuardNoData inconclusive']);
  });

  it('reports how long data have been missing, though all was well before', () => {
    const stopped = watch().map((one, index) => (index > 5 ? blindFor(one) : one));
    expect(judgeGuard(stopped, limits)).toMatchObject([{ code: 'GuardNoData', measured: 35, limit: 20, unit: 's' }]);
  });

  it('does not pass a version whose every request fails under a label that is not asked for', () => {
    expect(
      judgeGuard(
        watch(9).map((one) => changed(one, { coded: [] })),
        limits,
      ),
    ).toMatchObject([{ code: 'GuardNoData', outcome: 'inconclusive', message: expect.stringContaining('count{code=~"[1-5].."}') }]);
  });

  it('goes on after a short gap, and misses no request of it', () => {
    const gap = watch().map((one, index) => (index === 4 || index === 5 ? blindFor(one) : one));
    expect(judgeGuard(gap, limits)).toMatchObject([{ code: 'GuardPassed', measured: 18_000 }]);
  });

  it('takes a limit of 0 % at its word', () => {
    expect(codesOf(watch(), { errorPercent: 0 })).toEqual(['GuardPassed pass']);
    expect(codesOf(watch(13, { errors: 1 }), { errorPercent: 0 })).toEqual(['ErrorRateAboveLimit fail']);
  });

  it('has the counts in one line', () => {
    expect(guardFacts(tallySamples(watch(), limits), limits)[0]?.values).toEqual({
      seconds: 60,
      requests: 18_000,
      errors: 0,
      slow: 0,
      p99Ms: 219,
    });
  });
});

describe('the tally', () => {
  it('counts on over a counter reset', () => {
    const reset = (values: { pod: string; value: number }[]) =>
      values.map(({ pod, value }) => ({ pod, value: pod.endsWith('2') ? 40 : value }));
    const samples = watch(3).map((one, index) => {
      const { requests, coded, within } = one.answers as GuardAnswers;
      return index < 2 ? one : changed(one, { requests: reset(requests), coded: reset(coded), within: reset(within) });
    });
    expect(tallySamples(samples, limits).requests).toBe(1_500 + 2 * 500 + 40);
  });

  it('counts a burst of errors that creates the series, which increase() would not see', () => {
    const samples = watch(3).map((one, index) => (index < 2 ? one : changed(one, { errors: [{ pod: 'go-api-a-1', value: 7 }] })));
    expect(tallySamples(samples, limits).errors).toBe(7);
  });

  it('counts all of a pod that was started during the watch', () => {
    const samples = play(2, (index) => ({
      pods: [...steady(), ...(index === 0 ? [] : [{ name: 'go-api-a-4', requests: 90, slow: 10 }])],
    }));
    expect(tallySamples(samples, limits)).toMatchObject({ requests: 1_590, slow: 10 });
  });

  it('keeps its state below 256 kB for 100 pods, also over hours of pods that come and go', () => {
    const names = (from: number) => Array.from({ length: 100 }, (_, each) => `go-api-7d4b9c5f6d-${String(from + each).padStart(5, 'x')}`);
    const tally = tallySamples(
      play(60, (index) => ({ pods: steady({ requests: 30, inFlight: 3 }, names(20 * index)) })),
      { ...limits, bakeMs: 3_600_000, maxBakeMs: 10_800_000 },
    );
    expect(JSON.stringify(tally).length).toBeLessThan(64_000);
  });
});

describe('a sample', () => {
  const at = (pod: string, values: { pod: string; value: number }[], value: number) =>
    values.map((one) => (one.pod === pod ? { pod, value } : one));
  const third = watch(4)[3] as GuardSample;
  const base = third.answers as GuardAnswers;
  const two = 'go-api-a-2';

  it.each<[string, Partial<GuardAnswers>, RegExp]>([
    ['a pod is not scraped', { up: base.up.filter(({ pod }) => pod !== two) }, /does not scrape pod go-api-a-2 \(up\{\.\.\.\}\)/],
    ['a pod is scraped twice', { up: [...base.up, { pod: two, value: 1 }] }, /2 times/],
    ['a scrape failed', { up: at(two, base.up, 0) }, /last scrape of pod go-api-a-2 failed/],
    ['samples are stale', { ageS: at(two, base.ageS, 21) }, /21 s old/],
    ['nobody knows the age', { ageS: [] }, /the sample age of pod go-api-a-[12] is unknown/],
    ['the age is no number', { ageS: at(two, base.ageS, Number.NaN) }, /the sample age of pod go-api-a-[12] is unknown/],
    ['a counter is missing', { requests: base.requests.filter(({ pod }) => pod !== two) }, /no request counter \(count\{\.\.\.\}\)/],
    ['a counter is doubled', { requests: [...base.requests, { pod: two, value: 1 }] }, /no request counter/],
    ['a counter is NaN', { requests: at(two, base.requests, Number.NaN) }, /no request counter/],
    ['the bucket at the limit is missing', { within: [] }, /no histogram bucket at the latency limit \(bucket\{le="0\.3"\}\)/],
    [
      'the status is in another label',
      { coded: [] },
      /2500 of 2500 requests of pod go-api-a-1 have no label `code` \(count\{code=~"\[1-5\]\.\."\}\)/,
    ],
    [
      'one status is in another label',
      { coded: at(two, base.requests, 2_499) },
      /1 of 2500 requests of pod go-api-a-2 have no label `code`/,
    ],
    ['the coded requests are NaN', { coded: at(two, base.requests, Number.NaN) }, /requests of pod go-api-a-2 have no label `code`/],
    ['errors are more than requests', { errors: [{ pod: two, value: 1e9 }] }, /contradict/],
    ['errors are NaN', { errors: [{ pod: two, value: Number.NaN }] }, /contradict/],
    ['series lost their pod label', { requests: [{ pod: '', value: 3_000 }] }, /no request counter/],
    ['the bucket holds more than all', { within: at(two, base.within, 1e9) }, /contradict/],
  ])('is blind when %s, and names the query', (_why, change, sentence) => {
    expect(readSight(changed(third, change), limits)).toMatchObject({ trouble: { message: expect.stringMatching(sentence) } });
  });

  it('is blind when no pod is Ready', () => {
    const none = { ...third, deployment: third.deployment && { ...third.deployment, pods: [] } };
    expect(readSight(none, limits)).toMatchObject({
      trouble: { message: expect.stringContaining('no pod of deployment shop/go-api is Ready') },
    });
  });

  it('is read whole', () => {
    expect(readSight(third, limits)).toMatchObject({ inFlight: null });
    expect(readCounts(third, limits.noDataAfterMs)).toMatchObject({
      pods: { [two]: { requests: 2_500, errors: 0, within: 2_500 } },
      oldestScrapeMs: third.atMs - 2_200,
    });
  });
});
