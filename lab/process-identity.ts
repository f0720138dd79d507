// Which process is meant. A pid alone is reused; a pid, its start time and the boot it was started in are not.
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot at which the kernel started it: field 22 of /proc/PID/stat. */
  startTicks: string;
  /** /proc/sys/kernel/random/boot_id. */
  bootId: string;
}

/** Where the kernel tells of processes; another root only in tests. */
const PROC = '/proc';

/** Start time and state as /proc/PID/stat has them. The command name may hold blanks and brackets, so fields are counted after its last `)`. */
export function parseStat(stat: string): { state: string; startTicks: string } {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (state === undefined || startTicks === undefined) throw new Error(`/proc/PID/stat has an unknown form: ${stat}`);
  return { state, startTicks };
}

/** The identity of a process that runs now; undefined when there is none. A zombie has ended. */
export function identify(pid: number, proc = PROC): ProcessIdentity | undefined {
  const stat = readUnlessGone(`${proc}/${pid}/stat`);
  if (stat === undefined) return undefined;
  const { state, startTicks } = parseStat(stat);
  if (state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks, bootId: readFileSync(`${proc}/sys/kernel/random/boot_id`, 'utf8').trim() };
}

/** True while exactly this process runs; false for another one that got its pid. */
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

/** Waits until the process has ended; false when it still runs after `patienceMs`. */
export async function waitUntilEnded(identity: ProcessIdentity, patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return true;
}

/** Ends exactly this process: `signal`, and SIGKILL when it has not ended after `patienceMs`. */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, patienceMs: number): Promise<void> {
  if (!signalProcess(identity, signal)) return;
  if (await waitUntilEnded(identity, patienceMs)) return;
  signalProcess(identity, 'SIGKILL');
  if (!(await waitUntilEnded(identity, patienceMs)))
    throw new Error(`process ${identity.pid} does not end, not even by SIGKILL; it may hang in the kernel`);
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
