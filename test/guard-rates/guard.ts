// A watch of a simulated version by the real guard: the same `addSample` and `outcomeOf` that run live and in `tminus verify`.
import { outcomeOf } from '../../analysis/guard/outcome.ts';
import type { GuardLimits } from '../../analysis/guard/sample.ts';
import { EMPTY_TALLY } from '../../analysis/guard/guard-tally.ts';
import { addSample } from '../../analysis/guard/tally.ts';
import { IMAGE, PODS as NAMES, sampleOf, type FakePod, type FakeTotals } from '../../analysis/testing/samples.ts';
import type { BadKind } from '../../analysis/guard/windows.ts';
import { expandGuard, guardSchema } from '../../release/steps/guard.ts';
import { SAMPLE_S, type PodCounts } from './series.ts';

const step = expandGuard(guardSchema.parse({ type: 'guard' }));

/** The defaults of the step. */
export const limits: GuardLimits = {
  subject: 'deployment shop/go-api',
  image: IMAGE,
  p99Ms: step.limits.p99Ms,
  errorPercent: step.limits.errorPercent,
  minRequests: step.minRequests,
  falseAlarmPercent: step.falseAlarmPercent,
  noDataAfterMs: step.noDataAfterMs,
  liveDeadlineMs: step.liveDeadlineMs,
  bakeMs: step.bakeMs,
  maxBakeMs: step.maxBakeMs,
  intervalMs: step.intervalMs,
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
  const totals: FakeTotals = new Map();
  const sample = (atS: number, pods: readonly PodCounts[]) =>
    sampleOf({ atMs: atS * 1_000, pods: pods.map((counts, pod) => fakePod(NAMES[pod] as string, counts, kind)) }, 0, totals);
  let tally = addSample(
    EMPTY_TALLY,
    sample(
      0,
      NAMES.map(() => ({ requests: 0, bad: 0 })),
    ),
    limits,
  );
  for (const [index, pods] of samples.entries()) {
    const atS = (index + 1) * SAMPLE_S;
    tally = addSample(tally, sample(atS, pods), limits);
    const outcome = outcomeOf(tally, limits, false);
    if (outcome === 'passed' || outcome === 'undecided') return { ending: outcome, atS };
    if (outcome === 'breach') return { ending: 'rolled back', atS };
    if (outcome !== null) throw new Error(`a simulated watch is never ${outcome}: ${JSON.stringify(tally.trouble)}`);
  }
  throw new Error(`the guard has not decided after ${samples.length} samples`);
}

const fakePod = (name: string, { requests, bad }: PodCounts, kind: BadKind): FakePod =>
  kind === 'errors' ? { name, requests, errors: bad } : { name, requests, slow: bad };
