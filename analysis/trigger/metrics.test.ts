import { describe, expect, it } from '@jest/globals';
import { metricsCondition, metricsSample, tallyOf, TRIGGER_PODS, watchOf, type FakeCounters } from '../testing/triggers.ts';
import type { MetricsCondition } from './condition.ts';
import type { Reading } from './reading.ts';
import type { MetricsSample } from './sample.ts';
import { addSample, EMPTY_TALLY } from './watch.ts';

const INTERVAL_S = 2;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A Poisson number; above a mean of 60 by the normal distribution. */
function poisson(mean: number, next: () => number): number {
  if (mean > 60) return Math.round(mean + Math.sqrt(mean) * Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next()));
  let [events, product] = [0, next()];
  while (product > Math.exp(-mean)) {
    product *= next();
    events += 1;
  }
  return events;
}

/** Samples of three pods that answer `perSecond` requests together; `share` (0-1) of those of each interval fail. */
function load(samples: number, seed: number, share: (atS: number) => number, perSecond = 1_000): MetricsSample[] {
  const next = random(seed);
  const totals = Object.fromEntries(TRIGGER_PODS.map((pod) => [pod, { requests: 10_000, errors: 3 }]));
  return Array.from({ length: samples }, (_, index) => {
    for (const counts of Object.values(totals)) {
      const requests = poisson((perSecond * INTERVAL_S) / TRIGGER_PODS.length, next);
      counts.requests += requests;
      counts.errors += Math.min(requests, poisson(requests * share(index * INTERVAL_S), next));
    }
    return metricsSample(index * INTERVAL_S, Object.fromEntries(Object.entries(totals).map(([pod, counts]) => [pod, { ...counts }])));
  });
}

/** The state of the condition after each sample. */
function statesOf(samples: readonly MetricsSample[], change: Partial<MetricsCondition> = {}, timeoutMs = 3_600_000): Reading['state'][] {
  const watch = watchOf({ ...metricsCondition, ...change }, { timeoutMs });
  let tally = EMPTY_TALLY;
  return samples.map((sample) => {
    tally = addSample(tally, sample, watch);
    return tally.reading?.state ?? 'no-data';
  });
}

/** 0.2 % of requests fail, and every five minutes for two seconds 15 % (a connection reset); the request rate stays above the minimum. */
const noisy = (atS: number): number => (atS % 300 === 150 ? 0.15 : 0.002);
const SAMPLES_PER_HOUR = 1_800;
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const surge = (share: number) => (atS: number) => (atS > 60 ? share : 0.002);
/** Seconds from the beginning of the surge to the first sample in which the condition holds; a sample is a second old. */
const detectedS = (states: readonly Reading['state'][]): number => states.indexOf('holds') * INTERVAL_S - 60 + 1;
const inverted = (states: readonly Reading['state'][]): Reading['state'][] =>
  states.map((state) => (state === 'holds' ? 'false' : state === 'false' ? 'holds' : state));

