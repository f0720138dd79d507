// `node workers/temporal-main.ts`: the local Temporal server as a process. TMINUS_TOOL_TEMPORAL_SERVER names the program.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { writeTemporalConfig } from './temporal-server.ts';

const port = Number(process.env['TEMPORAL_ADDRESS']?.split(':').at(-1) ?? 7233);
const config = writeTemporalConfig({ folder: resolve(process.env['TMINUS_HOME'] ?? '.tminus', 'temporal'), port });
const program = process.env['TMINUS_TOOL_TEMPORAL_SERVER'] ?? 'temporal-server';
const server = spawn(program, ['--config-file', config, '--allow-no-auth', 'start'], { stdio: 'inherit' });
server.once('error', (error) => {
  const why = 'code' in error && error.code === 'ENOENT' ? `there is no program ${program}` : `cannot start ${program}: ${error.message}`;
  process.stderr.write(
    `${why}; \`export TMINUS_TOOL_TEMPORAL_SERVER=$(./scripts/lab tool temporal)\` builds and names one, and \`tminus dev --temporal ADDRESS\` needs none\n`,
  );
  process.exit(2);
});
server.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));
