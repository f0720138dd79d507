// Updates about an undo to the countdown and its restorer. A workflow cannot send an Update to another, so an activity does.
import { ApplicationFailure } from '@temporalio/common';
import { WithStartWorkflowOperation, WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { restorerId } from '../../release/countdown-id.ts';
import type { CountdownRef, UndoEntry } from '../../verdict/undo.ts';

// Names in workflows/messages.ts; activities import nothing of it, so test/undo-messages.test.ts compares them.
const RESTORER_TYPE = 'restorer';
const REGISTER_UPDATE = 'registerUndo';
const SETTLE_UPDATE = 'settleUndo';

export interface UndoMessages {
  /** Resolves when the countdown has registered the entry. Throws non-retryable `UndoRefused` or `CountdownEnded`. */
  registerWithCountdown(entry: UndoEntry, countdown: CountdownRef): Promise<void>;
  /** Starts the restorer if necessary; resolves when it has registered the entry. */
  registerWithRestorer(entry: UndoEntry, countdown: CountdownRef, dueAtMs: number | null): Promise<void>;
  /** A restorer that has ended is not an error: it has nothing left to restore. */
  settleWithRestorer(entry: UndoEntry, countdown: CountdownRef): Promise<void>;
}

/** Sends over one Temporal client. `workflowTaskQueue` is that of the restorer. */
export function undoMessages(client: Client, workflowTaskQueue: string): UndoMessages {
  return {
    async registerWithCountdown(entry, { workflowId, firstRunId }) {
      // Bound to the chain of the first run: the next countdown of the same release must not register it.
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

/** The workflow closed between accepting and completing the Update. */
const hasClosed = (error: unknown): boolean =>
  error instanceof WorkflowUpdateFailedError && (error.cause as { type?: string } | undefined)?.type === 'AcceptedUpdateCompletedWorkflow';

/** A refusal of the countdown is final; other errors (no worker, no server) may pass. */
function registrationFailure(error: unknown, { name }: UndoEntry, workflowId: string): unknown {
  const final = (type: string, message: string) => ApplicationFailure.create({ type, message, nonRetryable: true });
  // The run may have continued as a new one: the next try finds it, or the end of the countdown.
  if (hasClosed(error)) return error;
  if (error instanceof WorkflowNotFoundError)
    return final('CountdownEnded', `${workflowId} has ended and would not restore ${name}; nothing was written`);
  if (error instanceof WorkflowUpdateFailedError)
    return final('UndoRefused', `${workflowId} refused to register ${name}: ${error.cause?.message ?? error.message}; nothing was written`);
  return error;
}

/** After these failures the effect will not be applied. */
export const isFinalRegistration = (error: unknown): boolean =>
  error instanceof ApplicationFailure && (error.type === 'CountdownEnded' || error.type === 'UndoRefused');
