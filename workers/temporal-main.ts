// `node workers/temporal-main.ts`: the local Temporal server as a process. TMINUS_TOOL_TEMPORAL_SERVER names the program. Without TEMPORAL_ADDRESS it
// takes a free port, the one of its last start if it can, so that no two installations on a machine share a server by chance.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, resolve } from 'node:path';
import { freeFrontendPort, writeTemporalConfig } from './temporal-server.ts';

const POLL_MS = 200;
const folder = resolve(process.env['TMINUS_HOME'] ?? '.tminus', 'temporal');
const portFile = join(folder, 'port');

const port = process.env['TEMPORAL_ADDRESS'] ? Number(process.env['TEMPORAL_ADDRESS'].split(':').at(-1)) : await choosePort();
const config = writeTemporalConfig({ folder, port });
writeFileSync(portFile, `${port}\n`);
const program = process.env['TMINUS_TOOL_TEMPORAL_SERVER'] ?? 'temporal-server';
const server = spawn(program, ['--config-file', config, '--allow-no-auth', 'start'], { stdio: 'inherit' });
server.once('error', (error) => {
  const why = 'code' in error && error.code === 'ENOENT' ? `${program} not found` : `cannot start ${program}: ${error.message}`;
  refuse(
    `${why}; \`export TMINUS_TOOL_TEMPORAL_SERVER=$(./scripts/lab tool temporal)\` builds and names one, and \`tminus dev --temporal ADDRESS\` needs none`,
  );
});
server.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));
while (!(await answers())) await new Promise((again) => setTimeout(again, POLL_MS));
process.stdout.write(`temporal ready at 127.0.0.1:${port}\n`);

async function choosePort(): Promise<number> {
  const last = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : null;
  return (
    (await freeFrontendPort(last)) ??
    refuse('no port from 7233 on is free for a Temporal server; stop one, or name one that runs with `tminus dev --temporal ADDRESS`')
  );
}

function answers(): Promise<boolean> {
  return new Promise((done) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('error', () => done(false));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
  });
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
