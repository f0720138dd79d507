// A watch of a played version by the real guard: the same `addSample` and `outcomeOf` that run live and in `tminus verify`.
import { outcomeOf } from '../../analysis/guard/outcome.ts';
import type { GuardLimits, GuardSample } from '../../analysis/guard/sample.ts';
import type { BadKind } from '../../analysis/guard/windows.ts';
import { addSample, EMPTY_TALLY } from '../../analysis/guard/tally.ts';
import { durationMs } from '../../release/duration.ts';
import { sharePercent } from '../../release/share.ts';
import { guardSchema } from '../../release/steps/guard.ts';
import { PODS, SAMPLE_S, type PodCounts } from './series.ts';

const step = guardSchema.parse({ type: 'guard' });
const IMAGE = 'registry.local/go-api:1';
/** A bake is extended to three times its length where the step does not say. */
const MAX_BAKES = 3;

/** The defaults of the step. */
export const limits: GuardLimits = {
  subject: 'deployment shop/go-api',
  image: IMAGE,
  p99Ms: durationMs(step.limits.p99),
  errorPercent: sharePercent(step.limits.errorRate),
  minRequests: step.minRequests,
  falseAlarmPercent: sharePercent(step.falseAlarm),
  noDataAfterMs: durationMs(step.noDataAfter),
  liveDeadlineMs: durationMs(step.liveDeadline),
  bakeMs: durationMs(step.bake),
  maxBakeMs: MAX_BAKES * durationMs(step.bake),
  intervalMs: durationMs(step.interval),
  oldTraffic: null,
};
export const BAKE_S = limits.bakeMs / 1_000;
export const MAX_BAKE_S = limits.maxBakeMs / 1_000;

export interface Verdict {
  ending: 'passed' | 'undecided' | 'rolled back';
  /** Seconds after the watch began. */
  atS: number;
}

/** How the guard decides on these samples. */
export function watch(samples: readonly PodCounts[][], kind: BadKind): Verdict {
  let tally = addSample(EMPTY_TALLY, sampleOf(0, none, none), limits);
  const requests = [...none];
  const bad = [...none];
  for (const [index, pods] of samples.entries()) {
    for (const [pod, counts] of pods.entries()) {
      requests[pod] = (requests[pod] as number) + counts.requests;
      bad[pod] = (bad[pod] as number) + counts.bad;
    }
    const atS = (index + 1) * SAMPLE_S;
    tally = addSample(tally, sampleOf(atS, requests, bad, kind), limits);
    const outcome = outcomeOf(tally, limits, false);
    if (outcome === 'passed' || outcome === 'undecided') return { ending: outcome, atS };
    if (outcome === 'breach') return { ending: 'rolled back', atS };
    if (outcome !== null) throw new Error(`a played watch is never ${outcome}: ${JSON.stringify(tally.trouble)}`);
  }
  throw new Error(`the guard has not decided after ${samples.length} samples`);
}

const none = Array.from({ length: PODS }, () => 0);
const names = none.map((_, pod) => `go-api-a-${pod + 1}`);
const values = (counts: readonly number[]) => names.map((pod, index) => ({ pod, value: counts[index] as number }));
const queries = { up: '', ageS: '', requests: '', coded: '', errors: '', within: '', inFlight: '' };
const deployment: GuardSample['deployment'] = {
  wanted: PODS,
  templateImage: IMAGE,
  replicaSet: 'go-api-a',
  others: [],
  pods: names.map((name) => ({ name, ready: true, pending: false, terminating: false, why: '', restarts: 0 })),
};

/** @param requests counters of each pod since the watch began */
function sampleOf(atS: number, requests: readonly number[], bad: readonly number[], kind: BadKind = 'errors'): GuardSample {
  return {
    atMs: atS * 1_000,
    deployment,
    health: { ok: true, detail: '200' },
    answers: {
      up: values(names.map(() => 1)),
      ageS: values(names.map(() => 1)),
      requests: values(requests),
      coded: values(requests),
      errors: values(kind === 'errors' ? bad : none),
      within: values(requests.map((count, pod) => (kind === 'slow' ? count - (bad[pod] as number) : count))),
      inFlight: [],
    },
    evaluatedAtS: atS,
    trouble: null,
    p99S: null,
    queries,
  };
}
