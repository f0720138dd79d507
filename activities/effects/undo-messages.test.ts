import { describe, expect, it, jest } from '@jest/globals';
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { countdownOf, entryOf } from '../testing/one-effect.ts';
import { restorerId } from '../../release/countdown-id.ts';
import { undoMessages } from './undo-messages.ts';

const countdown = countdownOf('run-1');
const entry = entryOf({}, countdown);

/** A client whose Updates end like this. */
function running(update: () => Promise<void>) {
  const executeUpdate = jest.fn((_name: string, _options: object) => update());
  const getHandle = jest.fn((_workflowId: string, _runId?: string, _options?: object) => ({ executeUpdate }));
  const executeUpdateWithStart = jest.fn((_name: string, _options: Record<string, unknown>) => update());
  const client = { workflow: { getHandle, executeUpdateWithStart } } as unknown as Client;
  return { executeUpdate, getHandle, executeUpdateWithStart, messages: undoMessages(client, 'tminus') };
}
const failing = (error: Error) =>
  running(async () => {
    throw error;
  });
const updateFailed = (type: string) => new WorkflowUpdateFailedError('failed', ApplicationFailure.create({ type, message: 'the reason' }));
const gone = new WorkflowNotFoundError('not found', 'countdown/go-api-1.4.0', undefined);

describe('the registration with the countdown', () => {
  it('goes to the chain of its first run, under the id of the undo', async () => {
    const { getHandle, executeUpdate, messages } = running(async () => undefined);
    await messages.registerWithCountdown(entry, countdown);
    expect(getHandle).toHaveBeenCalledWith('countdown/go-api-1.4.0', undefined, { firstExecutionRunId: 'run-1' });
    expect(executeUpdate).toHaveBeenCalledWith('registerUndo', { args: [entry], updateId: entry.id });
  });

  it.each([
    ['has ended', gone, 'CountdownEnded'],
    ['refuses it', updateFailed('Unknown'), 'UndoRefused'],
  ])('fails for good, before the effect, when the countdown %s', async (_, error, type) => {
    await expect(failing(error).messages.registerWithCountdown(entry, countdown)).rejects.toMatchObject({
      type,
      nonRetryable: true,
      message: expect.stringContaining('nothing was written'),
    });
  });

  it.each([
    ['no server or no worker answers', new Error('deadline')],
    ['the run closes in the middle of it, for it may have gone on as a new one', updateFailed('AcceptedUpdateCompletedWorkflow')],
  ])('is retried when %s', async (_, error) => {
    await expect(failing(error).messages.registerWithCountdown(entry, countdown)).rejects.toBe(error);
  });
});

describe('the restorer', () => {
  it('is one workflow per countdown run, started with its first undo and the deadline of the real clock', async () => {
    const { executeUpdateWithStart, messages } = running(async () => undefined);
    await messages.registerWithRestorer(entry, countdown, 1_700_000_000_000);
    const [name, { args, updateId, startWorkflowOperation }] = executeUpdateWithStart.mock.calls[0] ?? ['', {}];
    expect([name, args, updateId]).toEqual(['registerUndo', [{ entry, countdown, dueAtMs: 1_700_000_000_000 }], entry.id]);
    expect(startWorkflowOperation).toMatchObject({
      workflowTypeOrFunc: 'restorer',
      options: { workflowId: 'restorer/go-api-1.4.0/run-1', workflowIdConflictPolicy: 'USE_EXISTING', taskQueue: 'tminus' },
    });
    expect(restorerId(countdownOf('run-2'))).not.toBe(restorerId(countdown));
  });

  it.each([
    ['has ended', gone],
    ['ends in the middle of it', updateFailed('AcceptedUpdateCompletedWorkflow')],
  ])('that %s does not fail a settlement', async (_, error) => {
    await expect(failing(error).messages.settleWithRestorer(entry, countdown)).resolves.toBeUndefined();
  });

  it('that cannot be reached is one, so the settlement is retried', async () => {
    await expect(failing(new Error('no server')).messages.settleWithRestorer(entry, countdown)).rejects.toThrow('no server');
  });
});
