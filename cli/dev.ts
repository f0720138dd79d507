// `tminus dev`: Temporal server, worker and HTTP server in one command, for a laptop. Each is a process, restarted when it exits.
import { examplesText, type Examples } from './help.ts';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { CliFailure, usageFailure } from './failure.ts';
import { readEnvironment } from './submission.ts';

interface DevOptions {
  environment: string;
  temporal?: string;
  namespace: string;
  port: string;
}

export interface Part {
  name: string;
  command: string;
  argv: string[];
  /** Ready when it has printed a line with this text. */
  ready: string;
  readyTimeoutMs: number;
}

type PartProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Room for a cold start on two busy cores: bundling workflows takes 2 to 4 s, SQLite set-up 6 s. */
const READY_TIMEOUT_MS = 60_000;
/** Prevents a restart loop of a part that exits at once. */
const RESTART_AFTER_MS = 1_000;
/** After this many exits in a row a restart does not help. */
const MAX_RESTARTS_IN_A_ROW = 20;
/** A part that ran this long started well; its next exit begins a new count. */
const STABLE_MS = 60_000;

/** Where `init` writes one and `dev` looks for it. */
export const ENVIRONMENT_FILE = '.tminus/environment.yaml';

const root = resolve(import.meta.dirname, '..');

const EXAMPLES: Examples = [
  ['with .tminus/environment.yaml', 'tminus dev'],
  ['another environment file and port', 'tminus dev --environment lab.yaml --port 7481'],
  ['with a Temporal server that runs already', 'tminus dev --temporal 127.0.0.1:7233'],
];

export function devCommand(program: Command): void {
  program
    .command('dev')
    .description('Run Temporal, a worker and the HTTP server on this machine')
    .option('--environment <file>', 'environment file: maps names to addresses', ENVIRONMENT_FILE)
    .option('--temporal <address>', 'Temporal server to use (default: start one on a free port)')
    .option('--namespace <name>', 'Temporal namespace', 'default')
    .option('--port <number>', 'port of the page and the API', '7480')
    .addHelpText('after', examplesText(EXAMPLES))
    .action(dev);
}

async function dev(options: DevOptions): Promise<void> {
  await assertEnvironment(options.environment);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TMINUS_HOME: resolve(process.env['TMINUS_HOME'] ?? '.tminus'),
    TMINUS_ENVIRONMENT: resolve(options.environment),
    TMINUS_PORT: options.port,
    TEMPORAL_NAMESPACE: options.namespace,
    // On a laptop the code that was just started is the one that is meant, also after going back to an older checkout.
    TMINUS_MAKE_CURRENT: '1',
  };
  const stopping = new AbortController();
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    stopping.abort();
    for (const part of running.reverse()) await part.stop();
  };
  const asked = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  try {
    if (options.temporal) env['TEMPORAL_ADDRESS'] = options.temporal;
    else {
      // Its own address must not be taken for one that was asked for.
      delete env['TEMPORAL_ADDRESS'];
      const temporal = await supervise(nodePart('temporal', 'workers/temporal-main.ts', 'temporal ready at '), env, stopping.signal);
      running.push(temporal);
      // One that is started again keeps its address: worker and server have it.
      env['TEMPORAL_ADDRESS'] = temporal.readyLine.split(' ').at(-1);
    }
    // One address serves the metrics of one process; here that is the server, which watches the watcher.
    const { TMINUS_METRICS_ADDRESS: _, ...workerEnv } = env;
    running.push(await supervise(nodePart('worker', 'workers/main.ts', 'worker ready'), workerEnv, stopping.signal));
    running.push(await supervise(nodePart('server', 'server/serve.ts', 'server ready: '), env, stopping.signal));
    const whose = options.temporal ? 'given by --temporal' : `started for ${env['TMINUS_HOME']}`;
    process.stdout.write(`temporal ${env['TEMPORAL_ADDRESS']}, namespace ${options.namespace}, ${whose}\n`);
    process.stdout.write(`page     http://127.0.0.1:${options.port}/\nCtrl-C stops everything; countdowns go on at the next start.\n`);
    await asked;
  } finally {
    await stop();
  }
}

