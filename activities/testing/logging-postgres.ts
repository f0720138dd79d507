// For tests: a PostgreSQL of their own with auto_explain and a log in files, and without pg_stat_statements.
import { Client } from 'pg';
import { startOwnPostgres } from './own-postgres.ts';

export interface RealPostgres {
  /** Address of a database for a role; both are there without a password. */
  url(role: string, database?: string): string;
  /** A connection as superuser that calls itself the shop. The caller ends it. */
  shop(): Promise<Client>;
  /** Sets settings of the server and has it read them. */
  set(settings: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

export async function startRealPostgres(): Promise<RealPostgres> {
  const server = await startOwnPostgres({
    logging_collector: 'on',
    log_filename: 'postgresql-%H%M%S.log',
    session_preload_libraries: 'auto_explain',
    // One scan, one plan: workers would only make it another one on a busy machine.
    max_parallel_workers_per_gather: '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_format': 'json',
  });
  const { host } = new URL(server.url);
  const url = (role: string, database = 'shop') => `postgres://${role}@${host}/${database}`;
  const open = async (database: string) => {
    const client = new Client({ connectionString: url('postgres', database), application_name: 'go-api' });
    await client.connect();
    return client;
  };
  const first = await open('postgres');
  await first.query('CREATE DATABASE shop');
  await first.end();
  return {
    url,
    close: () => server.stop(),
    shop: () => open('shop'),
    async set(changed) {
      const client = await open('postgres');
      for (const [name, value] of Object.entries(changed)) await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
      await client.query('SELECT pg_reload_conf()');
      await client.end();
    },
  };
}
