// When the watcher of a live version was last seen, from what Temporal reports of its activities. Needs no worker: it is asked for when they are gone.
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import type { EffectActivities } from '../../activities/effects/contract.ts';
import type { KubernetesActivities } from '../../activities/kubernetes/contract.ts';
import type { StepActivities } from '../../activities/steps-contract.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;

/** What sees a version that serves people, or is taking it back. */
const WATCHERS: ReadonlySet<string> = new Set([
  'runGuard',
  'watchRollout',
  'verifyVersion',
  'applyEffect',
  'restoreEffect',
  'proveRestored',
] satisfies (keyof (EffectActivities & KubernetesActivities & StepActivities))[]);

/** Milliseconds since 1970; null where no watcher is at work. `described` is the countdown, whose launch step is one of its children. */
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

/** The last heartbeat; of one that has not reported yet, when it began. One that nobody has taken up watches nothing. */
function seenAt({ activityType, state, lastHeartbeatTime, lastStartedTime }: Pending): number[] {
  if (!WATCHERS.has(activityType?.name ?? '')) return [];
  const started = state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED ? optionalTsToMs(lastStartedTime) : undefined;
  return [optionalTsToMs(lastHeartbeatTime), started].filter((each) => each !== undefined);
}
