// What the countdown and its restorer are sent of an undo. A workflow cannot send an Update to another, so an activity does.
import { ApplicationFailure } from '@temporalio/common';
import { WithStartWorkflowOperation, WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { restorerId } from '../../release/countdown-id.ts';
import type { CountdownRef, UndoEntry } from './contract.ts';

// Names that workflows/messages.ts has too; activities may import only its types, so test/undo-messages.test.ts compares them.
const RESTORER_TYPE = 'restorer';
const REGISTER_UPDATE = 'registerUndo';
const SETTLE_UPDATE = 'settleUndo';

export interface UndoMessages {
  /** Answers once the countdown holds the entry. Throws non-retryable `UndoRefused` or `CountdownEnded`. */
  registerWithCountdown(entry: UndoEntry, countdown: CountdownRef): Promise<void>;
  /** Starts the restorer where it does not run yet, and answers once it holds the entry. */
  registerWithRestorer(entry: UndoEntry, countdown: CountdownRef, dueAtMs: number | null): Promise<void>;
  /** A restorer that has ended has nothing left to restore: that is not an error. */
  settleWithRestorer(entry: UndoEntry, countdown: CountdownRef): Promise<void>;
}

/** Sends over one Temporal client. `workflowTaskQueue` is that of the restorer. */
export function undoMessages(client: Client, workflowTaskQueue: string): UndoMessages {
  return {
    async registerWithCountdown(entry, { workflowId, firstRunId }) {
      // Bound to the chain of the first run: the next countdown of the same release must not hold it.
      const handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: firstRunId });
      try {
        await handle.executeUpdate(REGISTER_UPDATE, { args: [entry], updateId: entry.id });
      } catch (error) {
        throw registrationFailure(error, entry, workflowId);
      }
    },
    async registerWithRestorer(entry, countdown, dueAtMs) {
      const startWorkflowOperation = new WithStartWorkflowOperation(RESTORER_TYPE, {
        workflowId: restorerId(countdown),
        taskQueue: workflowTaskQueue,
        args: [],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `restores what ${countdown.release} leaves behind`,
      });
      await client.workflow.executeUpdateWithStart(REGISTER_UPDATE, {
        args: [{ entry, countdown, dueAtMs }],
        updateId: entry.id,
        startWorkflowOperation,
      });
    },
    async settleWithRestorer(entry, countdown) {
      try {
        await client.workflow
          .getHandle(restorerId(countdown))
          .executeUpdate(SETTLE_UPDATE, { args: [{ id: entry.id }], updateId: `${entry.id}#settle` });
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError) && !hasClosed(error)) throw error;
      }
    },
  };
}

/** The server answers so when the workflow closed between accepting the Update and completing it. */
const hasClosed = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError && (error.cause as { type?: string } | undefined)?.type === 'AcceptedUpdateCompletedWorkflow';

/** What the countdown refuses stays refused; everything else (no worker, no server) may pass. */
function registrationFailure(error: unknown, { name }: UndoEntry, workflowId: string): unknown {
  const final = (type: string, message: string) => ApplicationFailure.create({ type, message, nonRetryable: true });
  // The run may have gone on as a new one: the next try finds that, or that the countdown has ended.
  if (hasClosed(error)) return error;
  if (error instanceof WorkflowNotFoundError)
    return final('CountdownEnded', `${workflowId} has ended, so nobody would take back ${name}; nothing was written`);
  if (error instanceof WorkflowUpdateFailedError)
    return final('UndoRefused', `${workflowId} refused to register ${name}: ${error.cause?.message ?? error.message}; nothing was written`);
  return error;
}

/** Failures after which the effect will never be applied. */
export const isFinalRegistration = (error: unknown): boolean =>
  error instanceof ApplicationFailure && (error.type === 'CountdownEnded' || error.type === 'UndoRefused');
