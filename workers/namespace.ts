// What a Temporal namespace needs before a countdown can run in it. Idempotent: every start may ask. Where others own the namespace, registering is
// forbidden and not needed: only what is missing is a reason to stop.
import { status } from '@grpc/grpc-js';
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** 30 days: an audit must be readable well after the launch it speaks of. */
const RETENTION_SECONDS = 30 * 86_400;

/** Temporal Cloud has no operator service at all. */
const FORBIDDEN: readonly (number | null)[] = [status.PERMISSION_DENIED, status.UNIMPLEMENTED, status.UNAUTHENTICATED];
/** The namespace cache of a server refreshes every ten seconds or so. */
const VISIBLE_TIMEOUT_MS = 30_000;

const searchAttributes = {
  TminusRelease: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusService: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusPhase: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusVerdict: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusEnding: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  TminusLaunchAt: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  TminusNextCheckpointAt: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
};

/** The namespace lacks something that this process may not add; the message says what to do. */
export class NamespaceNotReady extends Error {
  override readonly name = 'NamespaceNotReady';
}

/** Sees to a namespace with its search attributes that the server serves. Throws NamespaceNotReady. */
export async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  const there = await isThere(connection, namespace);
  if (there !== true) await register(connection, namespace, there);
  await untilServed(connection, namespace);
  const missing = await missingAttributes(connection, namespace);
  if (missing.length > 0) await addAttributes(connection, namespace, missing);
}

/** `unknown` where asking is forbidden. */
async function isThere({ workflowService }: Connection, namespace: string): Promise<boolean | 'unknown'> {
  try {
    await workflowService.describeNamespace({ namespace });
    return true;
  } catch (error) {
    if (codeOf(error) === status.NOT_FOUND) return false;
    if (FORBIDDEN.includes(codeOf(error))) return 'unknown';
    throw error;
  }
}

async function register({ workflowService }: Connection, namespace: string, there: false | 'unknown'): Promise<void> {
  try {
    await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never } });
  } catch (error) {
    const code = codeOf(error);
    if (code === status.ALREADY_EXISTS) return;
    if (!FORBIDDEN.includes(code)) throw error;
    // It may be there, and whether it is shows when it is used.
    if (there === 'unknown') return;
    throw new NamespaceNotReady(
      `there is no Temporal namespace ${namespace}, and registering one is forbidden here; ` +
        'ask its owner to register it with a retention of 30 days, or set TEMPORAL_NAMESPACE to another one',
    );
  }
}

async function untilServed({ workflowService }: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + VISIBLE_TIMEOUT_MS;
  for (;;) {
    try {
      await workflowService.listOpenWorkflowExecutions({ namespace, maximumPageSize: 1, startTimeFilter: {} });
      return;
    } catch (error) {
      if (FORBIDDEN.includes(codeOf(error)))
        throw new NamespaceNotReady(
          `access to the Temporal namespace ${namespace} is denied: ${(error as Error).message}; ` +
            'grant its certificate or API key read and write access',
        );
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

type AttributeName = keyof typeof searchAttributes;
const names = Object.keys(searchAttributes) as AttributeName[];

/** Where the list of attributes is not for us, each is asked for by using it: a query with one that is not there is invalid. */
async function missingAttributes({ operatorService, workflowService }: Connection, namespace: string): Promise<AttributeName[]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return names.filter((name) => !(name in customAttributes));
  } catch (error) {
    if (!FORBIDDEN.includes(codeOf(error))) throw error;
  }
  const missing: AttributeName[] = [];
  for (const name of names)
    await workflowService.countWorkflowExecutions({ namespace, query: `${name} IS NOT NULL` }).catch((error: unknown) => {
      if (codeOf(error) !== status.INVALID_ARGUMENT) throw error;
      missing.push(name);
    });
  return missing;
}

async function addAttributes({ operatorService }: Connection, namespace: string, missing: AttributeName[]): Promise<void> {
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, searchAttributes[name]])),
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === status.ALREADY_EXISTS) return;
    if (!FORBIDDEN.includes(code)) throw error;
    const kinds = missing.map((name) => `${name} (${name.endsWith('At') ? 'Datetime' : 'Keyword'})`).join(', ');
    throw new NamespaceNotReady(
      `the Temporal namespace ${namespace} lacks search attributes, and adding them is forbidden here; ask its owner to add: ${kinds}`,
    );
  }
}

const codeOf = (error: unknown): number | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : null;
