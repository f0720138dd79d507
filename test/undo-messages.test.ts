// Activities send the messages of an undo, workflows receive them, and neither may import the other: here their names are compared.
import { expect, jest, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { countdownOf, entryOf } from '../activities/testing/one-effect.ts';
import { undoMessages } from '../activities/effects/undo-messages.ts';
import * as workflows from '../workflows/index.ts';
import { registerUndoUpdate, restorerRegisterUpdate, restorerSettleUpdate } from '../workflows/messages.ts';

const countdown = countdownOf('run-1');
const entry = entryOf({}, countdown);

test('the messages of an undo are sent under the names by which countdown and restorer receive them', async () => {
  const executeUpdate = jest.fn(async (_name: string) => undefined);
  const executeUpdateWithStart = jest.fn(async (_name: string, _options: { startWorkflowOperation: object }) => undefined);
  const client = { workflow: { getHandle: () => ({ executeUpdate }), executeUpdateWithStart } } as unknown as Client;
  const messages = undoMessages(client, 'tminus');
  await messages.registerWithCountdown(entry, countdown);
  await messages.registerWithRestorer(entry, countdown, null);
  await messages.settleWithRestorer(entry, countdown);
  expect(executeUpdate.mock.calls.map(([name]) => name)).toEqual([registerUndoUpdate.name, restorerSettleUpdate.name]);
  const [name, options] = executeUpdateWithStart.mock.calls[0] ?? [];
  expect(name).toBe(restorerRegisterUpdate.name);
  expect(options?.startWorkflowOperation).toMatchObject({ workflowTypeOrFunc: workflows.restorer.name });
});
