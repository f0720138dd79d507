// The load test as Temporal sees it.
import { Context } from '@temporalio/activity';
import { withoutUselessRetry } from '../refusal.ts';
import type { StepActivities } from '../steps-contract.ts';
import { runLoad } from './run-load.ts';
import type { LoadTestDependencies } from './dependencies.ts';

/** The activity of the step `loadTest`. Heartbeats ActivityProgress every 2 s; stops k6 when cancelled. */
export function createLoadTestActivities(dependenciesFor: (cluster: string) => LoadTestDependencies): Pick<StepActivities, 'runLoadTest'> {
  return {
    async runLoadTest(input) {
      const context = Context.current();
      try {
        return await runLoad(input, dependenciesFor(input.staging.cluster), {
          signal: context.cancellationSignal,
          heartbeat: (progress) => context.heartbeat(progress),
          attempt: context.info.attempt,
        });
      } catch (cause) {
        // Rejects with the CancelledFailure that marks the activity as cancelled.
        if (context.cancellationSignal.aborted) await context.cancelled;
        throw withoutUselessRetry(cause);
      }
    },
  };
}
