// One at a time: a lock file that names its holder, so that a killed holder blocks nobody.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const POLL_MS = 200;

/** Runs `work` while holding the lock file; waits for a holder that lives and takes over from one that does not. */
export async function exclusively<T>(lockFile: string, onWait: (holderPid: number) => void, work: () => Promise<T>): Promise<T> {
  const self = identify(process.pid);
  if (!self) throw new Error('this process is not in /proc; the lab needs a Linux with /proc mounted');
  mkdirSync(dirname(lockFile), { recursive: true });
  let told = false;
  while (!tryTake(lockFile, self)) {
    const holder = readHolder(lockFile);
    if (holder && !isAlive(holder)) clearAway(lockFile, holder, self);
    else {
      if (holder && !told) onWait(holder.pid);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** A link appears whole or not at all, so nobody reads half a lock. */
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

/** Moves a dead holder's lock aside. Another waiter may have done so and taken the lock since: then what was moved is theirs and goes back. */
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
