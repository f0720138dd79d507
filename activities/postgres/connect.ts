// A connection for looking: read-only, and no question of ours may hold the service up.
import { Client } from 'pg';

const CONNECT_WITHIN_MS = 3_000;
const STATEMENT_TIMEOUT_MS = 2_000;

export interface ConnectOptions {
  /** Longest a statement may take; 2 s when left out. */
  statementTimeoutMs?: number;
  /** Sessions may write only where a copy is made in a transaction that is rolled back. */
  readOnly?: boolean;
}

/** Opens one. Throws the driver's error, whose message never holds the password. The caller ends it. */
export async function connect(
  url: string,
  { statementTimeoutMs = STATEMENT_TIMEOUT_MS, readOnly = true }: ConnectOptions = {},
): Promise<Client> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + CONNECT_WITHIN_MS,
    application_name: 'tminus',
    options: readOnly ? '-c default_transaction_read_only=on' : '',
  });
  // A connection that breaks while idle must not end the process; the next query says so.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
