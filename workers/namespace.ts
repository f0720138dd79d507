// Prepares the Temporal namespace: registration, search attributes. Idempotent, called at every start. If others own the namespace, registering
// may be forbidden; then only missing parts are an error.
import { status } from '@grpc/grpc-js';
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { attribute } from '../workflows/messages.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** 30 days: an audit must be readable well after its launch. */
const RETENTION_SECONDS = 30 * 86_400;

/** Temporal Cloud has no operator service at all. */
const FORBIDDEN: readonly (number | null)[] = [status.PERMISSION_DENIED, status.UNIMPLEMENTED, status.UNAUTHENTICATED];
/** The namespace cache of a server refreshes every ten seconds or so. */
const VISIBLE_TIMEOUT_MS = 30_000;

type Attribute = (typeof attribute)[keyof typeof attribute];
const attributes: readonly Attribute[] = Object.values(attribute);

const typeOf = ({ type }: Attribute) =>
  type === 'DATETIME' ? IndexedValueType.INDEXED_VALUE_TYPE_DATETIME : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/** The namespace lacks something that this process may not add. */
export class NamespaceNotReady extends Error {
  override readonly name = 'NamespaceNotReady';
}

/** Registers the namespace and its search attributes if they are missing, and waits until the server serves it. Throws NamespaceNotReady. */
export async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  const there = await isThere(connection, namespace);
  if (there !== true) await register(connection, namespace, there);
  await untilServed(connection, namespace);
  const missing = await missingAttributes(connection, namespace);
  if (missing.length > 0) await addAttributes(connection, namespace, missing);
}

/** `unknown` if the request is forbidden. */
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
    // It may exist; the first use shows it.
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

/** If listing them is forbidden, each is used in a query, which is invalid if the attribute does not exist. */
async function missingAttributes({ operatorService, workflowService }: Connection, namespace: string): Promise<Attribute[]> {
  try {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return attributes.filter(({ name }) => !(name in customAttributes));
  } catch (error) {
    if (!FORBIDDEN.includes(codeOf(error))) throw error;
  }
  const missing: Attribute[] = [];
  for (const each of attributes)
    await workflowService.countWorkflowExecutions({ namespace, query: `${each.name} IS NOT NULL` }).catch((error: unknown) => {
      if (codeOf(error) !== status.INVALID_ARGUMENT) throw error;
      missing.push(each);
    });
  return missing;
}

async function addAttributes({ operatorService }: Connection, namespace: string, missing: Attribute[]): Promise<void> {
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((each) => [each.name, typeOf(each)])),
    });
  } catch (error) {
    const code = codeOf(error);
    if (code === status.ALREADY_EXISTS) return;
    if (!FORBIDDEN.includes(code)) throw error;
    const kinds = missing.map(({ name, type }) => `${name} (${type === 'DATETIME' ? 'Datetime' : 'Keyword'})`).join(', ');
    throw new NamespaceNotReady(
      `the Temporal namespace ${namespace} lacks search attributes, and adding them is forbidden here; ask its owner to add: ${kinds}`,
    );
  }
}

const codeOf = (error: unknown): number | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : null;
