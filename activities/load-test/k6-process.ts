// A k6 process that cannot outlive this one and shares nothing with it: another user, a few listed variables, its own folder.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { closeSync, constants, accessSync, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { DIE_WITH_PARENT } from '../die-with-parent.ts';
import { NOWHERE, type Reach } from './k6-reach.ts';
import type { K6Ended, K6Process } from './k6-run.ts';
import type { K6User } from './k6-user.ts';

export interface K6Options {
  k6Path: string;
  /** Path of the archive, in `folder`. */
  archive: string;
  /** Working, home and temporary directory. */
  folder: string;
  /** Given to the script as `__ENV.TARGET`. */
  targetUrl: string;
  reach: Reach;
  /** Null: as this process. */
  user: K6User | null;
}

/** k6 writes its last points within about 0.3 s of SIGINT; a stop may take 3 s. */
const INTERRUPT_TIMEOUT_MS = 2_000;
/** Variables that k6 needs; no other variable of the worker (credentials, K6_* options, proxies) is passed on. */
const ENVIRONMENT = ['PATH', 'LANG', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** A message without its stack. */
const LAST_ERROR_CHARACTERS = 500;
/** A script can print an endless line. */
const MAX_LINE_CHARACTERS = 10_000;
/** File descriptor of the program in the shell that executes it; 0 to 2 are the standard streams, 3 belongs to the shell. */
const PROGRAM_FD = 4;

/** Starts k6 in its own process group. A failed start ends at once with exit code 127 and the reason in `lastError`. */
export function startK6(options: K6Options): K6Process & { pid: number } {
  const { k6Path, folder, user } = options;
  // Another user may have no access to the program's path (a home directory), but can execute an open file.
  const program = user === null ? null : openProgram(k6Path);
  const named = program === null ? k6Path : `/dev/fd/${PROGRAM_FD}`;
  const child = spawn('/bin/sh', ['-c', DIE_WITH_PARENT, 'k6', named, ...argvOf(options)], {
    cwd: folder,
    env: environmentOf(options),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', program ?? 'ignore'],
    ...user,
  }) as ChildProcessWithoutNullStreams;
  if (program !== null) closeSync(program);
  const lastError = lastLineOf(child.stderr);
  let gone = false;
  const ended = new Promise<K6Ended>((resolve) => {
    child.once('error', (cause) => {
      gone = true;
      resolve({ exitCode: 127, signal: null, lastError: cause.message });
    });
    child.once('exit', () => {
      gone = true;
      // Ends the watcher, the last process of the group.
      child.stdin.destroy();
    });
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, lastError: messageOf(lastError()) }));
  });
  // The watcher may exit before this end is closed.
  child.stdin.on('error', () => undefined);

  const signalTo = (id: number, signal: NodeJS.Signals): void => {
    if (gone) return;
    try {
      process.kill(id, signal);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
    }
  };
  const pid = child.pid ?? 0;
  const kill = (): void => void (pid > 0 && signalTo(-pid, 'SIGKILL'));
  return {
    pid,
    points: child.stdout,
    ended,
    kill,
    async stop() {
      if (pid > 0) signalTo(pid, 'SIGINT');
      const late = new AbortController();
      const killLate = wait(INTERRUPT_TIMEOUT_MS, undefined, { signal: late.signal }).then(kill, () => undefined);
      await ended;
      late.abort();
      await killLate;
    },
  };
}

function argvOf({ archive, targetUrl, reach }: K6Options): string[] {
  const argv = ['run', '--quiet', '--summary-mode=disabled', '--no-thresholds', '--no-usage-report', '--no-color', '--log-format', 'json'];
  // No REST API: two runs on one machine would need the same port.
  argv.push('--address', '', '--include-system-env-vars=false', '-e', `TARGET=${targetUrl}`);
  // Command-line options override all others.
  argv.push('--blacklist-ip', reach.blacklist.join(','), '--out', 'json=-', archive);
  return argv;
}

function environmentOf({ folder, reach }: K6Options): Record<string, string> {
  const kept = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  // k6 loads remote modules without checking its blacklist, so they go to a proxy that does not exist.
  const proxy = `http://${NOWHERE}:0`;
  return {
    ...kept,
    HOME: folder,
    TMPDIR: folder,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: reach.noProxy.join(','),
    // Otherwise a script with `use k6 with k6/x/exec` makes k6 download and run another binary.
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  };
}

/** The program, open for reading. Null when it is not found; the shell then reports it. */
function openProgram(k6Path: string): number | null {
  const candidates = k6Path.includes('/') ? [k6Path] : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, k6Path));
  for (const candidate of candidates) {
    try {
      accessSync(candidate, constants.X_OK);
      return openSync(candidate, 'r');
    } catch (cause) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    }
  }
  return null;
}

/** Reads a text stream; the function returns its last non-blank line so far. */
function lastLineOf(stream: Readable): () => string {
  let last = '';
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-MAX_LINE_CHARACTERS);
    last = lines.findLast((line) => line.trim() !== '') ?? last;
  });
  return () => (rest.trim() === '' ? last : rest);
}

/** The message in k6's JSON log line `{"level":"error","msg":"...","error":"..."}`; any other line unchanged. */
function messageOf(line: string): string {
  let text = line.trim();
  if (text.startsWith('{')) {
    try {
      const { msg, error } = JSON.parse(text) as { msg?: unknown; error?: unknown };
      text = [msg, error].filter((part) => typeof part === 'string').join(': ') || text;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
    }
  }
  return text.split('\n')[0]?.slice(0, LAST_ERROR_CHARACTERS) ?? '';
}
