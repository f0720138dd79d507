// Work of a set-up as jobs that run side by side, and what each took.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import pMap from 'p-map';

export interface Job {
  name: string;
  /** Expected CPU seconds: the longest job starts first. */
  cpuSeconds: number;
  /** Answers the CPU seconds it took. Ends early when `stop` is aborted. */
  work: (stop: AbortSignal) => Promise<number>;
}

/** One row of the table by part. */
export interface Part {
  name: string;
  wallSeconds: number;
  /** User and system time of the programs it ran. */
  cpuSeconds: number;
}

/** The linker of a Kubernetes server takes about 1.5 GiB while the compilers of another build take as much again. */
const GIB_PER_BUILD = 3;
const GIB = 2 ** 30;

/**
 * Builds that run at once. One per core: a build uses all cores while it compiles, but only one while it links and in the narrow parts of its
 * dependency graph. Fewer where memory is short.
 */
export function buildsAtOnce(availableBytes = process.availableMemory(), cores = availableParallelism()): number {
  return Math.max(1, Math.min(cores, Math.floor(availableBytes / GIB / GIB_PER_BUILD)));
}

/** Runs all jobs, at most `atOnce` at a time. The first failure stops the others, is thrown after they have ended, and starts no more. */
export async function sideBySide(jobs: Job[], atOnce: number): Promise<Part[]> {
  const stop = new AbortController();
  let failure: Error | undefined;
  const parts: Part[] = [];
  const longestFirst = jobs.toSorted((a, b) => b.cpuSeconds - a.cpuSeconds);
  await pMap(
    longestFirst,
    async ({ name, work }) => {
      if (stop.signal.aborted) return;
      const began = Date.now();
      try {
        const cpuSeconds = await work(stop.signal);
        parts.push({ name, wallSeconds: (Date.now() - began) / 1000, cpuSeconds });
      } catch (error) {
        failure ??= error as Error;
        stop.abort();
      }
    },
    { concurrency: atOnce },
  );
  if (failure) throw failure;
  return parts;
}

/** Runs work that is not compiled by a job of its own; its CPU seconds are those of the programs that ended meanwhile. */
export async function measured<T>(name: string, work: () => Promise<T>): Promise<[T, Part]> {
  const began = Date.now();
  const cpuBefore = endedChildrenCpuSeconds();
  const result = await work();
  return [result, { name, wallSeconds: (Date.now() - began) / 1000, cpuSeconds: endedChildrenCpuSeconds() - cpuBefore }];
}

/** Linux counts time in /proc in hundredths of a second on all its platforms. */
const TICKS_PER_SECOND = 100;

/** User and system time of this process's ended children: fields 16 and 17 of proc(5) stat, counted behind the name in parentheses. */
function endedChildrenCpuSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** Lines of the table: part, wall seconds, CPU seconds; the sum of CPU seconds, and the wall seconds of all parts together. */
export function partsTable(parts: Part[], wallSeconds: number): string[] {
  const row = (name: string, wall: string, cpu: string): string => `set-up  ${name.padEnd(28)} ${wall.padStart(8)} ${cpu.padStart(8)}`;
  const whole = { name: 'all (parts overlap)', wallSeconds, cpuSeconds: parts.reduce((sum, part) => sum + part.cpuSeconds, 0) };
  return [
    row('part', 'wall s', 'CPU s'),
    ...[...parts, whole].map((part) => row(part.name, part.wallSeconds.toFixed(0), part.cpuSeconds.toFixed(0))),
  ];
}
