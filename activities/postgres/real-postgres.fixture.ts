// For tests: a PostgreSQL of their own on loopback, with auto_explain and a log in files, and without pg_stat_statements.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { programOf } from '../../lab/postgres.ts';

export interface RealPostgres {
  /** Address of a database for a role; both are there without a password. */
  url(role: string, database?: string): string;
  /** A connection as superuser that calls itself the shop. The caller ends it. */
  shop(): Promise<Client>;
  /** Sets settings of the server and has it read them. */
  set(settings: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

const READY_WITHIN_MS = 60_000;

/** PostgreSQL refuses to run as root. */
const asPostgres = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] : [];

function ran(argv: string[]): string {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
  // A test that is skipped proves nothing.
  if (status !== 0)
    throw new Error(`PostgreSQL is needed for these tests: ${argv.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
  return stdout.trim();
}

export async function startRealPostgres(): Promise<RealPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-postgres-'));
  if (asPostgres.length > 0) chownSync(folder, Number(ran(['id', '-u', 'postgres'])), Number(ran(['id', '-g', 'postgres'])));
  const data = join(folder, 'data');
  ran([
    ...asPostgres,
    programOf('initdb'),
    '-D',
    data,
    '--no-sync',
    '--auth=trust',
    '--username=postgres',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
  ]);
  const port = await freePort();
  const fixed = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    fsync: 'off',
    logging_collector: 'on',
    log_filename: 'postgresql-%H%M%S.log',
    session_preload_libraries: 'auto_explain',
    // One scan, one plan: workers would only make it another one on a busy machine.
    max_parallel_workers_per_gather: 0,
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_format': 'json',
  };
  const [program = '', ...args] = [
    ...asPostgres,
    programOf('postgres'),
    '-D',
    data,
    ...Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  // setpriv becomes the server, so this is the server's own id.
  const server = spawn(program, args, { stdio: 'ignore', cwd: '/' });
  const url = (role: string, database = 'shop') => `postgres://${role}@127.0.0.1:${port}/${database}`;
  const open = async (database: string) => {
    const client = new Client({ connectionString: url('postgres', database), application_name: 'go-api' });
    await client.connect();
    return client;
  };
  const close = async () => {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const first = await ready(() => open('postgres'), server);
    await first.query('CREATE DATABASE shop');
    await first.end();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    close,
    shop: () => open('shop'),
    async set(changed) {
      const client = await open('postgres');
      for (const [name, value] of Object.entries(changed)) await client.query(`ALTER SYSTEM SET ${name} = '${value}'`);
      await client.query('SELECT pg_reload_conf()');
      await client.end();
    },
  };
}

async function ready(open: () => Promise<Client>, server: ChildProcess): Promise<Client> {
  const endsAtMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (performance.now() > endsAtMs || server.exitCode !== null) throw error;
      await wait(100);
    }
  }
}

/** SIGINT is PostgreSQL's fast shutdown: it ends sessions, and its collector writes out the log. */
async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((done) => server.once('exit', done));
  server.kill('SIGINT');
  await gone;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
