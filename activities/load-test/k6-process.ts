// One k6 process that cannot outlive this one.
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

export interface K6Options {
  k6Path: string;
  /** The script to run; its folder is the working directory. */
  script: string;
  folder: string;
  /** Given to the script as `__ENV.TARGET`. */
  targetUrl: string;
}

export interface K6Ended {
  exitCode: number | null;
  signal: string | null;
  /** The last line it wrote to stderr; empty when none. */
  lastError: string;
}

export interface K6Process {
  pid: number;
  /** k6's NDJSON points. */
  points: Readable;
  /** Never rejects. */
  ended: Promise<K6Ended>;
  /** Asks it to end (SIGINT), and ends it with all it started 2 s later; resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends it at once. */
  kill(): void;
}

/** k6 hands on its last points within about 0.3 s of SIGINT; with this the whole stop stays below the 3 s it may take. */
const INTERRUPT_MS = 2_000;
/** What k6 needs of the environment; nothing else of the worker's (credentials, K6_* options) reaches the script. */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
/** A sentence, not a stack. */
const LAST_ERROR_CHARACTERS = 500;

/**
 * Becomes k6, and leaves behind a watcher that waits for the end of stdin: the worker holds its other end, so when the worker is gone,
 * however it went, the watcher ends the whole process group. Works wherever there is a POSIX shell (setpriv --pdeathsig is Linux only).
 */
const WATCHED = 'exec 3<&0 </dev/null; ( IFS= read -r _ <&3; kill -KILL 0 ) >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** Starts k6 in a process group of its own. A k6 that cannot be started ends at once with exit code 127 and says why in `lastError`. */
export function startK6({ k6Path, script, folder, targetUrl }: K6Options): K6Process {
  const argv = ['run', '--quiet', '--summary-mode=disabled', '--no-thresholds', '--no-usage-report', '--no-color', '--log-format', 'json'];
  // No REST API: it would listen on a port that two runs on one machine fight for.
  argv.push('--address', '', '--include-system-env-vars=false', '-e', `TARGET=${targetUrl}`, '--out', 'json=-', script);
  const env = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = spawn('/bin/sh', ['-c', WATCHED, 'k6', k6Path, ...argv], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let lastError = '';
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(-10_000);
    lastError = lines.findLast((line) => line.trim() !== '') ?? lastError;
  });
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
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, lastError: sentenceOf(rest.trim() === '' ? lastError : rest) }));
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
      const killLate = wait(INTERRUPT_MS, undefined, { signal: late.signal }).then(kill, () => undefined);
      await ended;
      late.abort();
      await killLate;
    },
  };
}

/** k6 logs JSON here: `{"level":"error","msg":"...","error":"..."}`; a line of the shell is taken as it is. */
function sentenceOf(line: string): string {
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
