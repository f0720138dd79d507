// The load test as Temporal sees it.
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { StepActivities } from '../steps-contract.ts';
import { runLoad } from './run-load.ts';
import type { LoadTestWorld } from './world.ts';

/** Retrying cannot mend these: the script is not in the store, its bytes are damaged, a length of time cannot be read. */
const NOT_MENDED_BY_RETRYING = new Set(['EvidenceMissing', 'EvidenceDamaged', 'EvidenceTooLarge', 'RangeError']);

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
        const { name, message } = cause as Error;
        if (NOT_MENDED_BY_RETRYING.has(name))
          throw ApplicationFailure.create({ message, type: name, nonRetryable: true, cause: cause as Error });
        throw cause;
      }
    },
  };
}
