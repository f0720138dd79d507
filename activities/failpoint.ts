// Places at which a crash test lets a worker die. Without TMINUS_FAILPOINTS they do nothing.
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Each effect before and after its write, and the middle of the load test. */
export type Failpoint =
  | 'launch.before-write'
  | 'launch.after-write'
  | 'rollback.before-write'
  | 'rollback.after-write'
  | 'load-test.running'
  | 'guard.sample.before'
  | 'guard.sample.after'
  | 'guard.store.before'
  | 'guard.store.after';

/**
 * Kills this process with SIGKILL when the folder `TMINUS_FAILPOINTS` holds a file of this name: no cleanup, no heartbeat, as a machine
 * would die. The file is removed first, so that it happens once for each time it is made, and a worker started again goes on.
 */
export function failpoint(name: Failpoint): void {
  const folder = process.env['TMINUS_FAILPOINTS'];
  if (folder !== undefined && taken(join(folder, name))) process.kill(process.pid, 'SIGKILL');
}

function taken(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
