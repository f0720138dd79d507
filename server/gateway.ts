// The only file that talks to Temporal for people. Everything else in server/ knows `Countdowns`.
import { randomUUID } from 'node:crypto';
import { status as grpcStatus } from '@grpc/grpc-js';
import { WithStartWorkflowOperation, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { explainCan, type Action } from '../verdict/can.ts';
import {
  abortSignal,
  actUpdate,
  auditQuery,
  COUNTDOWN_TYPE,
  countdownId,
  holdSignal,
  openUpdate,
  restorerId,
  statusQuery,
  WORKFLOW_TASK_QUEUE,
  type Act,
  type CountdownInput,
  type Phase,
} from '../workflows/messages.ts';
import { CountdownFailure, type Countdowns, type Handed, type OpenCountdown, type StartedPlan } from './countdowns.ts';
import { firstRunOf, hasEnded, releaseOf, stateOf, summaryOf } from './execution.ts';
import { closing, failureOf, failureOfStart, grpcCode, unreachable } from './gateway-failure.ts';
import { IS_OPEN, listCountdowns } from './list-countdowns.ts';
import { explainOther, memoOf, startedFrom } from './start-memo.ts';
import { atWork, progressOf } from './step-progress.ts';
import { readTaskQueue } from './task-queue.ts';
import { letRun } from './virtual-time.ts';
import { watcherSeenAt } from './watcher.ts';
import { workerVersions } from './worker-versions.ts';

// A page must not hang: a query is answered in well under a second by a worker that is there at all.
const READ_TIMEOUT_MS = 5_000;
// An act verifies a signature in an activity, and opening takes the service lock first; both wait for a worker's free slot.
const ACT_TIMEOUT_MS = 30_000;
// On one network a ping takes milliseconds, a first connection with TLS some hundred.
const PING_TIMEOUT_MS = 2_000;
// A countdown that has ended sends its last messages for seconds, and for six minutes where a receiver is away: a start waits for the first.
const CLOSING_TIMEOUT_MS = 20_000;
const CLOSING_POLL_MS = 500;
export interface GatewayOptions {
  client: Client;
  /** Starts on virtual time; without it this server refuses rehearsals. */
  rehearsalClient?: Client;
  pingTimeoutMs?: number;
  /** Rows of a page of the list. */
  pageRows?: number;
  /** How long a start waits for an ended countdown of the same name to close. */
  closingTimeoutMs?: number;
}

/** Countdowns as Temporal runs them. Every failure is a `CountdownFailure` with a sentence, or a bug. */
export function temporalGateway({
  client,
  rehearsalClient,
  pingTimeoutMs = PING_TIMEOUT_MS,
  closingTimeoutMs = CLOSING_TIMEOUT_MS,
  pageRows,
}: GatewayOptions): Countdowns {
  const served = workerVersions(client);
  const handle = (release: string) => client.workflow.getHandle(countdownId(release));

  async function ask<T>(release: string, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
    // The client retries a server that is away until the deadline, which then reads like a missing worker. A question that needs no
    // worker tells the two apart, and before anything is sent: "nothing happened" is a better answer than "it may still count".
    if (!(await isReachable(client, pingTimeoutMs))) throw unreachable(doing);
    try {
      return await client.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      throw failureOf(error, release, doing);
    }
  }

  /** Temporal reports a countdown that has ended as not found. People would read that as one that never was, so it is refused as ended. */
  async function send<T>(act: Pick<Act, 'action' | 'countdown'>, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
    const release = releaseOf(act.countdown);
    try {
      return await ask(release, `${doing} ${release}`, timeoutMs, call);
    } catch (error) {
      if (!(error instanceof CountdownFailure) || error.code !== 'NotFound') throw error;
      // Throws the same sentence again where there never was one.
      const { status } = await ask(release, `${doing} ${release}`, READ_TIMEOUT_MS, () => handle(release).describe());
      if (status.name === 'RUNNING') throw error;
      throw tooLate(act.action, release, 'ended');
    }
  }

  const tooLate = (action: Action, release: string, phase: Phase): CountdownFailure =>
    new CountdownFailure(
      'Refused',
      explainCan(action, phase) ?? `${release} is over`,
      phase === 'ended' ? `\`tminus explain ${release}\` says how it ended` : `\`tminus status ${release}\` shows what it does now`,
    );

  /**
   * A Signal is accepted by whatever has the name, also by a countdown that has ended and only sends its last messages. Its phase is indexed
   * in Temporal itself, so that no worker has to answer before a hold is handed over.
   */
  async function assertPossible({ action, countdown }: Handed): Promise<void> {
    const release = releaseOf(countdown);
    const described = await ask(release, `asking for the phase of ${release}`, READ_TIMEOUT_MS, () => handle(release).describe());
    const { phase } = summaryOf(described);
    const now = described.status.name === 'RUNNING' ? (phase ?? 'opening') : 'ended';
    if (explainCan(action, now) !== null) throw tooLate(action, release, now);
  }

  /** Starts, or finds the one that runs. Fails as `Closing` while one of that name that has ended has not closed yet. */
  async function startOnce(starter: Client, input: CountdownInput, startId: string): Promise<StartedPlan> {
    const release = input.release.metadata.name;
    const operation = new WithStartWorkflowOperation(COUNTDOWN_TYPE, {
      workflowId: countdownId(release),
      taskQueue: WORKFLOW_TASK_QUEUE,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      memo: memoOf(input, startId),
      staticSummary: `${release}: ${input.release.spec.service.image}`.slice(0, 200),
    });
    const opened = await ask(release, `starting ${release}`, ACT_TIMEOUT_MS, () =>
      // Not one fixed update id: an id is remembered per run, and each caller deserves the answer of the run that is there now.
      starter.workflow.executeUpdateWithStart(openUpdate, { startWorkflowOperation: operation }),
    ).catch((error: unknown) => {
      throw failureOfStart(error, release);
    });
    const described = await ask(release, `reading back ${release}`, READ_TIMEOUT_MS, () => handle(release).describe());
    const memo = described.memo ?? {};
    const started = memo['startId'] === startId;
    // The plan of a countdown that is over is nobody's plan.
    if (!started && hasEnded(described)) throw closing(`${release} has ended and is sending its last messages`);
    const other = explainOther(input, memo);
    if (other !== null) throw new CountdownFailure('Refused', other, `give the release another name, or \`tminus abort ${release}\` first`);
    return { ...opened, started: started ? 'started' : 'already-running' };
  }

  async function describeOrNull(workflowId: string, release: string, runId?: string): Promise<WorkflowExecutionDescription | null> {
    try {
      return await ask(release, `asking for ${workflowId}`, READ_TIMEOUT_MS, () => client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      if (error instanceof CountdownFailure && error.code === 'NotFound') return null;
      throw error;
    }
  }

  return {
    async start(input) {
      const release = input.release.metadata.name;
      const starter = input.rehearsal ? rehearsalClient : client;
      if (!starter)
        throw new CountdownFailure(
          'Refused',
          'this server cannot rehearse: it has no Temporal server with time skipping',
          'use `tminus rehearse`',
        );
      const startId = randomUUID();
      const giveUpAtMs = Date.now() + closingTimeoutMs;
      for (;;) {
        const answer = await startOnce(starter, input, startId).catch(endedBeforeAnswer);
        if (!(answer instanceof CountdownFailure)) return answer;
        // One that this very start began, and that somebody aborted since, is not started a second time.
        const own = (await describeOrNull(countdownId(release), release))?.memo?.['startId'] === startId;
        if (own || Date.now() >= giveUpAtMs) throw answer;
        await new Promise((again) => setTimeout(again, CLOSING_POLL_MS));
      }
    },

    list: (page) =>
      ask('', 'listing countdowns', READ_TIMEOUT_MS, () =>
        listCountdowns({ client, served, ...(pageRows ? { pageRows } : {}) }, page),
      ).catch((error: unknown) => {
        if (page !== null && grpcCode(error) === grpcStatus.INVALID_ARGUMENT) throw notAPage();
        throw error;
      }),

    status: (release) => ask(release, `asking for the status of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(statusQuery)),

    audit: (release) => ask(release, `reading the audit of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(auditQuery)),

    async progress(status) {
      const found = await Promise.all(
        atWork(status).map(async (work) => {
          const described = await ask(status.release, `asking how step ${work.step} is doing`, READ_TIMEOUT_MS, () =>
            client.workflow.getHandle(work.workflowId).describe(),
          );
          return await progressOf(work, described, {
            converter: client.options.loadedDataConverter,
            readQueue: (name) =>
              ask(status.release, `asking for the queue ${name}`, READ_TIMEOUT_MS, () => readTaskQueue(client, name, 'activity')),
            now: Date.now,
          });
        }),
      );
      return found.flat();
    },

    act: (act, signed) =>
      send(act, `sending ${act.action} to`, ACT_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).executeUpdate(actUpdate, { args: [signed], updateId: act.id }),
      ),

    async hold(act) {
      await assertPossible(act);
      await send(act, 'holding', READ_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).signal(holdSignal, { reason: act.comment, by: act.principal }),
      );
    },

    async abort(act) {
      await assertPossible(act);
      const aborted = client.workflow.getHandle(act.countdown);
      // First who and why, then the cancellation: history keeps this order, so the countdown ends with the sentence.
      await send(act, 'aborting', READ_TIMEOUT_MS, () => aborted.signal(abortSignal, { reason: act.comment, by: act.principal }));
      // The Signal ends it by itself; a countdown of an older worker needs the cancellation, too. Finding it over is what was asked for.
      await send(act, 'aborting', READ_TIMEOUT_MS, () => aborted.cancel()).catch((error: unknown) => {
        if (!(error instanceof CountdownFailure && error.code === 'Refused')) throw error;
      });
    },

    async latest(release) {
      const described = await describeOrNull(countdownId(release), release);
      return described === null
        ? null
        : {
            run: firstRunOf(described),
            over: hasEnded(described),
            closed: described.status.name !== 'RUNNING',
          };
    },

    async firstRun(release) {
      const described = await ask(release, `asking which run ${release} is`, READ_TIMEOUT_MS, () => handle(release).describe());
      return firstRunOf(described);
    },

    open: () =>
      ask('', 'listing open countdowns', READ_TIMEOUT_MS, async () => {
        const found: OpenCountdown[] = [];
        for await (const { workflowId, memo } of client.workflow.list({
          query: `WorkflowType = "${COUNTDOWN_TYPE}" AND ${IS_OPEN}`,
          pageSize: 100,
        }))
          found.push({ release: releaseOf(workflowId), startedFrom: startedFrom(memo ?? {}) });
        return found;
      }),

    async ownerOf({ workflowId, firstRunId, release }) {
      const restorer = await describeOrNull(restorerId({ release, firstRunId }), release);
      const described = await describeOrNull(workflowId, release);
      // The run itself, where a later countdown has its name; of one that continued as new, that is only its first part.
      const own =
        described !== null && firstRunOf(described) === firstRunId ? described : await describeOrNull(workflowId, release, firstRunId);
      const { phase, ending } = own === null ? { phase: null, ending: null } : summaryOf(own);
      return { countdown: stateOf(own), phase, ending, restorer: restorer?.status.name === 'RUNNING' ? 'running' : 'not running' };
    },

    async watcherSeenAt({ workflowId, firstRunId, release }) {
      const described = await describeOrNull(workflowId, release);
      if (described === null || firstRunOf(described) !== firstRunId) return null;
      return await ask(release, `asking for the watcher of ${release}`, READ_TIMEOUT_MS, () => watcherSeenAt(client, described));
    },

    taskQueue: (name, kind) => ask('', `asking for the queue ${name}`, READ_TIMEOUT_MS, () => readTaskQueue(client, name, kind)),

    async advance(release, aheadMs) {
      const { rehearsal } = await this.status(release);
      if (!rehearsal)
        throw new CountdownFailure(
          'Refused',
          `${release} is no rehearsal: its clock is the real one`,
          '`tminus rehearse` runs on virtual time',
        );
      await ask(release, `running the clock of ${release} ahead`, READ_TIMEOUT_MS, () => letRun(client, countdownId(release), aheadMs));
    },
  };
}

/** Not found: it closed between the start and its answer. */
function endedBeforeAnswer(error: unknown): CountdownFailure {
  if (error instanceof CountdownFailure && (error.code === 'Closing' || error.code === 'NotFound')) return error;
  throw error;
}

async function isReachable(client: Client, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  // The client tries a server that is away up to ten times, and its pauses between them (up to 5 s each) know of no deadline.
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const answered = client
    .withDeadline(Date.now() + timeoutMs, () => client.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

const notAPage = (): CountdownFailure =>
  new CountdownFailure('Refused', 'the list has no such page', 'begin with the first page; the answer names the next one');
