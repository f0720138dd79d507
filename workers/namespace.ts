// What a Temporal namespace needs before a countdown can run in it. Idempotent: every start may ask.
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** 30 days: an audit must be readable well after the launch it speaks of. */
const RETENTION_SECONDS = 30 * 86_400;

const ALREADY_EXISTS = 6;
/** The namespace cache of a server refreshes every ten seconds or so. */
const VISIBLE_WITHIN_MS = 30_000;

const searchAttributes = {
  TminusRelease: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusService: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusPhase: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusVerdict: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusEnding: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusLaunchAt: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  TminusNextCheckpointAt: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};

/** Registers a namespace with its search attributes and waits until the server serves it. */
export async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  await unlessThere(() =>
    connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never } }),
  );
  await untilServed(connection, namespace);
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(searchAttributes).filter(([name]) => !(name in customAttributes));
  if (missing.length > 0)
    await unlessThere(() => connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) }));
}

async function untilServed(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    try {
      await connection.workflowService.listOpenWorkflowExecutions({ namespace, maximumPageSize: 1, startTimeFilter: {} });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

async function unlessThere(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
  }
}
