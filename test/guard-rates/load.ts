// Load tests of a simulated service, judged by the real judge, and by its bounds as they were before they asked for bursts.
import { judgeLoad } from '../../analysis/load-test/judge.ts';
import type { LoadLimits } from '../../analysis/load-test/plan.ts';
import { EndpointCounts } from '../../analysis/load-test/summary.ts';
import { CONFIDENCE, upperTailBound, wilson } from '../../analysis/statistics/index.ts';
import type { BadKind } from '../../analysis/guard/windows.ts';
import type { Random } from './series.ts';

export const LOAD_PER_SECOND = 300;
const limits: LoadLimits = { p99Ms: 300, errorPercent: 0.1, deliveredPercent: 95, endpoints: {} };
/** A slow request takes 1.5 times the limit: where more than 1 % do, that is the true p99. */
const SLOW_MS = 1.5 * limits.p99Ms;
const QUICK_MS = 20;

export interface FakeLoad {
  seconds: number;
  kind: BadKind;
  /** Share of requests that are bad, 0-1, in bursts of so many in a row. */
  share: number;
  burst: number;
}

export interface LoadVerdict {
  passes: boolean;
  /** By bounds that take every request for independent. */
  passedBefore: boolean;
}

export function loadTest(random: Random, { seconds, kind, share, burst }: FakeLoad): LoadVerdict {
  const counts = new EndpointCounts('GET /a', limits.p99Ms);
  let left = 0;
  for (let request = 0; request < seconds * LOAD_PER_SECOND; request += 1) {
    // A burst begins at any request that is in none.
    if (left === 0 && random() < share / (burst * (1 - share) + share)) left = burst;
    const isBad = left > 0;
    left = Math.max(0, left - 1);
    const second = request / LOAD_PER_SECOND;
    const durationMs = isBad && kind === 'slow' ? SLOW_MS : QUICK_MS;
    const failed = isBad && kind === 'errors';
    counts.add({ endpoint: 'GET /a', durationMs, atMs: second * 1_000, failed, unanswered: false }, second);
  }
  const endpoint = counts.summary();
  const summary = {
    endpoints: [endpoint],
    requests: endpoint.requests,
    iterations: endpoint.requests,
    dropped: 0,
    seconds,
    linesRead: 0,
    linesMalformed: 0,
    cutOff: false,
    runs: 1,
    start: null,
    end: null,
  };
  const code = kind === 'errors' ? 'ErrorRateWithinLimit' : 'LatencyWithinLimit';
  const { requests, failed, overLimit } = endpoint;
  const bound = upperTailBound(requests);
  return {
    passes: judgeLoad(summary, limits, []).some((finding) => finding.code === code),
    passedBefore:
      kind === 'errors'
        ? 100 * wilson(failed, requests, CONFIDENCE).upper <= limits.errorPercent
        : overLimit !== null && bound !== null && overLimit <= requests - bound,
  };
}
