// Records the histories that replay tests run against: `node test/countdown/histories.ts`, with a Temporal server at hand.
// A history once recorded for a released version is never recorded again: it stands for the countdowns that are still under way.
import { countdownId } from '../../release/countdown-id.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Context } from '@temporalio/activity';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { advance } from '../../server/temporal/virtual-time.ts';
import { actionUpdate, COUNTDOWN_TYPE, holdSignal, statusQuery, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { person, signedAction, temporalWorld, type FakeActivities } from '../temporal-world.ts';
import { fakeWorld, fine, guarded, inputFor, report, slow, unseen } from './fakes.ts';

export const HISTORIES = ['launched', 'no-go', 'rolled-back', 'held-and-resumed'] as const;
export const historyFile = (name: string): URL => new URL(`../histories/${name}.json`, import.meta.url);

const HOUR = 3_600_000;
let guards = 0;
const worlds: Record<(typeof HISTORIES)[number], Partial<FakeActivities>> = {
  launched: {},
  'no-go': { runLoadTest: async () => report(slow) },
  'rolled-back': { runGuard: async () => guarded('breach', slow) },
  'held-and-resumed': {
    runGuard: async ({ step: { bakeMs } }) =>
      bakeMs === HOUR ? watchOn() : (guards += 1) === 1 ? guarded('undecided', unseen) : guarded('passed', fine),
  },
};

/** The watch beside a hold goes on until it has to give way. */
async function watchOn(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 500);
  return context.cancelled.finally(() => clearInterval(beat));
}

async function record(): Promise<void> {
  const temporal = await temporalWorld();
  for (const name of HISTORIES) {
    await temporal.withWorkers({ ...fakeWorld().activities, ...worlds[name] }, async () => {
      const workflowId = countdownId(name);
      const handle = await temporal.rehearsalClient.workflow.start(COUNTDOWN_TYPE, {
        workflowId,
        taskQueue: WORKFLOW_TASK_QUEUE,
        args: [inputFor(name)],
      });
      const act = async (action: ActionRequest['action'], who: string) => {
        const { current, checkpoints, holdSince, run } = await handle.query(statusQuery);
        const { revision = 1, evidenceDigest = '' } = checkpoints.find((checkpoint) => checkpoint.name === current) ?? {};
        const whole: ActionRequest = {
          id: randomUUID(),
          action,
          countdown: workflowId,
          run,
          checkpoint: current,
          revision,
          evidenceDigest,
          principal: person(who),
          comment: 'recorded',
          issuedAt: new Date().toISOString(),
          notAfter: new Date(Date.now() + 300_000).toISOString(),
          ...(holdSince === undefined ? {} : { holdSince }),
        };
        return handle.executeUpdate(actionUpdate, { args: [signedAction(whole)], updateId: whole.id });
      };
      const settled = async (phases: string[]) => {
        while (!phases.includes((await handle.query(statusQuery)).phase)) await new Promise((resolve) => setTimeout(resolve, 100));
      };
      if (name === 'no-go') {
        await settled(['stopped']);
        await advance(temporal.client, workflowId, 30 * HOUR);
      } else {
        await advance(temporal.client, workflowId, 60 * HOUR);
        if (name === 'held-and-resumed') {
          await handle.signal(holdSignal, { reason: 'recorded', by: person('ops') });
          await settled(['holding']);
          await act('resume', 'li.wei');
        }
        await advance(temporal.client, workflowId, 11.01 * HOUR);
        await settled(['waiting']);
        await act('approve', 'li.wei');
        await act('approve', 'a.osei');
        await advance(temporal.client, workflowId, 0.995 * HOUR);
        if (name === 'held-and-resumed') {
          await settled(['holding']);
          await act('resume', 'li.wei');
        }
      }
      const result = await handle.result();
      await writeFile(historyFile(name), `${historyToJSON(await handle.fetchHistory())}\n`);
      process.stdout.write(`${name}: ${JSON.stringify(result)}\n`);
    });
  }
  await temporal.close();
}

if (process.argv[1] === new URL(import.meta.url).pathname) await record();
