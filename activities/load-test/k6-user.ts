// The user that runs k6. k6 denies load scripts files and foreign hosts; a separate user, where the worker can switch, limits the damage of a
// bug in k6.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface K6User {
  uid: number;
  gid: number;
}

/** From systemd's DynamicUser range (61184-65519), which no package uses: it owns no files. */
const K6_UID = 64_931;

/** The user to run k6 as; null when this process cannot switch users (not root, or its container lacks the capability). */
export function separateUser(): K6User | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const user = { uid: K6_UID, gid: K6_UID };
  const folder = mkdtempSync(join(tmpdir(), 'tminus-user-'));
  try {
    chownSync(folder, user.uid, user.gid);
    return spawnSync('/bin/sh', ['-c', 'exit 0'], { ...user, cwd: '/', env: {} }).status === 0 ? user : null;
  } catch (cause) {
    // Without CAP_CHOWN k6 could not own its folder.
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
    'only k6 itself denies them the keys and kubeconfigs of this user; ' +
    'for a team, run k6 in its own container (spec.load.runner)'
  );
}
