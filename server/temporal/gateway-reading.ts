// Reads countdowns: the list from visibility, everything else from the workflow.
import { countdownId } from '../../release/countdown-id.ts';
import { status as grpcStatus } from '@grpc/grpc-js';
import { auditQuery, statusQuery } from '../../workflows/messages.ts';
import { CountdownFailure, type Countdowns } from './countdowns.ts';
import { READ_TIMEOUT_MS, type TemporalCalls } from './gateway-calls.ts';
import { grpcCode } from './gateway-failure.ts';
import { listCountdowns } from './list-countdowns.ts';
import { atWork, progressOf } from './step-progress.ts';
import { readTaskQueue } from './task-queue.ts';
import { workerVersions } from './worker-versions.ts';

/** @param pageRows rows of a page of the list */
export function readingOf(
  { client, ask }: TemporalCalls,
  pageRows: number | undefined,
): Pick<Countdowns, 'list' | 'status' | 'audit' | 'progress'> {
  const served = workerVersions(client);
  const handle = (release: string) => client.workflow.getHandle(countdownId(release));
  return {
    list: (page) =>
      ask('', 'listing countdowns', READ_TIMEOUT_MS, () =>
        listCountdowns({ client, served, ...(pageRows ? { pageRows } : {}) }, page),
      ).catch((error: unknown) => {
        if (page !== null && grpcCode(error) === grpcStatus.INVALID_ARGUMENT) throw notAPage();
        throw error;
      }),

    status: (release) => ask(release, `reading the status of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(statusQuery)),

    audit: (release) => ask(release, `reading the audit of ${release}`, READ_TIMEOUT_MS, () => handle(release).query(auditQuery)),

    async progress(status) {
      const found = await Promise.all(
        atWork(status).map(async (work) => {
          const described = await ask(status.release, `reading the progress of step ${work.step}`, READ_TIMEOUT_MS, () =>
            client.workflow.getHandle(work.workflowId).describe(),
          );
          return await progressOf(work, described, {
            converter: client.options.loadedDataConverter,
            readQueue: (name) =>
              ask(status.release, `reading the queue ${name}`, READ_TIMEOUT_MS, () => readTaskQueue(client, name, 'activity')),
            now: Date.now,
          });
        }),
      );
      return found.flat();
    },
  };
}

const notAPage = (): CountdownFailure =>
  new CountdownFailure('Refused', 'the page token of the list is invalid', 'start with the first page and follow `nextPage`');
