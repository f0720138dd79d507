// For tests: a PostgreSQL of their own on loopback, in a folder that is removed again.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OwnPostgres {
  /** Address of the database `postgres` for a superuser without a password. */
  url: string;
  stop(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';
const READY = 'database system is ready to accept connections';
/** Starting takes half a second; a machine that builds is slower. */
const READY_WITHIN_MS = 60_000;

/** PostgreSQL refuses to run as root. */
const asPostgres = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--'] : [];

/** Folder of the newest server's programs. Throws with a sentence: a test that is skipped proves nothing. */
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
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  const gone = new Promise<void>((done) => server.once('exit', () => done()));
  const stop = async (): Promise<void> => {
    // SIGINT is PostgreSQL's fast shutdown: it ends sessions and does not wait for them.
    server.kill('SIGINT');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  const isReady = new Promise<boolean>((answer) => {
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_096);
      if (said.includes(READY)) answer(true);
    });
    server.once('exit', () => answer(false));
    setTimeout(() => answer(false), READY_WITHIN_MS).unref();
  });
  if (await isReady) return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
  await stop();
  throw new Error(`PostgreSQL did not start: ${said}`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
