// `node workers/temporal-main.ts`: the local Temporal server as a process. TMINUS_TOOL_TEMPORAL_SERVER names the program. Without TEMPORAL_ADDRESS it
// takes a free port, the one of its last start if it can, so that no two installations on a machine share a server by chance.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { DIE_WITH_PARENT } from '../activities/die-with-parent.ts';
import { replaceFile } from '../activities/replace-file.ts';
import { freeFrontendPort, takenPorts, writeTemporalConfig } from './temporal-server.ts';

const POLL_MS = 200;
const CONNECT_TIMEOUT = '2s';
/** A server that was killed releases its ports within milliseconds. */
const PORTS_FREE_TIMEOUT_MS = 5_000;
/** In a container process ids begin at 1; Linux gives none above 4,194,304. */
const PIDS: Range = [1, 4_194_304];
/** Ports below 1024 belong to root. */
const PORTS: Range = [1_024, 65_535];
const folder = resolve(process.env['TMINUS_HOME'] ?? '.tminus', 'temporal');
const portFile = join(folder, 'port');
const pidFile = join(folder, 'pid');

mkdirSync(folder, { recursive: true });
refuseSecond();
const program = process.env['TMINUS_TOOL_TEMPORAL_SERVER'] ?? 'temporal-server';
if (!isFound(program))
  refuse(
    `${program} not found; \`export TMINUS_TOOL_TEMPORAL_SERVER=$(./scripts/lab tool temporal)\` builds one, ` +
      `and \`tminus dev --temporal ADDRESS\` needs none`,
  );
const address = process.env['TEMPORAL_ADDRESS'];
const port = address ? Number(address.split(':').at(-1)) : await choosePort();
if (!(await becomesFree(port))) refuse(`port ${port} of 127.0.0.1, or one derived from it, is in use by another program`);
await replaceFile(portFile, `${port}\n`);
await replaceFile(pidFile, `${process.pid}\n`);

const argv = [program, '--config-file', writeTemporalConfig({ folder, port }), '--allow-no-auth', 'start'];
const server = spawn('/bin/sh', ['-c', DIE_WITH_PARENT, 'temporal', ...argv], { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
server.once('error', (error) => refuse(`cannot start ${program}: ${error.message}`));
server.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));
// A server that cannot start ends this process, so whoever answers is ours: its ports were free.
while (!(await serves())) await pause(POLL_MS);
process.stdout.write(`temporal ready at 127.0.0.1:${port}\n`);

/** Two servers on one database would damage it. */
function refuseSecond(): void {
  const pid = numberIn(pidFile, PIDS);
  if (pid === null || pid === process.pid || !commandOf(pid).includes('temporal-main')) return;
  refuse(
    `a Temporal server of ${folder} is already running (pid ${pid}, 127.0.0.1:${numberIn(portFile, PORTS) ?? 'unknown'}); end it, ` +
      `or use it with \`tminus dev --temporal ADDRESS\``,
  );
}

/** Empty where no such process runs. */
function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

function isFound(name: string): boolean {
  const places = name.includes('/') ? [name] : (process.env['PATH'] ?? '').split(':').map((place) => join(place, name));
  return places.some((place) => existsSync(place));
}

async function choosePort(): Promise<number> {
  const last = numberIn(portFile, PORTS);
  if (last !== null && (await becomesFree(last))) return last;
  return (
    (await freeFrontendPort()) ??
    refuse('no free port for a Temporal server from 7233 on; stop one, or use a running one with `tminus dev --temporal ADDRESS`')
  );
}

async function becomesFree(frontend: number): Promise<boolean> {
  const deadline = performance.now() + PORTS_FREE_TIMEOUT_MS;
  while ((await takenPorts(frontend)).length > 0) {
    if (performance.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}

type Range = readonly [least: number, most: number];

/** The number in a file; null where it has none within the range: a kill may have left it empty. */
function numberIn(file: string, [least, most]: Range): number | null {
  const number = existsSync(file) ? Number(readFileSync(file, 'utf8')) : NaN;
  return Number.isInteger(number) && number >= least && number <= most ? number : null;
}

/** Its port answers some seconds before its services do. */
async function serves(): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: CONNECT_TIMEOUT });
    await connection.close();
    return true;
  } catch {
    return false;
  }
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