describe('a trigger on metrics', () => {
  it('does not fire in 60 minutes of healthy noisy load, with 20 seeds, and clears in each', () => {
    for (const seed of SEEDS) {
      const states = statesOf(load(SAMPLES_PER_HOUR, seed, noisy));
      expect({ seed, fired: states.filter((state) => state === 'holds').length }).toEqual({ seed, fired: 0 });
      expect(states.filter((state) => state === 'false').length).toBeGreaterThan(0.95 * SAMPLES_PER_HOUR);
      // The check can fail: the inverted condition fires in the same load.
      expect(inverted(states)).toContain('holds');
    }
  });

  it('fires within 30 s of errors of 5 % at 1,000 requests/s, in a watch of one hour, with 20 seeds', () => {
    for (const seed of SEEDS) {
      const states = statesOf(load(120, seed, surge(0.05)));
      const tookS = detectedS(states);
      expect({ seed, inTime: tookS > 0 && tookS <= 30 }).toEqual({ seed, inTime: true });
      expect(detectedS(inverted(states))).toBeLessThan(0);
    }
  });

  it.each([
    [0.05, 25, 19],
    [0.1, 19, 17],
    [0.3, 13, 11],
    [1, 11, 9],
  ])('fires on errors of %d within %d s in a watch of an hour, and within %d s in one of two minutes', (share, hourS, minutesS) => {
    for (const seed of SEEDS) {
      const samples = load(120, seed, surge(share));
      expect(detectedS(statesOf(samples))).toBeLessThanOrEqual(hourS);
      expect(detectedS(statesOf(samples, {}, 120_000))).toBeLessThanOrEqual(minutesS);
    }
  });

  it('fires in none of 300 watches of two minutes whose error rate is exactly at the limit: 0.3 are expected at most', () => {
    const fired = Array.from({ length: 300 }, (_, seed) =>
      statesOf(
        load(60, seed + 1, () => 0.01),
        {},
        120_000,
      ).includes('holds'),
    );
    expect(fired.filter(Boolean)).toHaveLength(0);
  });

  it('does not fire below its request rate, and reports both', () => {
    const samples = load(120, 1, surge(0.2), 300);
    expect(statesOf(samples)).not.toContain('holds');
    expect(tallyOf(samples, watchOf(metricsCondition)).reading).toMatchObject({
      state: 'undecided',
      message: expect.stringMatching(
        /^\d\d(\.\d+)? % of (29|30)\d requests\/s failed in the last .* limit 1 %; \d{3}(\.\d)? requests\/s, minimum 500 requests\/s$/,
      ),
    });
    expect(statesOf(samples, { minRatePerSecond: 200 })).toContain('holds');
  });

  it('reports what it measured against what', () => {
    const samples = load(60, 1, surge(0.05));
    expect(tallyOf(samples.slice(0, 45), watchOf(metricsCondition)).reading).toMatchObject({
      state: 'holds',
      message: expect.stringMatching(
        /^[45](\.\d+)? % of (9|1,0)\d\d requests\/s failed in the last \d+ s \([\d,]+ of [\d,]+\), limit 1 %$/,
      ),
      values: { requestsPerSecond: expect.any(Number), errorPercent: expect.any(Number) },
    });
  });

  it('clears when a window is within the limit again, and not while some is above it', () => {
    const states = statesOf(load(60, 1, (atS) => (atS > 40 && atS <= 80 ? 0.05 : 0.001)));
    expect(states.slice(6, 20).every((state) => state === 'false')).toBe(true);
    expect(states.slice(22, 40)).not.toContain('false');
    expect(states.slice(47)).not.toContain('holds');
    expect(states.slice(47).every((state) => state === 'false')).toBe(true);
  });

  it('does not clear while most of the requests are missing: a service that hangs counts none that failed', () => {
    const rates = (perSecond: number) => statesOf(load(60, 1, () => 0, perSecond)).slice(-20);
    expect(rates(20)).not.toContain('false');
    expect(rates(0.6 * metricsCondition.minRatePerSecond)).toEqual(Array.from({ length: 20 }, () => 'false'));
  });

  it('is undecided while its window is not full, and with fewer than 30 requests', () => {
    expect(statesOf(load(5, 1, noisy))).toEqual(['undecided', 'undecided', 'undecided', 'undecided', 'undecided']);
    expect(statesOf(load(20, 1, () => 0, 1)).slice(8)).toEqual(expect.arrayContaining(['undecided']));
    expect(statesOf(load(20, 1, () => 0, 1))).not.toContain('false');
  });

  it('counts a restarted pod from zero, and pods that come and go', () => {
    const base: FakeCounters = { 'go-api-a-1': { requests: 5_000, errors: 40 }, 'go-api-a-2': { requests: 9_000, errors: 0 } };
    const samples = Array.from({ length: 12 }, (_, index) => {
      const more = 2_000 * index;
      if (index < 4) return metricsSample(2 * index, { ...base, 'go-api-a-1': { requests: 5_000 + more, errors: 40 } });
      // One restarts, the other is replaced.
      const after = 2_000 * (index - 3);
      return metricsSample(2 * index, { 'go-api-a-1': { requests: after, errors: 0 }, 'go-api-c-1': { requests: after, errors: 1 } });
    });
    const tally = tallyOf(samples, watchOf(metricsCondition));
    expect(tally.metrics).toMatchObject({ requests: 6_000 + 2 * 16_000, errors: 1 });
    expect(Object.keys(tally.metrics.last)).toEqual(['go-api-a-1', 'go-api-c-1']);
    expect(tally.reading?.state).toBe('false');
  });
});

