// The list of countdowns from visibility: all running ones, and ended ones page by page.
import type { Client } from '@temporalio/client';
import { executionInfoFromRaw } from '@temporalio/client/lib/helpers.js';
import { COUNTDOWN_TYPE } from '../../workflows/messages.ts';
import type { CountdownPage, CountdownSummary } from './countdowns.ts';
import { summaryOf } from './execution.ts';
import type { RunningCountdown } from './worker-versions.ts';

/** Temporal returns at most 1,000 rows at once; 500 rows are about 300 kB. */
const PAGE_ROWS = 500;

export const IS_OPEN = 'ExecutionStatus = "Running"';
const IS_CLOSED = 'ExecutionStatus != "Running"';

export interface ListDependencies {
  client: Client;
  /** For each countdown: whether a worker of its version runs. */
  served(running: readonly RunningCountdown[]): Promise<boolean[]>;
  pageRows?: number;
}

/**
 * A page of the list. The first (`page` null) has all running countdowns, then the newest ended ones; a release that was started again is one
 * row. Throws what the client throws.
 */
export async function listCountdowns(
  { client, served, pageRows = PAGE_ROWS }: ListDependencies,
  page: string | null,
): Promise<CountdownPage> {
  const newest = new Map<string, Row>();
  if (page === null) for await (const row of every(client, IS_OPEN, pageRows)) keepNewest(newest, row);
  const closed = await read(client, IS_CLOSED, page, pageRows);
  for (const row of closed.rows) keepNewest(newest, row);
  const rows = [...newest.values()].sort(
    ({ summary: a }, { summary: b }) => Number(b.running) - Number(a.running) || (a.startedAt < b.startedAt ? 1 : -1),
  );
  const running = rows
    .filter(({ summary }) => summary.running)
    .map(({ workflowId, summary }) => ({ workflowId, release: summary.release, buildId: summary.workerVersion }));
  const workers = await served(running);
  const hasWorker = new Map(running.map(({ release }, index) => [release, workers[index] ?? null]));
  return {
    items: rows.map(({ summary }) => ({ ...summary, hasWorker: summary.running ? (hasWorker.get(summary.release) ?? null) : null })),
    nextPage: closed.next,
  };
}

interface Row {
  workflowId: string;
  summary: CountdownSummary;
}

function keepNewest(newest: Map<string, Row>, row: Row): void {
  const { release, startedAt } = row.summary;
  const known = newest.get(release)?.summary;
  if (!known || (!known.running && known.startedAt < startedAt)) newest.set(release, row);
}

async function* every(client: Client, query: string, pageRows: number): AsyncIterable<Row> {
  let page: string | null = null;
  do {
    const { rows, next }: { rows: Row[]; next: string | null } = await read(client, query, page, pageRows);
    yield* rows;
    page = next;
  } while (page !== null);
}

async function read(client: Client, query: string, page: string | null, pageSize: number): Promise<{ rows: Row[]; next: string | null }> {
  const { namespace, loadedDataConverter } = client.options;
  const { executions, nextPageToken } = await client.workflowService.listWorkflowExecutions({
    namespace,
    query: `WorkflowType = "${COUNTDOWN_TYPE}" AND ${query}`,
    pageSize,
    ...(page === null ? {} : { nextPageToken: Buffer.from(page, 'base64url') }),
  });
  // A memo that cannot be decrypted (removed or foreign key) leaves its own row without details, and no other row.
  const infoOf = async (raw: NonNullable<typeof executions>[number]) =>
    executionInfoFromRaw(raw, loadedDataConverter, raw, namespace).catch(() =>
      executionInfoFromRaw({ ...raw, memo: null }, loadedDataConverter, raw, namespace),
    );
  const infos = await Promise.all((executions ?? []).map(infoOf));
  return {
    rows: infos.map((info) => ({ workflowId: info.workflowId, summary: summaryOf(info) })),
    next: nextPageToken && nextPageToken.length > 0 ? Buffer.from(nextPageToken).toString('base64url') : null,
  };
}
