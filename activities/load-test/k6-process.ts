// One k6 process that cannot outlive this one, and that is given nothing of this one: another user, a few named variables, a folder of its own.
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

/** k6 hands on its last points within about 0.3 s of SIGINT; with this the whole stop stays below the 3 s it may take. */
const INTERRUPT_TIMEOUT_MS = 2_000;
/** What k6 needs of the environment; nothing else of the worker's (credentials, K6_* options, proxies) reaches it. */
const ENVIRONMENT = ['PATH', 'LANG', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** A message, not a stack. */
const LAST_ERROR_CHARACTERS = 500;
/** A script can print without end and never end a line. */
const MAX_LINE_CHARACTERS = 10_000;
/** Where the program is open in the shell that becomes it; 0 to 2 are its streams, 3 the shell's own. */
const PROGRAM_FD = 4;

/** Starts k6 in a process group of its own. A k6 that cannot be started ends at once with exit code 127 and says why in `lastError`. */
export function startK6(options: K6Options): K6Process & { pid: number } {
  const { k6Path, folder, user } = options;
  // Another user may not reach the program by its path (a home directory), but may run it once it is open.
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
      // Lets the watcher go: it ends the group, in which it is the last.
      child.stdin.destroy();
    });
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, lastError: messageOf(lastError()) }));
  });
  // The watcher may be gone before this end is closed; there is nothing to say to it.
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
  // No REST API: it would listen on a port that two runs on one machine fight for.
  argv.push('--address', '', '--include-system-env-vars=false', '-e', `TARGET=${targetUrl}`);
  // Options on the command line come last, after those of any other place.
  argv.push('--blacklist-ip', reach.blacklist.join(','), '--out', 'json=-', archive);
  return argv;
}

function environmentOf({ folder, reach }: K6Options): Record<string, string> {
  const kept = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  // Modules from the network are loaded past k6's blacklist, and nothing listens at a port 0.
  const proxy = `http://${NOWHERE}:0`;
  return {
    ...kept,
    HOME: folder,
    TMPDIR: folder,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: reach.noProxy.join(','),
    // Else a script that asks for an extension (`use k6 with k6/x/exec`) has another k6 downloaded and run.
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  };
}

/** The program, open for reading. Null where it is not found: the shell then says so in its own words. */
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

/** Reads a stream of text and answers its last line so far that is not blank. */
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

/** k6 logs JSON here: `{"level":"error","msg":"...","error":"..."}`; a line of the shell is taken as it is. */
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
