// A lock file that records its holder, so that a killed holder blocks nobody.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const POLL_MS = 200;

/** Runs `work` while holding the lock file; waits while the holder runs, and takes the lock over from one that has ended. */
export async function exclusively<T>(lockFile: string, onWait: (holderPid: number) => void, work: () => Promise<T>): Promise<T> {
  const self = identify(process.pid);
  if (!self) throw new Error('this process is not in /proc; the lab needs Linux with /proc mounted');
  mkdirSync(dirname(lockFile), { recursive: true });
  let reported = false;
  while (!tryTake(lockFile, self)) {
    const holder = readHolder(lockFile);
    if (holder && !isAlive(holder)) clearAway(lockFile, holder, self);
    else {
      if (holder && !reported) onWait(holder.pid);
      reported = true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** A link is atomic, so no process reads a half-written lock. */
function tryTake(lockFile: string, self: ProcessIdentity): boolean {
  const draft = `${lockFile}.${self.pid}`;
  writeFileSync(draft, JSON.stringify(self));
  try {
    linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock of a holder that has ended. If another process took the lock in the meantime, its lock is put back. */
function clearAway(lockFile: string, dead: ProcessIdentity, self: ProcessIdentity): void {
  const aside = `${lockFile}.dead.${self.pid}`;
  try {
    renameSync(lockFile, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && (moved.pid !== dead.pid || moved.startTicks !== dead.startTicks)) linkSync(aside, lockFile);
  rmSync(aside, { force: true });
}

function readHolder(lockFile: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(lockFile, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
