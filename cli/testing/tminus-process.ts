// Runs the command line as a process, without variables of this environment that would change its output.
import { spawn, type ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

const bin = resolve(import.meta.dirname, '../bin.ts');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  stdout(): string;
  done: Promise<Ran>;
}

export interface RunOptions {
  server?: string;
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string;
}

/** A server that does not run: port 6 is not assigned. */
export const UNREACHABLE = 'http://127.0.0.1:6';

export function startTminus(argv: readonly string[], { server = UNREACHABLE, env = {}, cwd, stdin = '' }: RunOptions = {}): Running {
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: homedir(),
      LANG: 'C.UTF-8',
      TZ: 'UTC',
      TMINUS_TOKEN: 'a-token',
      TMINUS_SERVER: server,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  return { child, stdout: () => stdout, done: new Promise((done) => child.once('close', (code) => done({ code, stdout, stderr }))) };
}

export const tminus = (argv: readonly string[], options: RunOptions = {}): Promise<Ran> => startTminus(argv, options).done;
