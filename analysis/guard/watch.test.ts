// Who counts, who is served, traffic, restarts, gaps: each rule with its counter-case.
import { describe, expect, it } from '@jest/globals';
import { guardFacts } from './judge.ts';
import { outcomeOf } from './outcome.ts';
import { limits, play, PODS, steady, type Fake, type FakePod, judgeGuard, tallySamples } from '../testing/samples.ts';
import type { GuardLimits, GuardSample } from './sample.ts';
import { EMPTY_TALLY } from './guard-tally.ts';
import { addSample } from './tally.ts';

const codes = (samples: GuardSample[], change: Partial<GuardLimits> = {}) =>
  judgeGuard(samples, { ...limits, ...change }).map(({ code }) => code);
const watch = (count: number, at: (index: number) => Partial<Fake>) => play(count, (index) => ({ pods: steady(), ...at(index) }));
/** Seconds after the watch began at which it reports, and what. */
function report(samples: GuardSample[], { blindReported = false, ...change }: Partial<GuardLimits> & { blindReported?: boolean } = {}) {
  let tally = EMPTY_TALLY;
  for (const sample of samples) {
    tally = addSample(tally, sample, { ...limits, ...change });
    const outcome = outcomeOf(tally, { ...limits, ...change }, blindReported);
    if (outcome !== null)
      return {
        outcome,
        afterS: (sample.atMs - (samples[0] as GuardSample).atMs) / 1_000,
        code: judgeGuard(samples.slice(0, samples.indexOf(sample) + 1), { ...limits, ...change })[0]?.code,
      };
  }
  return null;
}
const [one, two, three] = PODS as [string, string, string];

