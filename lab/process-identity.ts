// Identity of a process. The kernel reuses pids; a pid with its start time and boot id is unique.
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot at which the kernel started it: field 22 of /proc/PID/stat. */
  startTicks: string;
  /** /proc/sys/kernel/random/boot_id. */
  bootId: string;
}

/** Another folder in tests. */
const PROC = '/proc';

/** Start time and state in /proc/PID/stat. The command name may contain blanks and parentheses, so fields are counted after the last `)`. */
export function parseStat(stat: string): { state: string; startTicks: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === undefined || startTicks === undefined) throw new Error(`/proc/PID/stat has an unknown form: ${stat}`);
  return { state, startTicks };
}

/** The identity of a running process; undefined when there is none. A zombie has ended. */
export function identify(pid: number, proc = PROC): ProcessIdentity | undefined {
  const stat = readUnlessGone(`${proc}/${pid}/stat`);
  if (stat === undefined) return undefined;
  const { state, startTicks } = parseStat(stat);
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks, bootId: readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8').trim() };
}

/** True while exactly this process runs; false for another one with the same pid. */
export function isAlive(identity: ProcessIdentity, proc = PROC): boolean {
  const now = identify(identity.pid, proc);
  return now !== undefined && now.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

/** Sends a signal to exactly this process. False when it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

const POLL_MS = 20;

/** Waits until the process has ended; false when it still runs after `timeoutMs`. */
export async function waitUntilEnded(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/** Ends exactly this process: `signal`, and SIGKILL when it has not ended after `timeoutMs`. */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (!signalProcess(identity, signal)) return;
  if (await waitUntilEnded(identity, timeoutMs)) return;
  signalProcess(identity, 'SIGKILL');
  if (!(await waitUntilEnded(identity, timeoutMs)))
    throw new Error(`process ${identity.pid} did not end after SIGKILL; it may hang in the kernel`);
}

function readUnlessGone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: the process ended between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
