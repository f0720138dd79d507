// Countdowns, restorers and task queues as Temporal reports them. Needs no worker.
import { countdownId, restorerId } from '../../release/countdown-id.ts';
import { COUNTDOWN_TYPE } from '../../workflows/messages.ts';
import type { Countdowns, OpenCountdown } from './countdowns.ts';
import { releaseOfCountdown } from '../../release/countdown-id.ts';
import { firstRunOf, hasEnded, stateOf, summaryOf } from './execution.ts';
import { READ_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';
import { IS_OPEN } from './list-countdowns.ts';
import { startedFrom } from './start-memo.ts';
import { readTaskQueue } from './task-queue.ts';
import { watcherSeenAt } from './watcher.ts';

type Runs = Pick<Countdowns, 'latest' | 'firstRun' | 'open' | 'ownerOf' | 'watcherSeenAt' | 'taskQueue'>;

export function runsOf({ client, ask, describe, describeOrNull }: TemporalCalls): Runs {
  return {
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
      return firstRunOf(await describe(release, `reading the run of ${release}`));
    },

    open: () =>
      ask('', 'listing open countdowns', READ_TIMEOUT_MS, async () => {
        const found: OpenCountdown[] = [];
        for await (const { workflowId, memo } of client.workflow.list({
          query: `WorkflowType = "${COUNTDOWN_TYPE}" AND ${IS_OPEN}`,
          pageSize: 100,
        }))
          found.push({ release: releaseOfCountdown(workflowId), startedFrom: startedFrom(memo ?? {}) });
        return found;
      }),

    async ownerOf({ workflowId, firstRunId, release }) {
      const restorer = await describeOrNull(restorerId({ release, firstRunId }), release);
      const described = await describeOrNull(workflowId, release);
      // By run id, because a later countdown may have the name; after continue-as-new this is the first run only.
      const own =
        described !== null && firstRunOf(described) === firstRunId ? described : await describeOrNull(workflowId, release, firstRunId);
      const { phase, ending } = own === null ? { phase: null, ending: null } : summaryOf(own);
      return { countdown: stateOf(own), phase, ending, restorer: restorer?.status.name === 'RUNNING' ? 'running' : 'not running' };
    },

    async watcherSeenAt({ workflowId, firstRunId, release }) {
      const described = await describeOrNull(workflowId, release);
      if (described === null || firstRunOf(described) !== firstRunId) return null;
      return await ask(release, `reading the watcher of ${release}`, READ_TIMEOUT_MS, () => watcherSeenAt(client, described));
    },

    taskQueue: (name, kind) => ask('', `reading the queue ${name}`, READ_TIMEOUT_MS, () => readTaskQueue(client, name, kind)),
  };
}