describe('nothing serves', () => {
  const hang = { requests: 0 };

  it('the guard fails a version that stopped answering', () => {
    // Two good minutes, then every request hangs; the health page and the pods look well.
    const samples = watch(60, (index) => ({ pods: steady(index > 24 ? { ...hang, inFlight: 200 * (index - 24) } : { inFlight: 2 }) }));
    const found = report(samples, { bakeMs: 300_000, maxBakeMs: 900_000 });
    expect(found).toMatchObject({ outcome: 'breach', code: 'ServiceNotServing' });
    expect((found?.afterS ?? 999) - 120).toBeLessThanOrEqual(20);
  });

  it('fails a hanging version whose few clients all wait for an answer', () => {
    // 12 clients that wait: four requests hang in each pod within a moment, and no more arrive.
    const samples = watch(60, (index) => ({
      pods: steady(index > 24 ? { requests: index === 25 ? 250 : 0, inFlight: 4 } : { inFlight: 1 }),
    }));
    expect(report(samples, { bakeMs: 300_000, maxBakeMs: 900_000 })).toMatchObject({ outcome: 'breach', code: 'ServiceNotServing' });
  });

  it('does not count long-lived connections as hanging requests', () => {
    const samples = watch(40, (index) => ({ pods: steady({ ...(index > 24 ? hang : {}), inFlight: index > 24 ? 52 : 50 }) }));
    expect(report(samples, { bakeMs: 300_000, maxBakeMs: 900_000 })).toMatchObject({ outcome: 'blind', code: 'GuardNoTraffic' });
  });

  it('does not count one or two slow requests as a hang', () => {
    const slow = (index: number) =>
      steady({ inFlight: 0, requests: index > 24 ? 0 : 500 }).map((pod) =>
        pod.name === one && index > 24 ? { ...pod, inFlight: 2 } : pod,
      );
    expect(
      report(
        watch(40, (index) => ({ pods: slow(index) })),
        { bakeMs: 300_000, maxBakeMs: 900_000 },
      ),
    ).toMatchObject({ outcome: 'blind', code: 'GuardNoTraffic' });
  });

  it('reports once that nothing serves, however many signs there are', () => {
    const samples = watch(27, (index) => ({ pods: steady(index > 24 ? hang : {}), health: index < 24 }));
    expect(codes(samples, { bakeMs: 300_000, maxBakeMs: 900_000 })).toEqual(['ServiceNotServing']);
  });

  it('does not judge a quiet service by one health answer of a sample that sees nothing', () => {
    const samples = watch(10, (index) => ({ pods: steady(index > 5 ? hang : {}), prometheus: index !== 9, health: index !== 9 }));
    expect(tallySamples(samples.slice(0, 9), limits).silent).toBe(true);
    expect(tallySamples(samples, limits).breach).toEqual([]);
  });

  it('says that the health page answers so while pods are Ready and requests are answered', () => {
    const [finding] = judgeGuard(
      watch(60, (index) => ({ health: index <= 24 })),
      { ...limits, bakeMs: 300_000, maxBakeMs: 900_000 },
    );
    expect(finding).toMatchObject({
      code: 'ServiceNotServing',
      message: expect.stringContaining('limit 10 s: health check failed: no answer within 2 s'),
    });
  });

  it('fails a hanging version by its health page where no gauge of requests in flight is exported', () => {
    const samples = watch(60, (index) => ({ pods: steady(index > 24 ? hang : {}), health: index <= 24 }));
    expect(report(samples, { bakeMs: 300_000, maxBakeMs: 900_000 })).toMatchObject({
      outcome: 'breach',
      code: 'ServiceNotServing',
      afterS: 130,
    });
  });

  it('fails when no pod is Ready for ten seconds', () => {
    const samples = watch(13, (index) => ({ pods: steady(index > 4 ? { ready: false, why: 'CrashLoopBackOff' } : {}) }));
    expect(report(samples)).toMatchObject({ outcome: 'breach', code: 'ServiceNotServing', afterS: 35 });
    expect(judgeGuard(samples, limits)[0]).toMatchObject({
      outcome: 'fail',
      unit: 's',
      limit: 10,
      message: expect.stringContaining('0 of 3 pods are Ready'),
    });
  });

  it('bears one health answer that is missing', () => {
    expect(codes(watch(13, (index) => ({ health: index !== 6 })))).toEqual(['GuardPassed']);
    expect(codes(watch(13, (index) => ({ health: index % 3 !== 1 })))).toEqual(['GuardPassed']);
  });

  it('does not take a worker that reaches nothing for a service that serves nobody', () => {
    const samples = watch(9, (index) => (index > 4 ? { health: false, kubernetes: false, prometheus: false } : {}));
    expect(report(samples)).toMatchObject({ outcome: 'blind', code: 'GuardNoData' });
  });

  it('never passes on a last sample whose health answer is not healthy', () => {
    expect(
      judgeGuard(
        watch(13, (index) => ({ health: index !== 12 })),
        limits,
      )[0],
    ).toMatchObject({ code: 'GuardUndecided', message: expect.stringContaining('health') });
  });
});

