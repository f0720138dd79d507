// A launch that is live and could not be watched (the API server refused it, its worker went away) is watched again by itself.
import { condition } from '@temporalio/workflow';
import { runAgain } from './action-effects.ts';
import { applyChange } from './change.ts';
import { planned, type CountdownState } from './countdown-state.ts';
import { isLive } from './undo-stack.ts';

/** An API server that restarts, or a role that is granted, takes about this long; `liveDeadline` (15 min) holds a dozen tries. */
const RETRY_AFTER_MS = 60_000;

/** For as long as the countdown runs. Ends by cancellation only. */
export async function retryLaunchWhileLive(state: CountdownState): Promise<never> {
  for (;;) {
    await condition(() => isUnseen(state));
    const passed = await condition(() => !isUnseen(state), RETRY_AFTER_MS, { summary: 'the launch is watched again' });
    const launch = planned(state, 'launch');
    if (!passed && launch) applyChange(state, runAgain(state, [launch.spec.name]));
  }
}

/** At its own checkpoint only: what an earlier one found is not judged any more. */
function isUnseen(state: CountdownState): boolean {
  const launch = planned(state, 'launch');
  const here = launch !== null && state.checkpoints[state.cursor] === launch.checkpoint;
  return here && state.decidedEnding === null && isLive(state.undo) && launch.status.state === 'failed-to-run';
}
