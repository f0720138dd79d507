// A countdown of a test: on virtual time, with workers of its own and the outside world in a few variables.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { CountdownStatus } from '../../verdict/countdown-status.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { advance } from '../../server/temporal/virtual-time.ts';
import { COUNTDOWN_TYPE, WORKFLOW_TASK_QUEUE, actionUpdate, openUpdate, statusQuery } from '../../workflows/messages.ts';
import { person, signedAction, type FakeActivities, type World } from '../temporal-world.ts';
import { fakeWorld, inputFor, type FakeWorld } from './fakes.ts';

/** A countdown that never ends must end its own test: workers left behind would fail all that follow. */
const HANGS_AFTER_MS = 150_000;
const HOUR = 3_600_000;

export interface Run {
  handle: WorkflowHandle;
  world: FakeWorld;
  status(): Promise<CountdownStatus>;
  until(what: string, seen: (status: CountdownStatus) => boolean, withinMs?: number): Promise<CountdownStatus>;
  advance(hours: number): Promise<unknown>;
  /** No worker takes up what is to be done near the cluster any more. */
  stopCluster(): void;
  act(change: Partial<ActionRequest> & Pick<ActionRequest, 'action'>, who?: string): Promise<unknown>;
}

/** Runs a countdown of the standard plan until `body` is done; nothing of it is left. */
export async function runCountdown(
  temporal: World,
  overrides: (world: FakeWorld) => Partial<FakeActivities>,
  body: (run: Run) => Promise<void>,
  change: (input: CountdownInput) => CountdownInput = (input) => input,
): Promise<void> {
  const world = fakeWorld();
  const name = `r-${randomUUID()}`;
  await temporal.withWorkers({ ...world.activities, ...overrides(world) }, async ({ stopCluster }) => {
    const workflowId = countdownId(name);
    const handle = await temporal.rehearsalClient.workflow.start(COUNTDOWN_TYPE, {
      workflowId,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [change(inputFor(name))],
    });
    const status = () => handle.query(statusQuery);
    const until: Run['until'] = async (what, seen, withinMs = 20_000) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const now = await status();
        if (seen(now)) return now;
        if (Date.now() > deadline) throw new Error(`never ${what}: ${now.phase} ${now.message}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const act: Run['act'] = async (changed, who = 'li.wei') => {
      const now = await status();
      const checkpoint = now.checkpoints.find((each) => each.name === now.current);
      const whole: ActionRequest = {
        id: randomUUID(),
        countdown: workflowId,
        run: now.run,
        checkpoint: now.current,
        revision: checkpoint?.revision ?? 0,
        evidenceDigest: checkpoint?.evidenceDigest ?? '',
        principal: person(who),
        comment: 'numbers read',
        issuedAt: new Date().toISOString(),
        notAfter: new Date(Date.now() + 300_000).toISOString(),
        ...(now.holdSince === undefined ? {} : { holdSince: now.holdSince }),
        ...changed,
      };
      return handle.executeUpdate(actionUpdate, { args: [signedAction(whole)], updateId: whole.id });
    };
    try {
      await handle.executeUpdate(openUpdate);
      await Promise.race([
        body({ handle, world, status, until, act, stopCluster, advance: (hours) => advance(temporal.client, workflowId, hours * HOUR) }),
        hangs(status),
      ]);
    } finally {
      await handle.terminate('test over').catch(() => undefined);
    }
  });
}

async function hangs(status: Run['status']): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, HANGS_AFTER_MS).unref());
  const { phase, message } = await status();
  throw new Error(`the countdown is still ${phase} after ${HANGS_AFTER_MS / 1_000} s: ${message}`);
}

/** The sentence with which an act was refused, or `accepted`. */
export const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof WorkflowUpdateFailedError ? (error.cause?.message ?? '') : `other: ${String(error)}`),
  );

/** Everything up to the launch: the poll is reached and two people approve. */
export async function toLaunch({ advance, until, act }: Pick<Run, 'advance' | 'until' | 'act'>): Promise<void> {
  await advance(71.01);
  await until('waiting', ({ phase }) => phase === 'waiting');
  await act({ action: 'approve' }, 'li.wei');
  await act({ action: 'approve' }, 'a.osei');
  await until('counting to the launch', ({ phase, current }) => phase === 'counting' && current === 'launch');
}
