// A loadTest step of the release file in the numbers the analysis works with.
import type { LoadLimits } from '../../analysis/load-test/plan.ts';
import type { LoadPlan } from '../../analysis/load-test/run-record.ts';
import { durationMs } from '../../release/duration.ts';
import { sharePercent } from '../../release/share.ts';
import type { LoadTestStep } from '../../release/steps/registry.ts';

/** Throws RangeError on texts that a checked release file cannot have. */
export function planOf(step: LoadTestStep): LoadPlan {
  const { limits } = step;
  const endpoints: LoadLimits['endpoints'] = {};
  for (const [name, { p99, errorRate }] of Object.entries(limits.endpoints)) {
    endpoints[name] = {
      ...(p99 === undefined ? {} : { p99Ms: durationMs(p99) }),
      ...(errorRate === undefined ? {} : { errorPercent: sharePercent(errorRate) }),
    };
  }
  return {
    stages: step.stages.map(({ duration, rate }) => ({ seconds: durationMs(duration) / 1_000, ratePerSecond: rate })),
    limits: {
      p99Ms: durationMs(limits.p99),
      errorPercent: sharePercent(limits.errorRate),
      deliveredPercent: sharePercent(limits.delivered),
      endpoints,
    },
  };
}
