// k6 on this machine: a folder of its own for each run, which goes when k6 has ended.
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { k6Archive } from './k6-archive.ts';
import { startK6 } from './k6-process.ts';
import { resolveReach } from './k6-reach.ts';
import type { StartK6 } from './k6-run.ts';
import type { K6User } from './k6-user.ts';

const FOLDER_PREFIX = 'load-';
/** A countdown's longest step is shorter than this. */
const ABANDONED_AFTER_MS = 7 * 86_400_000;
/** Others may go through it, to a folder whose name they know. */
const THROUGH = 0o711;

export interface LocalK6 {
  /** k6's path, or `k6` to find it on PATH. */
  k6Path: string;
  /** Folders of runs are made below it. Another user has to be able to go through its parents. */
  workFolder: string;
  user: K6User | null;
  /** `name` or `name:port` that scripts may reach beside their target. */
  hosts: readonly string[];
}

/** Runs k6 as a process of this machine. Rejects when the name of the target or of a host is not found, or the folder cannot be made. */
export function localK6({ k6Path, workFolder, user, hosts }: LocalK6): StartK6 {
  return async ({ script, stages, maxVus, targetUrl }) => {
    const reach = await resolveReach(targetUrl, hosts);
    await mkdir(workFolder, { recursive: true, mode: user === null ? 0o700 : THROUGH });
    await assertOurs(workFolder);
    // Whatever the umask took from it.
    if (user !== null) await chmod(workFolder, THROUGH);
    await removeAbandoned(workFolder);
    const folder = await mkdtemp(join(workFolder, FOLDER_PREFIX));
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const archive = join(folder, 'load.tar');
      await writeFile(archive, await k6Archive({ script, stages, maxVus }, reach.hosts), { mode: 0o600 });
      if (user !== null) for (const path of [archive, folder]) await chown(path, user.uid, user.gid);
      const k6 = startK6({ k6Path, archive, folder, targetUrl, reach, user });
      const ended = k6.ended.then(async (how) => {
        // What cannot be removed now is removed by a later run; how k6 ended must be known all the same.
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

/** In a folder of all users another one could have made ours first, and would see and replace what is put there. */
async function assertOurs(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o002) === 0) return;
  throw new Error(`${folder} is not a folder that this user alone may write to; remove it, or set TMPDIR to another place`);
}

/** Removes what a killed worker left. Another one may be running beside this, so only folders older than any load test go. */
async function removeAbandoned(workFolder: string): Promise<void> {
  for (const name of await readdir(workFolder)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const path = join(workFolder, name);
    // Another worker may do the same, or end its run, at the same moment.
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}
