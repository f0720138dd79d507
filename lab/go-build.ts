// Runs `go build` for tools and images, and measures the CPU time it took.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export interface GoBuild {
  /** Subject of error messages: `kubernetes 1.35.8`. */
  title: string;
  /** Folder of the Go module. */
  module: string;
  packages: string[];
  /** A file for one package, a folder for several; without it the packages are only compiled into Go's cache. */
  output?: string;
  /** Linker flags `-X package.variable=value`. */
  stamps?: string[];
  env?: Record<string, string>;
  /** Folder for Go's temporary files, which a killed build leaves behind; Go's own when left out. */
  temporary?: string;
  /** File for what the compiler prints; it is kept when the build fails. */
  log: string;
  /** Ends the build early. */
  stop?: AbortSignal;
}

/**
 * No debugger is used here, and the linker drops DWARF anyway: without it etcd takes 96 CPU seconds instead of 120. One set of flags for all
 * builds, so that they share the compiled standard library.
 */
export const GO_FLAGS = ['-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false'];

export const GO_SETTINGS = { GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };

/** Of the compiler's own garbage collector: etcd takes 113 instead of 120 CPU seconds, its largest process 424 instead of 393 MB. */
const COMPILER_GOGC = '400';
const LOG_TAIL_LINES = 20;

/** `times` prints the CPU time of ended children, which Node does not report. SIGTERM, because sh makes what runs beside it ignore SIGINT. */
const MEASURED = `trap 'stopped=1; kill "$go"' TERM
"$@" 3>&- &
go=$!
wait "$go"
code=$?
[ -z "$stopped" ] || wait "$go"
times >&3
exit "$code"`;

/** Builds, and answers the CPU seconds (user and system) of compiler and linker. Throws with the end of the log when it fails. */
export async function goBuild({ title, module, packages, output, stamps = [], env, temporary, log, stop }: GoBuild): Promise<number> {
  if (stop?.aborted) throw new Error(`the build of ${title} was stopped`);
  const linker = ['-s', '-w', ...stamps.map((stamp) => `-X ${stamp}`)].join(' ');
  const argv = ['go', 'build', ...GO_FLAGS, '-ldflags', linker, ...(output === undefined ? [] : ['-o', output]), ...packages];
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const child = spawn('sh', ['-c', MEASURED, 'sh', ...argv], {
    cwd: module,
    env: { GOGC: COMPILER_GOGC, ...process.env, ...GO_SETTINGS, ...env, ...(temporary === undefined ? {} : { GOTMPDIR: temporary }) },
    stdio: ['ignore', file, file, 'pipe'],
  });
  closeSync(file);
  const interrupt = (): boolean => child.kill('SIGTERM');
  stop?.addEventListener('abort', interrupt, { once: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  try {
    const [code, times] = await Promise.all([ended, text(child.stdio[3] as Readable)]);
    if (stop?.aborted) throw new Error(`the build of ${title} was stopped`);
    if (code !== 0) throw new Error(`go build of ${title} failed with exit code ${code}; the whole log is ${log}\n${tail(log)}`);
    rmSync(log);
    return cpuSecondsOf(times);
  } finally {
    stop?.removeEventListener('abort', interrupt);
  }
}

/** Second line of `times` in sh: user and system time of children, as `1m2.345s`. */
export function cpuSecondsOf(times: string): number {
  const children = times.trim().split('\n').at(-1) ?? '';
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
