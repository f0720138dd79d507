// Runs one part of the gate in its own process group, writes its output to a log, and counts results.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Count } from './test-count.ts';
import { fileName, type Part, type Place } from './test-parts.ts';

/** Lines printed of a failing part; the rest is in its log. */
const TAIL_LINES = 60;
/** Time to clean up between SIGTERM and SIGKILL. */
const GRACE_MS = 10_000;

export interface Ran extends Count {
  name: string;
  seconds: number;
  /** Reason of a failure that its counts do not show: not started, timed out, interrupted. Empty otherwise. */
  reason: string;
  /** End of the log, for a part that failed. */
  tail: string;
}

/** Never throws: an error that keeps a part from running is a failure of that part. `stop` ends it early. */
export async function runPart(part: Part, { root, logs }: Pick<Place, 'root' | 'logs'>, stop: AbortSignal): Promise<Ran> {
  const began = Date.now();
  const log = join(logs, `${fileName(part.name)}.log`);
  const { code, reason } = await finished(part, part.cwd ?? root, log, stop);
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const counted = judged(part, code, reason, text);
  const tail = counted.failed > 0 ? text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n') : '';
  return { name: part.name, seconds: (Date.now() - began) / 1000, tail, ...counted };
}

/** Counts of a part that ended. One with an exit code other than 0, or without a counted test, has failed whatever its results are. */
export function judged(
  { count, results }: Pick<Part, 'count' | 'results'>,
  code: number,
  reason: string,
  log: string,
): Count & { reason: string } {
  const ended = code === 0 ? 0 : 1;
  if (!count) return { passed: 1 - ended, failed: ended, skipped: [], reason };
  try {
    const counted = count(results === undefined ? log : readFileSync(results, 'utf8'));
    const nothing = counted.passed + counted.failed === 0;
    if (counted.failed > 0 || (ended === 0 && !nothing)) return { ...counted, reason };
    return { ...counted, failed: 1, reason: reason || (nothing ? 'no test ran' : `exit code ${code} although no test failed`) };
  } catch (error) {
    return { passed: 0, failed: 1, skipped: [], reason: reason || `unreadable results: ${String(error)}` };
  }
}

function finished(
  { argv: [program = '', ...argv], env, timeoutMs }: Part,
  cwd: string,
  log: string,
  stop: AbortSignal,
): Promise<{ code: number; reason: string }> {
  if (stop.aborted) return Promise.resolve({ code: 1, reason: 'interrupted' });
  const file = openSync(log, 'w');
  // `detached`: its own process group, so that everything the part started ends with it.
  const child = spawn(program, argv, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', file, file], detached: true });
  return new Promise((done) => {
    let reason = '';
    const end = (cause: string): void => {
      reason ||= cause;
      signalGroup(child.pid, 'SIGTERM');
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
    };
    const interrupt = (): void => end('interrupted');
    const late = setTimeout(() => end(`timed out after ${timeoutMs / 60_000} minutes`), timeoutMs);
    stop.addEventListener('abort', interrupt, { once: true });
    const settle = (code: number): void => {
      clearTimeout(late);
      stop.removeEventListener('abort', interrupt);
      closeSync(file);
      done({ code, reason });
    };
    child.once('error', (error) => {
      reason ||= `${program} does not start: ${error.message}`;
      settle(127);
    });
    child.once('exit', (code) => settle(reason === '' ? (code ?? 1) : 1));
  });
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group has already ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