describe('pods', () => {
  it('the guard fails a version whose pods are not ready', () => {
    const samples = watch(13, (index) => ({
      pods: steady().map((pod) => (pod.name === two && index > 2 ? { ...pod, ready: false, why: 'CrashLoopBackOff' } : pod)),
    }));
    expect(report(samples)).toMatchObject({ outcome: 'breach', code: 'PodsNotReady', afterS: 40 });
    expect(judgeGuard(samples, limits)[0]).toMatchObject({ message: expect.stringContaining(`${two} (CrashLoopBackOff)`) });
  });

  it('does not count the silence of the API server as time in which a pod is not Ready', () => {
    const samples = watch(13, (index) => ({
      kubernetes: index < 4 || index > 9,
      pods: steady().map((pod) => ({ ...pod, ready: pod.name !== two || index !== 3 })),
    }));
    expect(tallySamples(samples, limits).breach).toEqual([]);
  });

  it('bears a pod that is not Ready for a moment', () => {
    expect(
      codes(watch(13, (index) => ({ pods: steady().map((pod) => ({ ...pod, ready: pod.name !== two || index < 3 || index > 5 })) }))),
    ).toEqual(['GuardPassed']);
  });

  it('a pod without a first request has served 0 requests', () => {
    const quiet = (index: number) => steady().map((pod) => (pod.name === three ? { ...pod, requests: 0, series: index > 9 } : pod));
    const samples = watch(13, (index) => ({ pods: quiet(index) }));
    expect(codes(samples)).toEqual(['GuardPassed']);
    expect(tallySamples(samples, limits).requests).toBe(12 * 1_000);
  });

  it('never passes a version of whose metric no pod has a series', () => {
    const samples = watch(40, () => ({ pods: steady({ series: false }) }));
    expect(report(samples)).toMatchObject({ outcome: 'undecided', code: 'GuardUndecided', afterS: 180 });
    // Without any demand of requests neither.
    expect(codes(samples, { minRequests: 1 })).toEqual(['GuardUndecided']);
  });

  const pending: FakePod = { name: 'go-api-a-4', ready: false, pending: true, scraped: false, series: false };

  it('a pending pod hides no errors', () => {
    const samples = watch(13, () => ({ pods: [...steady({ errors: 50 }), pending], wanted: 4 }));
    expect(report(samples)).toMatchObject({ outcome: 'breach', code: 'ErrorRateAboveLimit', afterS: 15 });
  });

  it('passes with a pod that an autoscaler added and no node takes, and reports it', () => {
    const samples = watch(13, (index) => ({ pods: index < 3 ? steady() : [...steady(), pending], wanted: index < 3 ? 3 : 4 }));
    expect(codes(samples)).toEqual(['GuardPassed']);
    expect(guardFacts(tallySamples(samples, limits), limits).at(-1)).toMatchObject({ text: 'not Ready: go-api-a-4 (Pending)' });
  });

  it('counts the errors of a pod that is not Ready, and of one that terminates', () => {
    for (const state of [{ ready: false }, { terminating: true }])
      expect(
        report(
          watch(13, (index) => ({
            pods: [...steady(), { name: 'go-api-a-4', requests: index * 10, errors: index * 10, ...state }],
            wanted: 3,
          })),
        ),
      ).toMatchObject({ outcome: 'breach', code: 'ErrorRateAboveLimit' });
  });

  it('is blind while a Ready pod is not scraped', () => {
    expect(
      judgeGuard(
        watch(13, () => ({ pods: steady().map((pod) => ({ ...pod, scraped: pod.name !== two })) })),
        limits,
      ),
    ).toMatchObject([{ code: 'GuardBlindTooLong', message: expect.stringContaining(`does not scrape pod ${two}`) }]);
  });

  it('breaches on the errors of the pods it sees although another is not scraped', () => {
    const samples = watch(13, () => ({ pods: steady({ errors: 50 }).map((pod) => ({ ...pod, scraped: pod.name !== two })) }));
    expect(report(samples)).toMatchObject({ outcome: 'breach', code: 'ErrorRateAboveLimit' });
  });

  it('breaches on errors although the API server does not answer', () => {
    const samples = watch(13, (index) => ({ kubernetes: index < 4, pods: steady({ errors: index > 3 ? 50 : 0 }) }));
    expect(report(samples)).toMatchObject({ outcome: 'breach', code: 'ErrorRateAboveLimit', afterS: 30 });
  });

  it('is blind while pods of another template serve, whatever their image', () => {
    expect(report(watch(13, (index) => (index > 3 ? { others: ['go-api-b-1'] } : {})))).toMatchObject({
      outcome: 'blind',
      code: 'GuardNoData',
    });
    expect(report(watch(13, (index) => (index > 3 ? { templateImage: 'registry.local/go-api:other' } : {})))).toMatchObject({
      outcome: 'blind',
    });
  });

  it('is undecided while fewer pods are Ready than are wanted and were there', () => {
    const samples = watch(13, (index) => ({ wanted: 3, pods: index < 9 ? steady() : steady({}, [one, two]) }));
    expect(judgeGuard(samples, limits)).toMatchObject([
      { code: 'GuardUndecided', message: expect.stringContaining('2 of 3 pods are Ready') },
    ]);
  });

  it('does not pass a version of which fewer pods are Ready than were asked for when the watch began', () => {
    const samples = watch(13, () => ({ pods: [...steady({}, PODS.slice(0, 1)), ...steady({ ready: false, requests: 0 }, PODS.slice(1))] }));
    expect(report(samples)).toBeNull();
    expect(judgeGuard(samples, limits)).toMatchObject([
      {
        code: 'GuardUndecided',
        message: expect.stringContaining('1 of 3 pods are Ready; not Ready: go-api-a-2 (not ready), go-api-a-3 (not ready)'),
      },
    ]);
  });

  it('counts a series that is gone for one sample on from where it was', () => {
    const samples = watch(13, (index) => ({ pods: steady({ series: index !== 5 }) }));
    expect(tallySamples(samples, limits).requests).toBe(12 * 1_500);
  });

  const leaving = (ready: boolean) => (index: number) => ({
    wanted: 3,
    pods:
      index < 4
        ? steady()
        : [...steady({}, [one, two, 'go-api-a-4']), { name: three, terminating: true, ready, scraped: false, series: false }],
  });

  const healthy: [string, (index: number) => Partial<Fake>][] = [
    ['scale up', (index) => ({ pods: index < 5 ? steady() : steady({ requests: 300 }, [...PODS, 'go-api-a-4', 'go-api-a-5']) })],
    ['scale down', (index) => ({ pods: index < 5 ? steady() : steady({ requests: 1_500 }, [one]) })],
    [
      'a drained node: pods terminate and others take their place',
      (index) => ({
        wanted: 3,
        pods:
          index < 4
            ? steady()
            : index < 6
              ? [
                  ...steady({ requests: 750 }, [one, two]),
                  { name: three, terminating: true, ready: false },
                  { name: 'go-api-a-4', ready: false, pending: true, scraped: false },
                ]
              : steady({}, [one, two, 'go-api-a-4']),
      }),
    ],
    [
      'a deleted pod',
      (index) => ({
        wanted: 3,
        pods: index < 4 ? steady() : index < 6 ? steady({ requests: 750 }, [one, two]) : steady({}, [one, two, 'go-api-a-4']),
      }),
    ],
    ['a pod that terminates, still Ready and not scraped any more', leaving(true)],
    ['a pod that terminates for longer than noDataAfter', leaving(false)],
    ['halved traffic', (index) => ({ pods: steady({ requests: index < 5 ? 500 : 250 }) })],
    ['low traffic', () => ({ pods: steady({ requests: 80 }) })],
  ];
  it.each(healthy)('passes without a person: %s', (_what, at) => {
    expect(report(watch(40, at))).toMatchObject({ outcome: 'passed', afterS: expect.any(Number) });
    expect(report(watch(40, at))?.afterS).toBeLessThanOrEqual(75);
  });
});