describe('a trigger on metrics has no data, and never the condition false', () => {
  const counters = (atS: number): FakeCounters =>
    Object.fromEntries(TRIGGER_PODS.map((pod) => [pod, { requests: 500 * atS + 100, errors: 0 }]));
  const healthy = Array.from({ length: 10 }, (_, index) => metricsSample(2 * index, counters(2 * index)));
  const [atS, last] = [20, counters(20)];
  const answersOf = (sample: MetricsSample) => sample.answers ?? { up: [], ageS: [], requests: [], coded: [], errors: [] };
  const changed = (question: keyof ReturnType<typeof answersOf>, pod: string, value: number | null) => {
    const sample = metricsSample(atS, last);
    const values = answersOf(sample)[question].filter((each) => each.pod !== pod);
    return { ...sample, answers: { ...answersOf(sample), [question]: value === null ? values : [...values, { pod, value }] } };
  };
  const [one = '', two = ''] = TRIGGER_PODS;

  it.each<[string, MetricsSample, string]>([
    [
      'Prometheus does not respond',
      metricsSample(atS, {}, { answers: null, trouble: { query: 'requests{}', message: 'timed out after 3 s' } }),
      'timed out after 3 s',
    ],
    [
      'the pods are unknown',
      metricsSample(atS, last, { pods: null, trouble: { query: 'pods', message: 'forbidden (403)' } }),
      'forbidden (403)',
    ],
    [
      'no pod is Ready',
      metricsSample(atS, last, { pods: TRIGGER_PODS.map((name) => ({ name, serves: false })) }),
      'no pod of deployment shop/go-api is Ready',
    ],
    ['a pod is not scraped', changed('up', one, null), `Prometheus does not scrape pod ${one} (up{})`],
    ['a scrape failed', changed('up', two, 0), `the last scrape of pod ${two} failed (up{})`],
    ['a sample is stale', changed('ageS', one, 21), `the newest sample of pod ${one} is 21 s old (age{})`],
    ['a counter is NaN', changed('requests', one, NaN), `pod ${one} has no request counter (requests{})`],
    ['a series is missing', changed('requests', one, null), `pod ${one} has no request counter (requests{})`],
    ['the label of the status is another', changed('coded', one, null), '10100 requests of pod go-api-a-1 have no label `code` (coded{})'],
    ['the counters contradict each other', changed('errors', one, 99_999), `the counters of pod ${one} contradict each other (errors{})`],
  ])('when %s', (_, sample, message) => {
    const watch = watchOf(metricsCondition, { until: 'clears', forMs: 1_000 });
    expect(tallyOf(healthy, watch).reading?.state).toBe('false');
    expect(tallyOf([...healthy, sample], watch)).toMatchObject({
      reading: { state: 'no-data', message: expect.stringContaining(message) },
      falseFromMs: null,
      noDataFromMs: sample.atMs,
    });
  });

  it('when requests stop, and when no pod has a series of the metric', () => {
    const stopped = Array.from({ length: 8 }, (_, index) => metricsSample(20 + 2 * index, last));
    expect(statesOf([...healthy, ...stopped]).at(-1)).toBe('no-data');
    const without = Array.from({ length: 8 }, (_, index) =>
      metricsSample(2 * index, Object.fromEntries(TRIGGER_PODS.map((pod) => [pod, null]))),
    );
    expect(tallyOf(without, watchOf(metricsCondition)).reading).toMatchObject({
      state: 'no-data',
      message: expect.stringMatching(/^no requests were counted in the last 1\d s \(requests\{\}\)$/),
    });
  });

  it('and a pod that does not serve need not be readable', () => {
    const sample = metricsSample(atS, last, {
      pods: [...TRIGGER_PODS.map((name) => ({ name, serves: true })), { name: 'go-api-b-2', serves: false }],
    });
    expect(statesOf([...healthy, sample]).at(-1)).toBe('false');
  });
});
