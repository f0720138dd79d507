// Starts a countdown: start and open in one call, retried while an ended countdown with the same name closes.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { COUNTDOWN_TYPE, openUpdate, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { CountdownFailure, type StartedPlan } from './countdowns.ts';
import { hasEnded } from './execution.ts';
import { ACTION_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';
import { closing, failureOfStart } from './gateway-failure.ts';
import { explainOther, memoOf } from './start-memo.ts';

// Short enough for a waiting person; at most 40 attempts within the default timeout.
const CLOSING_POLL_MS = 500;

/** Starts a countdown, or returns the running one for the same request. Waits for an ended countdown with the same name to close. */
export async function startCountdown(
  calls: TemporalCalls,
  starter: Client,
  input: CountdownInput,
  closingTimeoutMs: number,
): Promise<StartedPlan> {
  const release = input.release.metadata.name;
  const startId = randomUUID();
  const giveUpAtMs = Date.now() + closingTimeoutMs;
  for (;;) {
    const answer = await startOnce(calls, starter, input, startId).catch(endedBeforeAnswer);
    if (!(answer instanceof CountdownFailure)) return answer;
    // If this start began it and it was aborted since, it is not started again.
    const own = (await calls.describeOrNull(countdownId(release), release))?.memo?.['startId'] === startId;
    if (own || Date.now() >= giveUpAtMs) throw answer;
    await new Promise((again) => setTimeout(again, CLOSING_POLL_MS));
  }
}

/** Starts, or returns the running one. Fails as `Closing` while an ended countdown with this name has not closed. */
async function startOnce({ ask, describe }: TemporalCalls, starter: Client, input: CountdownInput, startId: string): Promise<StartedPlan> {
  const release = input.release.metadata.name;
  const operation = new WithStartWorkflowOperation(COUNTDOWN_TYPE, {
    workflowId: countdownId(release),
    taskQueue: WORKFLOW_TASK_QUEUE,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: memoOf(input, startId),
    staticSummary: `${release}: ${input.release.spec.service.image}`.slice(0, 200),
  });
  const opened = await ask(release, `starting ${release}`, ACTION_TIMEOUT_MS, () =>
    // A new update id per call: Temporal deduplicates ids per run, and each caller needs the result of the current run.
    starter.workflow.executeUpdateWithStart(openUpdate, { startWorkflowOperation: operation }),
  ).catch((error: unknown) => {
    throw failureOfStart(error, release);
  });
  const described = await describe(release, `reading back ${release}`);
  const memo = described.memo ?? {};
  const started = memo['startId'] === startId;
  // The plan of an ended countdown is not the plan of this start.
  if (!started && hasEnded(described)) throw closing(`${release} has ended and is sending its last messages`);
  const other = explainOther(input, memo);
  if (other !== null) throw new CountdownFailure('Refused', other, `give the release another name, or \`tminus abort ${release}\` first`);
  return { ...opened, started: started ? 'started' : 'already-running' };
}

/** Not found: it closed between the start and the response. */
function endedBeforeAnswer(error: unknown): CountdownFailure {
  if (error instanceof CountdownFailure && (error.code === 'Closing' || error.code === 'NotFound')) return error;
  throw error;
}
