// How a countdown starts: start and open in one call, and again where one of the same name has ended and not closed yet.
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { COUNTDOWN_TYPE, countdownId, openUpdate, WORKFLOW_TASK_QUEUE, type CountdownInput } from '../../workflows/messages.ts';
import { CountdownFailure, type StartedPlan } from './countdowns.ts';
import { hasEnded } from './execution.ts';
import { ACTION_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';
import { closing, failureOfStart } from './gateway-failure.ts';
import { explainOther, memoOf } from './start-memo.ts';

// A person waits for the start: soon enough after the name is free, and at most 40 questions within the usual timeout.
const CLOSING_POLL_MS = 500;

/** Starts a countdown, or finds the one that was asked for in the same way. A start waits for an ended countdown of its name to close. */
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
    // One that this very start began, and that somebody aborted since, is not started a second time.
    const own = (await calls.describeOrNull(countdownId(release), release))?.memo?.['startId'] === startId;
    if (own || Date.now() >= giveUpAtMs) throw answer;
    await new Promise((again) => setTimeout(again, CLOSING_POLL_MS));
  }
}

/** Starts, or finds the one that runs. Fails as `Closing` while one of that name that has ended has not closed yet. */
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
    // Not one fixed update id: an id is remembered per run, and each caller deserves the answer of the run that is there now.
    starter.workflow.executeUpdateWithStart(openUpdate, { startWorkflowOperation: operation }),
  ).catch((error: unknown) => {
    throw failureOfStart(error, release);
  });
  const described = await describe(release, `reading back ${release}`);
  const memo = described.memo ?? {};
  const started = memo['startId'] === startId;
  // The plan of a countdown that is over is nobody's plan.
  if (!started && hasEnded(described)) throw closing(`${release} has ended and is sending its last messages`);
  const other = explainOther(input, memo);
  if (other !== null) throw new CountdownFailure('Refused', other, `give the release another name, or \`tminus abort ${release}\` first`);
  return { ...opened, started: started ? 'started' : 'already-running' };
}

/** Not found: it closed between the start and its answer. */
function endedBeforeAnswer(error: unknown): CountdownFailure {
  if (error instanceof CountdownFailure && (error.code === 'Closing' || error.code === 'NotFound')) return error;
  throw error;
}
