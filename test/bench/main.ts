// `npm run bench`: what a countdown costs, as ratios against a bare timer workflow in the same run on the same real server.
// Needs a Temporal server (TMINUS_TEMPORAL, default 127.0.0.1:7233). Limits are those of the project's Temporal reference, section 4.4.
import { countdownId } from '../../release/countdown-id.ts';
import type { CountdownInput } from '../../release/countdown-input.ts';
import type { ActionRequest } from '../../verdict/action.ts';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pMap from 'p-map';
import { advance } from '../../server/temporal/virtual-time.ts';
import { actionUpdate, approveSignal, COUNTDOWN_TYPE, statusQuery, WORKFLOW_TASK_QUEUE } from '../../workflows/messages.ts';
import { registerNamespace } from '../../workers/namespace.ts';
import { fakeWorld, inputFor } from '../countdown/fakes.ts';
import { person, signedAction, temporalAddress, temporalWorld } from '../temporal-world.ts';

/** The figure: a busy company has this many launches waiting at once. */
const WAITING = Number(process.env['BENCH_WAITING'] ?? 1_000);
/** Signals to each waiting workflow per round; the median of the rounds counts. */
const ROUNDS = 3;
const PARALLEL = 40;

interface Sample {
  rssBytes: number;
  cpuMs: number;
}

interface Kind {
  name: 'countdown' | 'bare';
  start(client: Client, index: number): Promise<string>;
}

const kinds: Kind[] = [
  {
    name: 'bare',
    start: async (client, index) =>
      (await client.workflow.start('bare', { workflowId: `bare-${index}`, taskQueue: WORKFLOW_TASK_QUEUE, args: [72] })).workflowId,
  },
  {
    name: 'countdown',
    start: async (client, index) =>
      (
        await client.workflow.start(COUNTDOWN_TYPE, {
          workflowId: countdownId(`bench-${index}`),
          taskQueue: WORKFLOW_TASK_QUEUE,
          args: [waitingInput(`bench-${index}`)],
        })
      ).workflowId,
  },
];

/** Waits for its first checkpoint: what 1,000 countdowns do nearly all of the time. */
function waitingInput(name: string): CountdownInput {
  const input = inputFor(name);
  const [, poll, launch] = input.release.spec.checkpoints;
  return { ...input, release: { ...input.release, spec: { ...input.release.spec, checkpoints: [poll!, launch!] } } };
}

async function measure(
  kind: Kind,
): Promise<{ kbPerWorkflow: number; startsPerSecond: number; ticksPerSecond: number; cpuMsPerTick: number; idleMb: number }> {
  const namespace = `bench-${randomUUID()}`;
  const connection = await Connection.connect({ address: temporalAddress });
  await registerNamespace(connection, namespace);
  const client = new Client({ connection, namespace });
  const worker = await startWorker(namespace);
  const idle = await ask(worker);
  const began = performance.now();
  const ids = await inParallel(WAITING, (index) => kind.start(client, index));
  // A query is answered only after the workflow's first tasks: when all have answered, all are cached and waiting.
  await inParallel(WAITING, (index) => answered(client, ids[index]!));
  const startsPerSecond = WAITING / ((performance.now() - began) / 1000);
  await settle(worker);
  const waiting = await ask(worker);
  const rounds: { ticksPerSecond: number; cpuMsPerTick: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await ask(worker, 'cpu');
    const start = performance.now();
    await inParallel(WAITING, (index) =>
      client.workflow.getHandle(ids[index]!).signal(approveSignal, { checkpoint: 'final-poll', by: 'bench', comment: String(round) }),
    );
    await settle(worker);
    const seconds = (performance.now() - start) / 1000;
    rounds.push({ ticksPerSecond: WAITING / seconds, cpuMsPerTick: ((await ask(worker, 'cpu')).cpuMs - before.cpuMs) / WAITING });
  }
  worker.disconnect();
  await connection.close();
  return {
    idleMb: idle.rssBytes / 1e6,
    kbPerWorkflow: (waiting.rssBytes - idle.rssBytes) / WAITING / 1e3,
    startsPerSecond,
    ticksPerSecond: median(rounds.map(({ ticksPerSecond }) => ticksPerSecond)),
    cpuMsPerTick: median(rounds.map(({ cpuMsPerTick }) => cpuMsPerTick)),
  };
}

/** Events of one whole 72-hour countdown, against what its parts cost by themselves (5 a timer, 6 an activity, 5 an update, 7 a child). */
async function countEvents(): Promise<{ events: number; ideal: number; bytes: number; virtualHoursPerSecond: number }> {
  const world = await temporalWorld();
  const result = await world.withWorkers(fakeWorld().activities, async () => {
    const began = performance.now();
    const workflowId = countdownId('events');
    const handle = await world.rehearsalClient.workflow.start(COUNTDOWN_TYPE, {
      workflowId,
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [inputFor('events')],
    });
    await advance(world.client, workflowId, 71.01 * 3_600_000);
    for (const who of ['li.wei', 'a.osei']) {
      const { current, checkpoints, run } = await handle.query(statusQuery);
      const { revision = 1, evidenceDigest = '' } = checkpoints.find(({ name }) => name === current) ?? {};
      const act: ActionRequest = {
        id: randomUUID(),
        action: 'approve',
        countdown: workflowId,
        run,
        checkpoint: current,
        revision,
        evidenceDigest,
        principal: person(who),
        comment: 'bench',
        issuedAt: new Date().toISOString(),
        notAfter: new Date(Date.now() + 300_000).toISOString(),
      };
      await handle.executeUpdate(actionUpdate, { args: [signedAction(act)] });
    }
    await advance(world.client, workflowId, 3_600_000);
    await handle.result();
    const seconds = (performance.now() - began) / 1000;
    const events = (await handle.fetchHistory()).events ?? [];
    const count = (type: string) =>
      events.filter(
        (event) =>
          (event as unknown as Record<string, unknown>)[type] !== null && (event as unknown as Record<string, unknown>)[type] !== undefined,
      ).length;
    const timers = count('timerStartedEventAttributes');
    const activities = count('activityTaskScheduledEventAttributes');
    const updates = count('workflowExecutionUpdateAcceptedEventAttributes');
    const children = count('startChildWorkflowExecutionInitiatedEventAttributes');
    const signals = count('workflowExecutionSignaledEventAttributes');
    const attributes = count('upsertWorkflowSearchAttributesEventAttributes');
    const ideal = 5 * timers + 6 * activities + 5 * updates + 9 * children + 4 * signals + attributes + 5;
    const description = await handle.describe();
    return { events: events.length, ideal, bytes: description.historySize ?? 0, virtualHoursPerSecond: 72 / seconds };
  });
  await world.close();
  return result;
}