describe('restarts', () => {
  const restarted =
    (times: number, from = 6) =>
    (index: number) => ({
      pods: steady().map((pod) => (pod.name === two && index >= from ? { ...pod, restarts: times } : pod)),
    });

  it('one restart starts the bake again, and needs no person', () => {
    const samples = watch(20, restarted(1));
    expect(codes(samples.slice(0, 13))).toEqual(['GuardUndecided']);
    expect(report(samples)).toMatchObject({ outcome: 'passed', afterS: 90 });
    expect(guardFacts(tallySamples(samples, limits), limits).map(({ text }) => text)).toContain(
      `restarted: ${two} once; the bake began again`,
    );
  });

  it('a second restart is a breach', () => {
    expect(report(watch(20, restarted(2)))).toMatchObject({ outcome: 'breach', code: 'PodsRestarted', afterS: 30 });
  });

  it('requests before a restart are not those to decide on', () => {
    const samples = watch(19, (index) => ({
      pods: restarted(1)(index).pods.map((pod) => ({ ...pod, requests: index < 6 ? 500 : 60 })),
    }));
    expect(judgeGuard(samples, { ...limits, minRequests: 3_000 })).toMatchObject([
      { code: 'GuardUndecided', message: expect.stringContaining('2,160 requests since the restart') },
    ]);
    expect(codes(samples, { minRequests: 2_000 })).toEqual(['GuardPassed']);
  });

  it('restarts before the watch are none of it', () => {
    expect(report(watch(20, restarted(7, 0)))).toMatchObject({ outcome: 'passed', afterS: 60 });
  });
});

