// Runs one part of the gate in a process group of its own, writes what it says to a log, and counts.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Count } from './test-count.ts';
import { fileName, type Part, type Place } from './test-parts.ts';

/** A failing part shows this much; the rest is in its log. */
const TAIL_LINES = 60;
/** What a part gets to clean up in before it is ended for good. */
const GRACE_MS = 10_000;

export interface Ran extends Count {
  name: string;
  seconds: number;
  /** Why it failed when its counts do not say it: it could not start, was too slow, was interrupted. Empty otherwise. */
  why: string;
  /** End of the log, for a part that failed. */
  tail: string;
}

/** Never throws: whatever keeps a part from running is a failure of that part. `stop` ends it early. */
export async function runPart(part: Part, { root, logs }: Pick<Place, 'root' | 'logs'>, stop: AbortSignal): Promise<Ran> {
  const began = Date.now();
  const log = join(logs, `${fileName(part.name)}.log`);
  const { code, why } = await finished(part, part.cwd ?? root, log, stop);
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  const counted = judged(part, code, why, text);
  const tail = counted.failed > 0 ? text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n') : '';
  return { name: part.name, seconds: (Date.now() - began) / 1000, tail, ...counted };
}

/** Counts of a part that ended. One that ended badly, or that counted nothing at all, has failed whatever its results say. */
export function judged(
  { count, results }: Pick<Part, 'count' | 'results'>,
  code: number,
  why: string,
  log: string,
): Count & { why: string } {
  const ended = code === 0 ? 0 : 1;
  if (!count) return { passed: 1 - ended, failed: ended, skipped: [], why };
  try {
    const counted = count(results === undefined ? log : readFileSync(results, 'utf8'));
    const nothing = counted.passed + counted.failed === 0;
    if (counted.failed > 0 || (ended === 0 && !nothing)) return { ...counted, why };
    return { ...counted, failed: 1, why: why || (nothing ? 'it ran no test' : `it ended with ${code} though no test failed`) };
  } catch (error) {
    return { passed: 0, failed: 1, skipped: [], why: why || `its results cannot be read: ${String(error)}` };
  }
}

function finished(
  { argv: [program = '', ...argv], env, timeoutMs }: Part,
  cwd: string,
  log: string,
  stop: AbortSignal,
): Promise<{ code: number; why: string }> {
  if (stop.aborted) return Promise.resolve({ code: 1, why: 'interrupted' });
  const file = openSync(log, 'w');
  // `detached`: a group of its own, so that everything the part started ends with it.
  const child = spawn(program, argv, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', file, file], detached: true });
  return new Promise((done) => {
    let why = '';
    const end = (reason: string): void => {
      why ||= reason;
      signalGroup(child.pid, 'SIGTERM');
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
    };
    const interrupt = (): void => end('interrupted');
    const late = setTimeout(() => end(`it did not end within ${timeoutMs / 60_000} minutes`), timeoutMs);
    stop.addEventListener('abort', interrupt, { once: true });
    const settle = (code: number): void => {
      clearTimeout(late);
      stop.removeEventListener('abort', interrupt);
      closeSync(file);
      done({ code, why });
    };
    child.once('error', (error) => {
      why ||= `${program} cannot be started: ${error.message}`;
      settle(127);
    });
    child.once('exit', (code) => settle(why === '' ? (code ?? 1) : 1));
  });
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group has ended in the meantime: what was asked for has happened.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
