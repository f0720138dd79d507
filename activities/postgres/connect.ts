// A monitoring connection: read-only, and no query of ours may block the service.
import { Client } from 'pg';

/** CTE name in every query of ours, so that they are not counted as the service's. A comment would not do: the server keeps only the first one. */
export const QUERY_NAME = 'tminus_query';

/** The text PostgreSQL shows instead of another role's statement to a role without pg_read_all_stats (pg_monitor includes it). */
export const HIDDEN_TEXT = '<insufficient privilege>';

export const hiddenMessage = (what: 'statements' | 'sessions'): string =>
  `${what} of other roles are hidden; grant pg_read_all_stats to this role`;

const CONNECT_TIMEOUT_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 2_000;

export interface ConnectOptions {
  /** Default: 2 s. */
  statementTimeoutMs?: number;
  /** Default: true. Only a trial in a transaction that is rolled back may write. */
  readOnly?: boolean;
}

/** Opens a connection. Throws the driver's error, whose message never contains the password. The caller closes it. */
export async function connect(
  url: string,
  { statementTimeoutMs = STATEMENT_TIMEOUT_MS, readOnly = true }: ConnectOptions = {},
): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS,
    application_name: 'tminus',
    options: readOnly ? '-c default_transaction_read_only=on' : '',
  });
  // An idle connection that breaks must not end the process; the next query reports it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