describe('traffic', () => {
  const stopped = (from: number) => watch(60, (index) => ({ pods: steady({ requests: index > from ? 0 : 500 }) }));
  const long = { bakeMs: 300_000, maxBakeMs: 900_000 };

  it('reports within 30 s that requests stopped, and rolls back at liveDeadline', () => {
    const found = report(stopped(12), long);
    expect(found).toMatchObject({ outcome: 'blind', code: 'GuardNoTraffic' });
    // 20 s after the last request, not after the first sample that missed them.
    expect(found?.afterS).toBe(80);
    const end = report(stopped(12), { ...long, blindReported: true });
    // Sight comes first in a watch that is blind from the start: here it is told after the blindness.
    expect(end).toMatchObject({ outcome: 'recovered' });
    expect(judgeGuard(stopped(12), { ...limits, ...long })).toMatchObject([{ code: 'GuardBlindTooLong', outcome: 'fail', limit: 60 }]);
  });

  it('takes a version that nobody ever reached for no pass, by what the old version answered', () => {
    const oldTraffic = { query: 'q', at: '2026-11-24T00:00:00Z', windowS: 300, requests: 90_000, trouble: null };
    expect(
      report(
        watch(20, () => ({ pods: steady({ requests: 10 }) })),
        { oldTraffic },
      ),
    ).toMatchObject({ outcome: 'blind', code: 'GuardNoTraffic' });
    expect(
      report(
        watch(20, () => ({ pods: steady({ requests: 250 }) })),
        { oldTraffic },
      ),
    ).toMatchObject({ outcome: 'passed' });
  });

  it('goes on by itself when traffic is back', () => {
    const samples = watch(60, (index) => ({ pods: steady({ requests: index > 5 && index < 12 ? 0 : 500 }) }));
    const tally = tallySamples(samples, limits);
    expect(tally).toMatchObject({ breach: [], blindMs: 0, silent: false });
    expect(codes(samples)).toEqual(['GuardPassed']);
  });

  it('gives no alarm to random low traffic', () => {
    let seed = 7;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    for (let run = 0; run < 50; run += 1) {
      // About 4 requests/s in all, Poisson by hand.
      const samples = watch(60, () => ({
        pods: steady().map((pod) => ({ ...pod, requests: Array.from({ length: 70 }, random).filter((draw) => draw < 0.1).length })),
      }));
      expect(tallySamples(samples, { ...limits, ...long })).toMatchObject({ silent: false, trouble: null });
    }
  });

  it('does not get used to silence, however long', () => {
    // About one request each second for a minute, then none for a quarter of an hour.
    const samples = watch(190, (index) => ({ pods: steady({ requests: index > 12 ? 0 : 2 }) }));
    expect(tallySamples(samples, { ...limits, ...long, liveDeadlineMs: 3_600_000 })).toMatchObject({ silent: true });
  });

  it('gives no alarm where one pod has most requests, and pods are scraped half a minute apart', () => {
    const offset = (pod: string, index: number) => (index + (pod === one ? 0 : 6)) % 12;
    const samples = watch(60, (index) => ({
      pods: [
        { name: one, requests: offset(one, index) === 0 ? 5_700 : 0 },
        { name: two, requests: offset(two, index) === 0 ? 300 : 0 },
      ],
    })).map((sample, index) => ({
      ...sample,
      answers: sample.answers && { ...sample.answers, ageS: [one, two].map((pod) => ({ pod, value: offset(pod, index) * 5 + 1 })) },
    }));
    expect(tallySamples(samples, { ...limits, ...long, noDataAfterMs: 70_000 })).toMatchObject({ trouble: null, silent: false });
  });

  it('gives no alarm between two scrapes a minute apart', () => {
    const samples = watch(60, (index) => ({ pods: steady({ requests: index % 12 === 0 ? 6_000 : 0 }) })).map((sample, index) => ({
      ...sample,
      answers: sample.answers && { ...sample.answers, ageS: sample.answers.ageS.map(({ pod }) => ({ pod, value: (index % 12) * 5 + 1 })) },
    }));
    expect(tallySamples(samples, { ...limits, ...long, noDataAfterMs: 70_000 })).toMatchObject({ trouble: null, silent: false });
  });

  it('demands requests in the last third also of a service with too few for a window', () => {
    // One request each 50 s: a window that expects 30 would last 25 minutes.
    const slowly = {
      bakeMs: 36_000_000,
      maxBakeMs: 36_000_000,
      intervalMs: 300_000,
      noDataAfterMs: 600_000,
      liveDeadlineMs: 900_000,
      errorPercent: 2,
    };
    const rare = (last: number) => watch(121, (index) => ({ atMs: index * 300_000, pods: steady({ requests: index <= last ? 2 : 0 }) }));
    expect(report(rare(120), slowly)).toMatchObject({ outcome: 'passed' });
    expect(report(rare(78), slowly)).toMatchObject({ outcome: 'undecided' });
    expect(judgeGuard(rare(78), { ...limits, ...slowly })[0]?.message).toMatch(/0 requests in the last 3 h 20 m, at least \d+ are needed/);
  });
});

