// Execution traces are read by the Go tool, which makes a profile of each kind of wait. Go must be in PATH.
import { spawn } from 'node:child_process';
import { size as sizeText } from '../../verdict/wording/index.ts';
import { together, UnreadableEvidence, type Analysis } from '../../analysis/analysis.ts';
import { describeProfile } from '../../analysis/profile/describe.ts';
import { readProfile } from '../../analysis/profile/read.ts';

/** Waits as `go tool trace -pprof` names them. */
const WAITS = {
  net: 'network wait',
  sync: 'channel and lock wait',
  syscall: 'system calls',
  sched: 'scheduler latency',
} as const;
/** Go reads 10 MB of a trace per second: 26 s for the limit of 256 MB, and up to four times that on a busy machine. */
const READ_TIMEOUT_MS = 120_000;
/** Above the size of a profile of 64 busy cores. */
const PROFILE_LIMIT_BYTES = 64 * 1024 * 1024;

interface Bounds {
  /** Path of the go command. */
  go: string;
  timeoutMs: number;
  limitBytes: number;
}

/** True for a trace of `runtime/trace`, by its first bytes (not gzipped). */
export const isExecutionTrace = (head: Uint8Array): boolean => /^go 1\.\d+ trace\0/u.test(String.fromCharCode(...head.subarray(0, 16)));

/**
 * Four profiles of a trace as one analysis. The file must not be gzipped. Throws UnreadableEvidence if Go is missing, cannot read the trace,
 * or exceeds a bound.
 */
export async function profileOfTrace(
  file: string,
  { go = 'go', timeoutMs = READ_TIMEOUT_MS, limitBytes = PROFILE_LIMIT_BYTES }: Partial<Bounds> = {},
): Promise<Analysis> {
  const analyses: Analysis[] = [];
  for (const [wait, title] of Object.entries(WAITS)) {
    const analysis = describeProfile(readProfile(await goToolTrace(wait, file, { go, timeoutMs, limitBytes })));
    analyses.push({
      ...analysis,
      facts: analysis.facts.map((fact) => ({ ...fact, subject: title })),
      tables: analysis.tables
        .filter(({ rows }) => rows.length > 0)
        .map((table) => ({ ...table, title: `${title}: ${table.title.toLowerCase()}` })),
    });
  }
  return together(analyses);
}

function goToolTrace(wait: string, file: string, { go, timeoutMs, limitBytes }: Bounds): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(go, ['tool', 'trace', `-pprof=${wait}`, file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const refuse = (message: string, hint: string): void => {
      clearTimeout(timer);
      child.kill();
      reject(new UnreadableEvidence(message, 'byte 0', hint));
    };
    const timer = setTimeout(() => refuse(`go tool trace timed out after ${timeoutMs / 1_000} s`, SHORTER), timeoutMs);
    const chunks: Buffer[] = [];
    let size = 0;
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else refuse(`the output of go tool trace is larger than ${sizeText(limitBytes)}`, SHORTER);
    });
    child.stderr.on('data', (chunk: Buffer) => (errors += errors.length < 2_000 ? chunk.toString() : ''));
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT'
        ? refuse('this is an execution trace, which needs go in PATH', 'install Go')
        : refuse(`this is an execution trace, and go cannot be started (${error.code})`, 'fix the go command in PATH'),
    );
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const lastLine = errors.trim().split('\n').at(-1) ?? '';
      if (code === 0 && size > 0) resolve(Buffer.concat(chunks));
      else if (code === 0) refuse('go tool trace made no profile', RECORD_AGAIN);
      else if (signal !== null) refuse(`go tool trace was terminated by ${signal}`, SHORTER);
      else if (lastLine === '') refuse(`go tool trace failed without a message (exit ${code})`, RECORD_AGAIN);
      else refuse(`go tool trace failed: ${lastLine}`, RECORD_AGAIN);
    });
  });
}

const SHORTER = 'record a shorter trace';
const RECORD_AGAIN = 'record it again with the same Go version';
