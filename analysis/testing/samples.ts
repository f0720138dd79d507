// For tests: a launched version over time, the guard's samples of it, and the findings of a whole watch.
import type { Finding } from '../../verdict/finding.ts';
import { EMPTY_TALLY, type GuardTally } from '../guard/guard-tally.ts';
import { findingsOf } from '../guard/judge.ts';
import type { GuardDeployment, GuardLimits, GuardPod, GuardSample, PodValue } from '../guard/sample.ts';
import { addSample } from '../guard/tally.ts';

export const IMAGE = 'registry.local/go-api:sha-91d03ce';
export const PODS = ['go-api-a-1', 'go-api-a-2', 'go-api-a-3'];
const START_MS = 1_000_000;
const INTERVAL_MS = 5_000;

export const limits: GuardLimits = {
  subject: 'deployment shop/go-api',
  image: IMAGE,
  p99Ms: 300,
  errorPercent: 0.1,
  minRequests: 300,
  falseAlarmPercent: 1,
  noDataAfterMs: 20_000,
  liveDeadlineMs: 60_000,
  bakeMs: 60_000,
  maxBakeMs: 180_000,
  intervalMs: INTERVAL_MS,
  oldTraffic: null,
};

const queries: GuardSample['queries'] = {
  up: 'up{...}',
  ageS: 'age{...}',
  requests: 'count{...}',
  coded: 'count{code=~"[1-5].."}',
  errors: 'count{code=~"5.."}',
  within: 'bucket{le="0.3"}',
  inFlight: 'in_flight{...}',
};

/** A pod at one time. Counters are what it answered since the sample before. */
export interface FakePod extends Partial<GuardPod> {
  name: string;
  requests?: number;
  errors?: number;
  slow?: number;
  inFlight?: number;
  /** False: Prometheus has no target for it. */
  scraped?: boolean;
  /** False: no series of the metric yet. */
  series?: boolean;
  /** False: it is not in Kubernetes any more. */
  exists?: boolean;
}

export interface Fake {
  pods: FakePod[];
  wanted?: number;
  health?: boolean;
  /** False: neither answers. */
  kubernetes?: boolean;
  prometheus?: boolean;
  others?: string[];
  templateImage?: string;
  /** Time of the sample, ms since the watch began; default: the next interval. */
  atMs?: number;
}

/** All pods alike: 500 requests each in an interval, as a service of 300 requests/s. */
export const steady = (change: Partial<FakePod> = {}, names = PODS): FakePod[] => names.map((name) => ({ name, requests: 500, ...change }));

/** The first `count` samples of a version with the state `at(index)`. */
export function play(count: number, at: (index: number) => Fake): GuardSample[] {
  const totals: FakeTotals = new Map();
  return Array.from({ length: count }, (_, index) => sampleOf(at(index), index, totals));
}

/** What each pod has answered since the watch began, by its name. */
export type FakeTotals = Map<string, { requests: number; errors: number; slow: number }>;

/** The next sample; adds its counts to `totals`. */
export function sampleOf(fake: Fake, index: number, totals: FakeTotals): GuardSample {
  const { pods, wanted = pods.length, health = true, kubernetes = true, prometheus = true, others = [], templateImage = IMAGE } = fake;
  const atMs = START_MS + (fake.atMs ?? index * INTERVAL_MS);
  for (const { name, requests = 0, errors = 0, slow = 0 } of pods) {
    const total = totals.get(name) ?? { requests: 0, errors: 0, slow: 0 };
    totals.set(name, { requests: total.requests + requests, errors: total.errors + errors, slow: total.slow + slow });
  }
  const scraped = pods.filter((pod) => pod.scraped !== false);
  const counted = scraped.filter((pod) => pod.series !== false);
  const values = (of: (total: { requests: number; errors: number; slow: number }) => number): PodValue[] =>
    counted.map(({ name }) => ({ pod: name, value: of(totals.get(name) ?? { requests: 0, errors: 0, slow: 0 }) }));
  const deployment: GuardDeployment = {
    wanted,
    templateImage,
    replicaSet: 'go-api-a',
    others,
    pods: pods
      .filter(({ exists }) => exists !== false)
      .map(({ name, ready = true, pending = false, terminating = false, why = '', restarts = 0 }) => ({
        name,
        ready,
        pending,
        terminating,
        why,
        restarts,
      })),
  };
  return {
    atMs,
    deployment: kubernetes ? deployment : null,
    health: { ok: health, detail: health ? '200 {"status":"ok"}' : 'no answer within 2 s' },
    answers: prometheus
      ? {
          up: scraped.map(({ name }) => ({ pod: name, value: 1 })),
          ageS: scraped.map(({ name }) => ({ pod: name, value: 1.2 })),
          requests: values(({ requests }) => requests),
          coded: values(({ requests }) => requests),
          errors: values(({ errors }) => errors).filter(({ value }) => value > 0),
          within: values(({ requests, slow }) => requests - slow),
          inFlight: pods.some(({ inFlight }) => inFlight !== undefined)
            ? pods.map(({ name, inFlight = 0 }) => ({ pod: name, value: inFlight }))
            : [],
        }
      : null,
    evaluatedAtS: prometheus ? atMs / 1_000 - 1 : null,
    trouble:
      prometheus && kubernetes
        ? null
        : { query: 'count{...}', message: 'Prometheus returned no usable result for count{...}: connect ECONNREFUSED' },
    p99S: 0.219,
    queries,
  };
}

/** The state after all samples of a watch. */
export function tallySamples(samples: readonly GuardSample[], limits: GuardLimits): GuardTally {
  return samples.reduce((tally, sample) => addSample(tally, sample, limits), EMPTY_TALLY);
}

/** Judges a whole watch from its samples alone: the same findings as the guard's, byte for byte. */
export function judgeGuard(samples: readonly GuardSample[], limits: GuardLimits, evidence: string[] = []): Finding[] {
  return findingsOf(tallySamples(samples, limits), limits, evidence);
}
