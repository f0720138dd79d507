// Before a launch, checks with the Temporal server that this run was not reset and does not skip time.
import { isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { BookkeepingActivities } from '../activities/bookkeeping-contract.ts';
import type { Step } from '../release/steps/registry.ts';
import { inconclusive, type Finding } from '../verdict/finding.ts';
import { findingKey } from '../verdict/judge.ts';
import { quick } from './activity-options.ts';
import type { Change } from './change.ts';
import type { CheckpointState, CountdownState } from './countdown-state.ts';
import { failureMessage } from './failure-message.ts';

const { inspectRun } = proxyActivities<BookkeepingActivities>(quick);

/** True before a launch step whose state changed since the last inspection. */
export const mustInspect = (state: CountdownState, step: Step): boolean =>
  step.type === 'launch' && state.launchedAt === null && state.inspectedVersion !== state.version;

/** What it finds is a finding of the checkpoint: a reset holds until somebody waives it, all else is a no-go that nobody waives. */
export async function inspect(state: CountdownState, checkpoint: CheckpointState): Promise<Change> {
  const { version } = state;
  const found = await findings(state);
  const known = checkpoint.own.map(findingKey);
  const unknown = found.filter((finding) => !known.includes(findingKey(finding)));
  return {
    quiet: { inspectedVersion: version },
    ...(unknown.length === 0 ? {} : { checkpoint: { own: [...checkpoint.own, ...unknown] } }),
  };
}

async function findings({ input: { rehearsal }, resets }: CountdownState): Promise<Finding[]> {
  try {
    return await inspectRun({ rehearsal, workflowNowMs: Date.now(), resets });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const message = `the Temporal server did not describe this run, so a reset or skipped time cannot be excluded: ${failureMessage(error)}; resume to retry`;
    return [inconclusive('CountdownRunForeign', workflowInfo().workflowId, message)];
  }
}
