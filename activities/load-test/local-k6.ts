// k6 on this machine: each run has its own folder, which is removed when k6 has exited.
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { k6Archive } from './k6-archive.ts';
import { startK6 } from './k6-process.ts';
import { resolveReach } from './k6-reach.ts';
import type { StartK6 } from './k6-run.ts';
import type { K6User } from './k6-user.ts';

const FOLDER_PREFIX = 'load-';
/** Longer than any step of a countdown. */
const ABANDONED_AFTER_MS = 7 * 86_400_000;
/** Other users can enter a subfolder whose name they know, but cannot list the folder. */
const TRAVERSABLE = 0o711;

export interface LocalK6 {
  /** Path of k6, or `k6` to find it on PATH. */
  k6Path: string;
  /** Contains the folders of runs. A separate user must be able to traverse its parents. */
  workFolder: string;
  user: K6User | null;
  /** `name` or `name:port` that scripts may connect to besides their target. */
  hosts: readonly string[];
}

/** Runs k6 as a local process. Rejects when the name of the target or of a host has no address, or the folder cannot be created. */
export function localK6({ k6Path, workFolder, user, hosts }: LocalK6): StartK6 {
  return async ({ script, stages, maxVus, targetUrl }) => {
    const reach = await resolveReach(targetUrl, hosts);
    await mkdir(workFolder, { recursive: true, mode: user === null ? 0o700 : TRAVERSABLE });
    await assertOurs(workFolder);
    // The umask may have removed bits.
    if (user !== null) await chmod(workFolder, TRAVERSABLE);
    await removeAbandoned(workFolder);
    const folder = await mkdtemp(join(workFolder, FOLDER_PREFIX));
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const archive = join(folder, 'load.tar');
      await writeFile(archive, await k6Archive({ script, stages, maxVus }, reach.hosts), { mode: 0o600 });
      if (user !== null) for (const path of [archive, folder]) await chown(path, user.uid, user.gid);
      const k6 = startK6({ k6Path, archive, folder, targetUrl, reach, user });
      const ended = k6.ended.then(async (how) => {
        // A later run removes what cannot be removed now; the exit code must be reported anyway.
        await remove().catch(() => undefined);
        return how;
      });
      return { ...k6, ended };
    } catch (cause) {
      await remove();
      throw cause;
    }
  };
}

/** In a shared folder such as /tmp another user could have created it first, and could then read and replace its files. */
async function assertOurs(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o002) === 0) return;
  throw new Error(`${folder} is not a folder that only this user can write to; remove it, or set TMPDIR to another folder`);
}

/** Removes folders of killed workers. Other workers may be running, so only folders older than any load test are removed. */
async function removeAbandoned(workFolder: string): Promise<void> {
  for (const name of await readdir(workFolder)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const path = join(workFolder, name);
    // Another worker may remove it at the same time.
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