/** A query whose turn does not come within the server's 10 s is asked again: a thousand wait for one worker here. */
async function answered(client: Client, workflowId: string): Promise<void> {
  for (let left = 10; ; left -= 1) {
    try {
      await client.workflow.getHandle(workflowId).query('__stack_trace');
      return;
    } catch (error) {
      if (left === 0 || !String((error as Error).cause ?? error).includes('timed out before a worker')) throw error;
    }
  }
}

function startWorker(namespace: string): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, 'worker.ts'), [temporalAddress, namespace], { execArgv: ['--expose-gc'] });
  return new Promise((done) => worker.once('message', () => done(worker)));
}

const ask = (worker: ChildProcess, what: 'memory' | 'cpu' = 'memory'): Promise<Sample> =>
  new Promise((done) => {
    worker.once('message', (sample) => done(sample as Sample));
    worker.send(what);
  });

/** Work is over when the worker's CPU stands still. */
async function settle(worker: ChildProcess): Promise<void> {
  let last = (await ask(worker, 'cpu')).cpuMs;
  for (;;) {
    await new Promise((done) => setTimeout(done, 250));
    const now = (await ask(worker, 'cpu')).cpuMs;
    // Long polls and the sampling itself cost a few ms in a quarter of a second.
    if (now - last < 25) return;
    last = now;
  }
}

function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const indices = Array.from({ length: count }, (_, index) => index);
  return pMap(indices, work, { concurrency: PARALLEL });
}

/** Ends with one sentence where there is no server, rather than with the stack of a client. */
async function requireTemporal(): Promise<void> {
  try {
    const connection = await Connection.connect({ address: temporalAddress, connectTimeout: '5s' });
    await connection.close();
  } catch {
    process.stderr.write(
      `there is no Temporal server at ${temporalAddress}: \`./scripts/lab up\` starts one, TMINUS_TEMPORAL names another\n`,
    );
    process.exit(2);
  }
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

await requireTemporal();
const [bare, countdown] = [await measure(kinds[0]!), await measure(kinds[1]!)];
const events = await countEvents();
const rows: [what: string, value: string, limit: string, ok: boolean][] = [
  [
    'events per 72-hour countdown',
    `${events.events} (${(events.bytes / 1024).toFixed(0)} KiB)`,
    '< 4,000 and < 4 MiB',
    events.events < 4000 && events.bytes < 4 << 20,
  ],
  ['events / ideal of its parts', (events.events / events.ideal).toFixed(2), '<= 1.15', events.events / events.ideal <= 1.15],
  ['virtual hours per second', events.virtualHoursPerSecond.toFixed(1), 'reported', true],
  [
    `memory per waiting countdown (${WAITING} waiting)`,
    `${countdown.kbPerWorkflow.toFixed(0)} KB, bare ${bare.kbPerWorkflow.toFixed(0)} KB, ratio ${(countdown.kbPerWorkflow / bare.kbPerWorkflow).toFixed(2)}`,
    'ratio <= 3',
    countdown.kbPerWorkflow / bare.kbPerWorkflow <= 3,
  ],
  ['idle worker', `${countdown.idleMb.toFixed(0)} MB, bare ${bare.idleMb.toFixed(0)} MB`, 'reported', true],
  ['starts per second', `${countdown.startsPerSecond.toFixed(0)}, bare ${bare.startsPerSecond.toFixed(0)}`, 'reported', true],
  [
    'ticks per second',
    `${countdown.ticksPerSecond.toFixed(0)}, bare ${bare.ticksPerSecond.toFixed(0)}, ratio ${(countdown.ticksPerSecond / bare.ticksPerSecond).toFixed(2)}`,
    'reported',
    true,
  ],
  [
    'worker CPU per tick',
    `${countdown.cpuMsPerTick.toFixed(2)} ms, bare ${bare.cpuMsPerTick.toFixed(2)} ms, ratio ${(countdown.cpuMsPerTick / bare.cpuMsPerTick).toFixed(2)}`,
    'ratio <= 2',
    countdown.cpuMsPerTick / bare.cpuMsPerTick <= 2,
  ],
];
for (const [what, value, limit, ok] of rows)
  process.stdout.write(`${ok ? 'ok  ' : 'OVER'}  ${what.padEnd(48)} ${value.padEnd(52)} ${limit}\n`);
process.exit(rows.every(([, , , ok]) => ok) ? 0 : 1);