describe('gaps', () => {
  const gap = (from: number, to: number) => watch(40, (index) => ({ prometheus: index < from || index > to }));

  it('blind for liveDeadline is a breach', () => {
    const samples = gap(5, 40);
    expect(report(samples)).toMatchObject({ outcome: 'blind', afterS: 40, code: 'GuardNoData' });
    expect(judgeGuard(samples.slice(0, 17), limits)).toMatchObject([
      { code: 'GuardBlindTooLong', outcome: 'fail', measured: 60, limit: 60 },
    ]);
    expect(judgeGuard(samples.slice(0, 16), limits)).toMatchObject([{ code: 'GuardNoData', outcome: 'inconclusive' }]);
  });

  it('watches on after a gap, whose time is not watched and whose requests count', () => {
    const samples = gap(5, 10);
    const tally = tallySamples(samples.slice(0, 13), limits);
    // 4 intervals before, 1 after; the gap of 35 s is left out, its requests are not.
    expect(tally).toMatchObject({ watchedMs: 25_000, requests: 12 * 1_500, blindMs: 0 });
    expect(report(samples)).toMatchObject({ outcome: 'blind' });
    expect(codes(samples)).toEqual(['GuardPassed']);
  });

  it('counts the errors of a gap', () => {
    const errors = (until: number) =>
      watch(30, (index) => ({ prometheus: index < 4 || index > 8, pods: steady({ errors: index > 4 && index < until ? 20 : 0 }) }));
    // Of a time in which nobody looked they may be one burst: no breach, and no pass.
    expect(tallySamples(errors(9), limits)).toMatchObject({ errors: 240, breach: [] });
    expect(codes(errors(9))).toEqual(['GuardUndecided']);
    expect(codes(errors(30).slice(0, 13))).toEqual(['ErrorRateAboveLimit']);
  });

  it('reports sight once when it is back after people were notified', () => {
    const samples = gap(0, 4);
    expect(report(samples, { blindReported: true })).toMatchObject({ outcome: 'recovered', afterS: 25 });
    expect(report(samples.slice(0, 5), { blindReported: true })).toBeNull();
  });

  it('never passes on a last sample that saw nothing', () => {
    expect(codes(watch(14, (index) => ({ prometheus: index !== 13 })))).toEqual(['GuardUndecided']);
  });

  it('does not take the absence of a worker for blindness of a whole liveDeadline', () => {
    // 100 s without any sample, then one that sees nothing, then sight.
    const samples = play(20, (index) => ({ pods: steady(), prometheus: index !== 5, atMs: index * 5_000 + (index > 4 ? 100_000 : 0) }));
    expect(tallySamples(samples, limits).breach).toEqual([]);
  });

  it('extends an undecided bake, and ends undecided after the longest watch', () => {
    const samples = watch(40, () => ({ pods: steady({ requests: 5 }) }));
    expect(report(samples)).toMatchObject({ outcome: 'undecided', afterS: 180, code: 'GuardUndecided' });
    // 5 requests per pod and interval: 2,764 are needed for an upper bound of 0.1 %.
    expect(report(watch(40, () => ({ pods: steady({ requests: 80 }) })))).toMatchObject({ outcome: 'passed' });
  });
});
