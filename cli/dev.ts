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
/** After this time a start was successful, and the restart counter is reset. */
const STABLE_MS = 60_000;

/** Default path, written by `init`. */
export const ENVIRONMENT_FILE = '.tminus/environment.yaml';

const root = resolve(import.meta.dirname, '..');

const EXAMPLES: Examples = [
  ['with .tminus/environment.yaml', 'tminus dev'],
  ['another environment file and port', 'tminus dev --environment lab.yaml --port 7481'],
  ['with a running Temporal server', 'tminus dev --temporal 127.0.0.1:7233'],
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
    // On a laptop the code just started becomes the current version, even if it is older.
    TMINUS_MAKE_CURRENT: '1',
  };
  const stopping = new AbortController();
  const running: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    stopping.abort();
    for (const part of running.reverse()) await part.stop();
  };
  const stopRequested = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  try {
    if (options.temporal) env['TEMPORAL_ADDRESS'] = options.temporal;
    else {
      // The server must choose its own free port.
      delete env['TEMPORAL_ADDRESS'];
      const temporal = await supervise(nodePart('temporal', 'workers/temporal-main.ts', 'temporal ready at '), env, stopping.signal);
      running.push(temporal);
      // A restarted server keeps this address.
      env['TEMPORAL_ADDRESS'] = temporal.readyLine.split(' ').at(-1);
    }
    // Two processes cannot share one metrics address; it is used for the server.
    const { TMINUS_METRICS_ADDRESS: _, ...workerEnv } = env;
    running.push(await supervise(nodePart('worker', 'workers/main.ts', 'worker ready'), workerEnv, stopping.signal));
    running.push(await supervise(nodePart('server', 'server/serve.ts', 'server ready: '), env, stopping.signal));
    const origin = options.temporal ? 'given by --temporal' : `started for ${env['TMINUS_HOME']}`;
    process.stdout.write(`temporal ${env['TEMPORAL_ADDRESS']}, namespace ${options.namespace}, ${origin}\n`);
    process.stdout.write(`page     http://127.0.0.1:${options.port}/\nCtrl-C stops everything; countdowns continue at the next start.\n`);
    await stopRequested;
  } finally {
    await stop();
  }
}

/** Validated once, before any process starts. */
async function assertEnvironment(file: string): Promise<void> {
  if (!existsSync(file))
    throw usageFailure(
      `environment file ${file} not found; it maps clusters, Prometheus and targets to addresses`,
      'create one with `tminus init`, or set --environment',
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
  const first = captureErrors(child);
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
        captureErrors(child).forward();
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
  // A part that is not ready is stopped: it would run on after this process exits.
  const readyLine = await ready(part, child, first.text).catch((error: unknown) => end().then(() => Promise.reject(error as Error)));
  first.forward();
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
function captureErrors(child: PartProcess): { text: () => string; forward: () => void } {
  let kept = '';
  let write = (chunk: string): unknown => (kept += chunk);
  child.stderr.on('data', (chunk: Buffer) => write(String(chunk)));
  return {
    text: () => kept,
    forward() {
      write = (chunk) => process.stderr.write(chunk);
      write(kept);
    },
  };
}

async function ready({ name, ready: text, readyTimeoutMs }: Part, child: PartProcess, errors: () => string): Promise<string> {
  // `close` comes after the last output, `exit` may not.
  const exited = new Promise<never>((_, fail) => child.once('close', (code) => fail(cannotStart(name, code, errors()))));
  const timedOut = new Promise<never>((_, fail) =>
    setTimeout(
      () =>
        fail(new CliFailure('CannotStart', `${name} was not ready within ${readyTimeoutMs / 1000} s`, errors().trim(), EXIT.unexpected)),
      readyTimeoutMs,
    ).unref(),
  );
  return Promise.race([untilPrinted(child, text), exited, timedOut]);
}

/** A part that exits with 2 has printed a message and a hint. */
function cannotStart(name: string, code: number | null, errors: string): CliFailure {
  if (code === EXIT.usage && errors.trim() !== '') return new CliFailure('CannotStart', errors.trim(), '', EXIT.usage);
  process.stderr.write(errors);
  return new CliFailure(
    'CannotStart',
    `${name} exited with ${code} before it was ready`,
    errors === '' ? '' : 'see its output above',
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
      // Closing the reader has paused the stream.
      stdout.resume();
      done(line);
    });
  });
}
