// Reads a run as reported by the Temporal server: the caller cannot forge it.
import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { RunId } from '../running-activity.ts';
import type { CountdownRun } from '../../verdict/countdown-run.ts';

/** Reads a run, by default the newest. Throws WorkflowNotFoundError, and an error on timeout. */
export type ReadRun = (id: Pick<RunId, 'workflowId'> & Partial<RunId>) => Promise<CountdownRun>;

/** For both requests: they take milliseconds, and the activity may take 10 s. */
const READ_TIMEOUT_MS = 2_000;

/** Two requests: the description, and the first event, which has the start options. */
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
      startDelayMs: optionalTsToMs(started.firstWorkflowTaskBackoff) ?? 0,
      continuedRunId: started.continuedExecutionRunId || null,
      isSkippingTime: raw.workflowExtendedInfo?.timeSkippingInfo?.effectiveConfig?.enabled === true,
      parent: parent?.workflowId ? { workflowId: parent.workflowId, runId: parent.runId ?? '' } : null,
    };
  };
