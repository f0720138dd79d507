// The user k6 runs as. A load script is somebody's program: k6 gives it no file and no foreign host, and where the worker may switch users, a
// mistake in k6 would find nothing either.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface K6User {
  uid: number;
  gid: number;
}

/** In the range that systemd hands out to processes without a user (61184 to 65519): no package makes it, so it owns no file. */
const NOBODY_ELSE = 64_931;

/** The user to run k6 as, or null where this process cannot switch: it is not root, or its container took the capability away. */
export function separateUser(): K6User | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const user = { uid: NOBODY_ELSE, gid: NOBODY_ELSE };
  const folder = mkdtempSync(join(tmpdir(), 'tminus-user-'));
  try {
    chownSync(folder, user.uid, user.gid);
    return spawnSync('/bin/sh', ['-c', 'exit 0'], { ...user, cwd: '/', env: {} }).status === 0 ? user : null;
  } catch (cause) {
    // Without CAP_CHOWN the folder of a run could not be handed over.
    if ((cause as NodeJS.ErrnoException).code !== 'EPERM') throw cause;
    return null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a worker says once at its start, and `tminus doctor` where it runs on the same machine. */
export function separationSentence(user: K6User | null): string {
  if (user !== null) return `load scripts run as user ${user.uid}, which owns nothing`;
  return `load scripts run as the user of this process (uid ${process.getuid?.() ?? 'unknown'}), which cannot switch users: k6 opens no file and no foreign connection for them, and nothing else keeps them from the keys and kubeconfigs of this user; for a team, run k6 in a container of its own (spec.load.runner)`;
}
