// A history that grows long while an undo stands: undo, approvals and answers go on in a new run, and the restorer watches on.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { watchCountdown } from '../../activities/bookkeeping/watch-countdown.ts';
import { undoMessages } from '../../activities/effects/undo-messages.ts';
import { restorerId } from '../../release/countdown-id.ts';
import { runningActivity } from '../../activities/running-activity.ts';
import { WORKFLOW_TASK_QUEUE, approveSignal, registerUndoUpdate } from '../../workflows/messages.ts';
import { signedInput } from '../../server/actions/start.ts';
import { person, temporalWorld, type FakeActivities, type World } from '../temporal-world.ts';
import { drillOf } from './registered-undo.ts';
import { runCountdown } from './run-countdown.ts';
import { trustedLab } from './trusted-lab.ts';

jest.setTimeout(240_000);
/** Refused approvals: each is at least one event. At 4,096 events the server suggests a new run. */
const SIGNALS = 4_200;
/** The server fails a workflow task during which it has to keep more than a hundred Signals back. */
const AT_ONCE = 50;

let temporal: World;
beforeAll(async () => {
  temporal = await temporalWorld();
});
afterAll(() => temporal.close());

it.each(['aborted', 'launched'] as const)('with an undo that stands goes on in a new run, and settles it when %s', async (ending) => {
  // The new run believes what it carries by a real seal.
  const { activities, signer } = await trustedLab(temporal);
  const { admit, sealCarried, inspectRun } = activities as FakeActivities;
  await runCountdown(
    temporal,
    () => ({
      admit,
      sealCarried,
      inspectRun,
      watchCountdown: (input) => watchCountdown({ client: temporal.client, activity: runningActivity }, input),
    }),
    async (running) => {
      const { handle, until, act, advance, status, world } = running;
      await until('counting', ({ phase, current }) => phase === 'counting' && current === 'final-poll');
      const now = await status();
      const drill = drillOf(handle.workflowId, now, { key: 'drill' });
      await handle.executeUpdate(registerUndoUpdate, { args: [drill], updateId: drill.id });
      const countdown = { workflowId: handle.workflowId, firstRunId: now.run, release: now.release, notify: [] };
      await undoMessages(temporal.client, WORKFLOW_TASK_QUEUE).registerWithRestorer(drill, countdown, null);
      const restorer = temporal.client.workflow.getHandle(restorerId(countdown));
      await advance(71.01);
      await until('waiting', ({ phase }) => phase === 'waiting');
      const id = randomUUID();
      const answer = await act({ action: 'approve', id });
      const first = (await handle.describe()).runId;
      // The server refuses Signals for the moment in which the run closes; by then it has had enough of them.
      for (let sent = 0; sent < SIGNALS && (await handle.describe()).runId === first; sent += AT_ONCE)
        await Promise.allSettled(
          Array.from({ length: AT_ONCE }, () => handle.signal(approveSignal, { checkpoint: 'final-poll', by: 'tool', comment: 'go' })),
        );
      while ((await handle.describe()).runId === first) await new Promise((again) => setTimeout(again, 200));
      const carried = await until('waiting in the new run', ({ phase }) => phase === 'waiting');
      expect([carried.run, carried.checkpoints[1]?.approvals.length]).toEqual([now.run, 1]);
      expect(await act({ action: 'approve', id })).toEqual(answer);
      // The same undo again, as a retry would send it: it stands once.
      await handle.executeUpdate(registerUndoUpdate, { args: [drill], updateId: drill.id });
      expect((await restorer.describe()).status.name).toBe('RUNNING');
      if (ending === 'aborted') await handle.signal('abort', { reason: 'test over', by: person('ops', []) });
      else {
        await act({ action: 'approve' }, 'a.osei');
        await until('counting to the launch', ({ phase, current }) => phase === 'counting' && current === 'launch');
        await advance(1);
      }
      expect(await handle.result()).toMatchObject({ ending });
      await restorer.result();
      const restored = world.writes.filter((line) => line.includes('/drill#restore '));
      const settled = [...new Set(world.settled.filter((line) => line.startsWith('drill')))];
      expect([restored.length, settled]).toEqual(ending === 'aborted' ? [1, ['drill back restored']] : [0, ['drill back kept']]);
    },
    (input) => signedInput({ signer, now: Date.now }, { ...input, rehearsal: true }),
  );
});
