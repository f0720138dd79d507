// The only file that talks to Temporal for people. Everything else in server/ knows `Countdowns`.
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type Client, type WorkflowExecutionInfo } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { EffectActivities } from '../activities/effects/contract.ts';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { z } from 'zod';
import type { ActivityProgress } from '../activities/kubernetes/contract.ts';
import { explainCan } from '../verdict/can.ts';
import type { Verdict } from '../verdict/verdict.ts';
import {
  abortSignal,
  actUpdate,
  auditQuery,
  COUNTDOWN_TYPE,
  countdownId,
  holdSignal,
  openUpdate,
  statusQuery,
  WORKFLOW_TASK_QUEUE,
  type Act,
  type Phase,
} from '../workflows/messages.ts';
import { CountdownFailure, type Countdowns, type CountdownSummary, type StepProgress } from './countdowns.ts';
import { failureOf, unreachable } from './gateway-failure.ts';
import { explainOther, memoOf } from './start-memo.ts';
import { letRun } from './virtual-time.ts';

const attribute = {
  release: defineSearchAttributeKey('TminusRelease', SearchAttributeType.KEYWORD),
  service: defineSearchAttributeKey('TminusService', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('TminusPhase', SearchAttributeType.KEYWORD),
  verdict: defineSearchAttributeKey('TminusVerdict', SearchAttributeType.KEYWORD),
  launchAt: defineSearchAttributeKey('TminusLaunchAt', SearchAttributeType.DATETIME),
  nextCheckpointAt: defineSearchAttributeKey('TminusNextCheckpointAt', SearchAttributeType.DATETIME),
};

// A page must not hang: a query is answered in well under a second by a worker that is there at all.
const READ_TIMEOUT_MS = 5_000;
// An act verifies a signature in an activity, and opening takes the service lock first; both wait for a worker's free slot.
const ACT_TIMEOUT_MS = 30_000;
// On one network a ping takes milliseconds, a first connection with TLS some hundred.
const PING_TIMEOUT_MS = 2_000;
// Visibility pages are read in start order; a list longer than this is for `tminus list --phase` and not for eyes.
const MOST_LISTED = 500;
/** Activities of a rollback. */
const UNDOING = new Set<string>(['restoreEffect', 'proveRestored'] satisfies (keyof EffectActivities)[]);

export interface GatewayOptions {
  client: Client;
  /** Starts on virtual time; without it this server refuses rehearsals. */
  rehearsalClient?: Client;
  pingTimeoutMs?: number;
}

/** Countdowns as Temporal runs them. Every failure is a `CountdownFailure` with a sentence, or a bug. */
export function temporalGateway({ client, rehearsalClient, pingTimeoutMs = PING_TIMEOUT_MS }: GatewayOptions): Countdowns {
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

  /** To one that is over nothing can be said any more; Temporal calls it not found, but people know that it is there. */
  async function tell<T>(act: Act, doing: string, timeoutMs: number, call: () => Promise<T>): Promise<T> {
    const release = releaseOf(act.countdown);
    try {
      return await ask(release, `${doing} ${release}`, timeoutMs, call);
    } catch (error) {
      if (!(error instanceof CountdownFailure) || error.code !== 'NotFound') throw error;
      // Throws the same sentence again where there never was one.
      const { status } = await ask(release, `${doing} ${release}`, READ_TIMEOUT_MS, () => handle(release).describe());
      if (status.name === 'RUNNING') throw error;
      throw new CountdownFailure(
        'Refused',
        explainCan(act.action, 'ended') ?? `${release} is over`,
        `\`tminus explain ${release}\` says how it ended`,
      );
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
      );
      const { memo } = await ask(release, `reading back ${release}`, READ_TIMEOUT_MS, () => handle(release).describe());
      const other = explainOther(input, memo ?? {});
      if (other !== null)
        throw new CountdownFailure('Refused', other, `give the release another name, or \`tminus abort ${release}\` first`);
      return { ...opened, started: memo?.['startId'] === startId ? 'started' : 'already-running' };
    },

    async list() {
      return await ask('', 'listing countdowns', READ_TIMEOUT_MS, async () => {
        const newest = new Map<string, CountdownSummary>();
        let read = 0;
        for await (const execution of client.workflow.list({ query: `WorkflowType = "${COUNTDOWN_TYPE}"`, pageSize: 100 })) {
          const summary = summaryOf(execution);
          const known = newest.get(summary.release);
          if (!known || known.startedAt < summary.startedAt) newest.set(summary.release, summary);
          read += 1;
          if (read >= MOST_LISTED) break;
        }
        return [...newest.values()].sort((a, b) => Number(b.running) - Number(a.running) || (a.startedAt < b.startedAt ? 1 : -1));
      });
    },

    status: (release) => ask(release, `asking for the status of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(statusQuery)),

    audit: (release) => ask(release, `reading the audit of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(auditQuery)),

    async progress(status) {
      const running = status.checkpoints.flatMap(({ name, steps }) =>
        steps.filter(({ state, workflowId }) => state === 'running' && workflowId).map((step) => ({ checkpoint: name, step })),
      );
      // A rollback runs in the countdown itself, beside its book-keeping.
      const undo = { checkpoint: status.current, step: { name: 'rollback', round: 1, workflowId: countdownId(status.release) } };
      const found = await Promise.all(
        (status.phase === 'undoing' ? [undo] : running).map(async ({ checkpoint, step }) => {
          const described = await ask(status.release, `asking how step ${step.name} is doing`, READ_TIMEOUT_MS, () =>
            client.workflow.getHandle(step.workflowId ?? '').describe(),
          );
          const all = described.raw.pendingActivities ?? [];
          const own = step === undo.step ? all.filter(({ activityType }) => UNDOING.has(activityType?.name ?? '')) : all;
          return await Promise.all(
            own.map(async (pending): Promise<StepProgress> => {
              const details = await decodeArrayFromPayloads(client.options.loadedDataConverter, pending.heartbeatDetails?.payloads);
              return {
                checkpoint,
                step: step.name,
                round: step.round,
                activity: pending.activityType?.name ?? '',
                attempt: pending.attempt ?? 1,
                progress: progressIn(details),
                heartbeatAt: pending.lastHeartbeatTime?.seconds
                  ? new Date(Number(pending.lastHeartbeatTime.seconds) * 1000).toISOString()
                  : null,
                lastFailure: pending.lastFailure?.message ?? null,
              };
            }),
          );
        }),
      );
      return found.flat();
    },

    act: (act, signed) =>
      tell(act, `sending ${act.action} to`, ACT_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).executeUpdate(actUpdate, { args: [signed], updateId: act.id }),
      ),

    hold: (act) =>
      tell(act, 'holding', READ_TIMEOUT_MS, () =>
        client.workflow.getHandle(act.countdown).signal(holdSignal, { reason: act.comment, by: act.principal }),
      ),

    async abort(act) {
      const aborted = client.workflow.getHandle(act.countdown);
      // First who and why, then the cancellation: history keeps this order, so the countdown ends with the sentence.
      await tell(act, 'aborting', READ_TIMEOUT_MS, () => aborted.signal(abortSignal, { reason: act.comment, by: act.principal }));
      // The Signal ends it by itself; a countdown of an older worker needs the cancellation, too. Finding it over is what was asked for.
      await tell(act, 'aborting', READ_TIMEOUT_MS, () => aborted.cancel()).catch((error: unknown) => {
        if (!(error instanceof CountdownFailure && error.code === 'Refused')) throw error;
      });
    },

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

const releaseOf = (countdown: string): string => countdown.slice(countdownId('').length);

function summaryOf({
  workflowId,
  typedSearchAttributes: said,
  status,
  startTime,
  closeTime,
  memo,
}: WorkflowExecutionInfo): CountdownSummary {
  return {
    release: said.get(attribute.release) ?? releaseOf(workflowId),
    service: said.get(attribute.service) ?? null,
    phase: (said.get(attribute.phase) as Phase | undefined) ?? null,
    verdict: (said.get(attribute.verdict) as Verdict | undefined) ?? null,
    launchAt: said.get(attribute.launchAt)?.toISOString() ?? null,
    nextCheckpointAt: said.get(attribute.nextCheckpointAt)?.toISOString() ?? null,
    running: status.name === 'RUNNING',
    rehearsal: memo?.['rehearsal'] === true,
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
  };
}

const activityProgress = z.object({
  text: z.string(),
  done: z.number(),
  total: z.number(),
  unit: z.string(),
}) satisfies z.ZodType<ActivityProgress>;

/** Heartbeat details are the activity's own: a cursor may stand beside the progress. The first that reads as progress is shown. */
function progressIn(details: readonly unknown[]): ActivityProgress | null {
  for (const detail of details) {
    const candidates = [detail, typeof detail === 'object' && detail !== null && 'progress' in detail ? detail.progress : null];
    for (const candidate of candidates) {
      const parsed = activityProgress.safeParse(candidate);
      if (parsed.success) return parsed.data;
    }
  }
  return null;
}
