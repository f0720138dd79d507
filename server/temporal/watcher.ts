// Last heartbeat of the watcher of a live version, from the pending activities in Temporal. Needs no worker.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { EffectActivities } from '../../activities/effects/contract.ts';
import type { KubernetesActivities } from '../../activities/kubernetes/contract.ts';
import type { StepActivities } from '../../activities/steps-contract.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** Activities that watch a live version or roll it back. */
const WATCHERS: ReadonlySet<string> = new Set([
  'runGuard',
  'watchRollout',
  'verifyVersion',
  'applyEffect',
  'restoreEffect',
  'proveRestored',
] satisfies (keyof (EffectActivities & KubernetesActivities & StepActivities))[]);

/** Milliseconds since 1970; null without a running watcher. @param described the countdown; its launch step is a child workflow */
export async function watcherSeenAt(client: Client, described: WorkflowExecutionDescription): Promise<number | null> {
  const children = await Promise.all(
    (described.raw.pendingChildren ?? []).map(({ workflowId, runId }) =>
      client.workflow.getHandle(workflowId ?? '', runId || undefined).describe(),
    ),
  );
  const seen = [described, ...children].flatMap(({ raw }) => (raw.pendingActivities ?? []).flatMap(seenAt));
  return seen.length === 0 ? null : Math.max(...seen);
}

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

/** The last heartbeat, or the start time before the first one. A queued activity watches nothing. */
function seenAt({ activityType, state, lastHeartbeatTime, lastStartedTime }: Pending): number[] {
  if (!WATCHERS.has(activityType?.name ?? '')) return [];
  const started = state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED ? optionalTsToMs(lastStartedTime) : undefined;
  return [optionalTsToMs(lastHeartbeatTime), started].filter((each) => each !== undefined);
}
