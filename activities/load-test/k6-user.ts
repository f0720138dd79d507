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

/** From systemd's DynamicUser range (61184-65519): no package uses it, so it owns no files. */
const K6_UID = 64_931;

/** The user to run k6 as, or null where this process cannot switch: it is not root, or its container took the capability away. */
export function separateUser(): K6User | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const user = { uid: K6_UID, gid: K6_UID };
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

/** Logged by a worker at startup; printed by `tminus doctor`. */
export function describeSeparation(user: K6User | null): string {
  if (user !== null) return `load scripts run as user ${user.uid}, which owns no files`;
  return (
    `load scripts run as the user of this process (uid ${process.getuid?.() ?? 'unknown'}), which cannot switch users: ` +
    'k6 opens no file and no foreign connection for them, and nothing else keeps them from the keys and kubeconfigs of this user; ' +
    'for a team, run k6 in a container of its own (spec.load.runner)'
  );
}
