// Places at which a crash test lets a worker die. Without TMINUS_FAILPOINT they do nothing.
import { closeSync, openSync } from 'node:fs';

/** Each effect before and after its write, and the middle of the load test. */
export type Failpoint =
  | 'launch.before-write'
  | 'launch.after-write'
  | 'rollback.before-write'
  | 'rollback.after-write'
  | 'load-test.running';

/**
 * Kills this process with SIGKILL when `TMINUS_FAILPOINT` names this point: no cleanup, no heartbeat, as a machine would die.
 * With `TMINUS_FAILPOINT_ONCE=<file>` it happens once: the file is made first, and a worker started again finds it and goes on.
 */
export function failpoint(name: Failpoint): void {
  if (process.env['TMINUS_FAILPOINT'] !== name) return;
  const marker = process.env['TMINUS_FAILPOINT_ONCE'];
  if (marker !== undefined && !firstTime(marker)) return;
  process.kill(process.pid, 'SIGKILL');
}

function firstTime(marker: string): boolean {
  try {
    closeSync(openSync(marker, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
