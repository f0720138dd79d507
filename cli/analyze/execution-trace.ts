// Execution traces are read by the Go tool, which turns each kind of wait into an ordinary profile. Without Go in PATH it says so.
import { spawn } from 'node:child_process';
import { together, UnreadableEvidence, type Analysis } from '../../analysis/analysis.ts';
import { describeProfile } from '../../analysis/profile/describe.ts';
import { readProfile } from '../../analysis/profile/read.ts';

/** Waits as `go tool trace -pprof` names them. */
const WAITS = {
  net: 'waiting for the network',
  sync: 'waiting for channels and locks',
  syscall: 'in system calls',
  sched: 'ready and waiting to run',
} as const;
const READ_WITHIN_MS = 120_000;
const PROFILE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Four profiles of a trace, as one analysis. Throws UnreadableEvidence where Go is not at hand, or does not read the trace. */
export async function profileOfTrace(file: string): Promise<Analysis> {
  const analyses: Analysis[] = [];
  for (const [wait, title] of Object.entries(WAITS)) {
    const analysis = describeProfile(readProfile(await goToolTrace(wait, file)));
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

function goToolTrace(wait: string, file: string): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', ['tool', 'trace', `-pprof=${wait}`, file], { stdio: ['ignore', 'pipe', 'pipe'], timeout: READ_WITHIN_MS });
    const chunks: Buffer[] = [];
    let size = 0;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > PROFILE_LIMIT_BYTES) child.kill();
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => (said += said.length < 2_000 ? chunk.toString() : ''));
    child.once('error', () =>
      reject(
        new UnreadableEvidence('this is an execution trace, and go is not in PATH', 'byte 0', 'install Go: its own tool reads traces'),
      ),
    );
    child.once('close', (code) => {
      if (code === 0 && size > 0) resolve(Buffer.concat(chunks));
      else
        reject(
          new UnreadableEvidence(
            `go tool trace does not read it: ${said.trim().split('\n').at(-1) ?? `exit ${code}`}`,
            'byte 0',
            'record it again with the same Go version',
          ),
        );
    });
  });
}
