// The load test as Temporal sees it.
import { Context } from '@temporalio/activity';
import { withoutUselessRetry } from '../refusal.ts';
import type { StepActivities } from '../steps-contract.ts';
import { runLoad } from './run-load.ts';
import type { LoadTestWorld } from './world.ts';

export type { LoadTestWorld };

/** Activities of the load queue. Heartbeats ActivityProgress every 2 s; ends k6 when cancelled. */
export function createLoadTestActivities(world: LoadTestWorld): Pick<StepActivities, 'runLoadTest'> {
  return {
    async runLoadTest(input) {
      const context = Context.current();
      try {
        return await runLoad(input, world, {
          signal: context.cancellationSignal,
          heartbeat: (progress) => context.heartbeat(progress),
          attempt: context.info.attempt,
        });
      } catch (cause) {
        // Rejects with the CancelledFailure that tells the server this end was asked for.
        if (context.cancellationSignal.aborted) await context.cancelled;
        throw withoutUselessRetry(cause);
      }
    },
  };
}
