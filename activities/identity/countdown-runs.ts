// What the Temporal server itself reports of a run: nothing that whoever asks could have written.
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { CountdownRun } from '../../verdict/countdown-run.ts';

export interface RunId {
  workflowId: string;
  /** Left out: the newest run of this id. */
  runId?: string;
}

/** Reads a run. Throws WorkflowNotFoundError where there is none, and fails where the server has not answered in time. */
export type ReadRun = (id: RunId) => Promise<CountdownRun>;

/** The workflow whose activity this is, by the server's word; null in a standalone activity. */
export function askingWorkflow(): Required<RunId> | null {
  const { workflowExecution } = Context.current().info;
  return workflowExecution ? { workflowId: workflowExecution.workflowId, runId: workflowExecution.runId } : null;
}

/** Both requests together: they take milliseconds, and what asks for them may last 10 s at most. */
const READ_TIMEOUT_MS = 2_000;

/** Two requests: the description, and the first event, which holds the options of the start. */
export const runReader =
  (client: Client): ReadRun =>
  async ({ workflowId, runId }) => {
    const [{ raw, ...described }, history] = await client.withDeadline(Date.now() + READ_TIMEOUT_MS, async () => {
      const description = await client.workflow.getHandle(workflowId, runId).describe();
      const answer = await client.workflowService.getWorkflowExecutionHistory({
        namespace: client.options.namespace,
        execution: { workflowId, runId: description.runId },
        maximumPageSize: 1,
      });
      return [description, answer.history] as const;
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    if (!started) throw new Error(`the Temporal server does not report how ${workflowId} (run ${described.runId}) was started`);
    const parent = raw.workflowExecutionInfo?.parentExecution;
    return {
      workflowId,
      runId: described.runId,
      firstRunId: raw.workflowExecutionInfo?.firstRunId ?? '',
      originalRunId: started.originalExecutionRunId ?? '',
      workflowType: described.type,
      isRunning: described.status.name === 'RUNNING',
      attempt: started.attempt ?? 1,
      hasRetryPolicy: started.retryPolicy != null,
      cronSchedule: started.cronSchedule ?? '',
      startDelayMs: msOf(started.firstWorkflowTaskBackoff),
      continuedRunId: started.continuedExecutionRunId || null,
      isSkippingTime: raw.workflowExtendedInfo?.timeSkippingInfo?.effectiveConfig?.enabled === true,
      parent: parent?.workflowId ? { workflowId: parent.workflowId, runId: parent.runId ?? '' } : null,
    };
  };

const msOf = (duration: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(duration?.seconds ?? 0) * 1_000 + (duration?.nanos ?? 0) / 1e6;