/** Validated once, before any process starts. */
async function assertEnvironment(file: string): Promise<void> {
  if (!existsSync(file))
    throw usageFailure(
      `environment file ${file} not found; it maps clusters, Prometheus and targets to addresses`,
      '`tminus init` writes one to edit; --environment names another',
    );
  await readEnvironment(file);
}

const nodePart = (name: string, file: string, ready: string): Part => ({
  name,
  command: process.execPath,
  argv: [resolve(root, file)],
  ready,
  readyTimeoutMs: READY_TIMEOUT_MS,
});

/** Starts a part, waits until it is ready, and keeps it alive until stopped. `readyLine`: the first line with the text of `ready`. */
export async function supervise(
  part: Part,
  env: NodeJS.ProcessEnv,
  stopping: AbortSignal,
): Promise<{ stop(): Promise<void>; readyLine: string }> {
  let child = start(part, env);
  const first = heard(child);
  let exits = 0;
  const watch = (): void => {
    const startedMs = Date.now();
    child.once('exit', (code, signal) => {
      if (stopping.aborted) return;
      exits = Date.now() - startedMs > STABLE_MS ? 1 : exits + 1;
      if (exits > MAX_RESTARTS_IN_A_ROW) {
        process.stderr.write(`${part.name} exited ${exits} times in a row; not restarting\n`);
        return;
      }
      process.stderr.write(`${part.name} exited (${signal ?? `code ${code}`}); restarting\n`);
      setTimeout(() => {
        if (stopping.aborted) return;
        child = start(part, env);
        heard(child).passOn();
        process.stdout.write(`${part.name.padEnd(9)}started again, pid ${child.pid}\n`);
        watch();
      }, RESTART_AFTER_MS);
    });
  };
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
  };
  // Nobody could stop it afterwards.
  const readyLine = await ready(part, child, first.text).catch((error: unknown) => end().then(() => Promise.reject(error as Error)));
  first.passOn();
  process.stdout.write(`${part.name.padEnd(9)}ready, pid ${child.pid}\n`);
  watch();
  return { readyLine, stop: end };
}

function start({ command, argv, name }: Part, env: NodeJS.ProcessEnv): PartProcess {
  const child = spawn(command, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.on('error', (error) => process.stderr.write(`${name} cannot start: ${error.message}\n`));
  // A pipe that nobody reads fills up after 64 KiB, and the part then blocks in its next write.
  child.stdout.resume();
  return child;
}

/** Buffers stderr until the part is ready (it is the error message if the start fails), then forwards it. */
function heard(child: PartProcess): { text: () => string; passOn: () => void } {
  let kept = '';
  let write = (chunk: string): unknown => (kept += chunk);
  child.stderr.on('data', (chunk: Buffer) => write(String(chunk)));
  return {
    text: () => kept,
    passOn() {
      write = (chunk) => process.stderr.write(chunk);
      write(kept);
    },
  };
}

async function ready({ name, ready: text, readyTimeoutMs }: Part, child: PartProcess, said: () => string): Promise<string> {
  // `close` comes after the last output, `exit` may not.
  const died = new Promise<never>((_, fail) => child.once('close', (code) => fail(cannotStart(name, code, said()))));
  const late = new Promise<never>((_, fail) =>
    setTimeout(
      () => fail(new CliFailure('CannotStart', `${name} was not ready within ${readyTimeoutMs / 1000} s`, said().trim(), EXIT.unexpected)),
      readyTimeoutMs,
    ).unref(),
  );
  return Promise.race([untilPrinted(child, text), died, late]);
}

/** A part that exits with 2 has printed a message and a hint. */
function cannotStart(name: string, code: number | null, said: string): CliFailure {
  if (code === EXIT.usage && said.trim() !== '') return new CliFailure('CannotStart', said.trim(), '', EXIT.usage);
  process.stderr.write(said);
  return new CliFailure(
    'CannotStart',
    `${name} exited with ${code} before it was ready`,
    said === '' ? '' : 'see its output above',
    EXIT.unexpected,
  );
}

/** The first whole line with the text; what comes after it is discarded. */
function untilPrinted({ stdout }: PartProcess, text: string): Promise<string> {
  return new Promise((done) => {
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      if (!line.includes(text)) return;
      lines.close();
      // Closing has paused it.
      stdout.resume();
      done(line);
    });
  });
}
