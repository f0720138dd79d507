// For tests: a PostgreSQL of their own on loopback, in a folder that is removed again.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './free-port.ts';

export interface OwnPostgres {
  /** Address of the database `postgres` for a superuser without a password. */
  url: string;
  stop(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';
/** Starting takes half a second; a machine that builds is slower. */
const READY_TIMEOUT_MS = 60_000;

/** PostgreSQL refuses to run as root. */
const asPostgres = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] : [];

/** Folder of the newest server's programs. Throws when it is missing, so that no test is skipped. */
function programs(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).filter((each) => existsSync(join(DEBIAN, each, 'bin/postgres'))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) throw new Error('PostgreSQL is needed for these tests: apt-get install postgresql');
  return join(DEBIAN, newest, 'bin');
}

function ran(argv: string[]): string {
  const [program = '', ...args] = argv;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** @param settings of the server, on its command line */
export async function startOwnPostgres(settings: Record<string, string> = {}): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-postgres-'));
  if (asPostgres.length > 0) chownSync(folder, Number(ran(['id', '-u', 'postgres'])), Number(ran(['id', '-g', 'postgres'])));
  const data = join(folder, 'data');
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  ran([...asPostgres, join(programs(), 'initdb'), '-D', data, '--no-sync', '--auth=trust', '--username=postgres', ...locale]);
  const port = await freePort();
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '', fsync: 'off', ...settings };
  const argv = [...asPostgres, join(programs(), 'postgres'), '-D', data];
  argv.push(...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]));
  const [program = '', ...args] = argv;
  // setpriv becomes the server, so this is the server's own id.
  const server = spawn(program, args, { stdio: 'ignore', cwd: '/' });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const gone = new Promise((done) => server.once('exit', done));
      // SIGINT is PostgreSQL's fast shutdown: it ends sessions and does not wait for them, and its collector writes out the log.
      server.kill('SIGINT');
      await gone;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(url, server);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

/** Tries to connect: with a log collector the server does not print that it is ready. */
async function ready(url: string, server: ChildProcess): Promise<void> {
  const endsAtMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const client = new Client({ connectionString: url });
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (performance.now() > endsAtMs || server.exitCode !== null) throw error;
      await wait(100);
    }
  }
}
