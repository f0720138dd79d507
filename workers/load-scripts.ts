// Where the load scripts of releases run: at a runner, or as a process of this machine under another user where this one may switch.
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { StartK6 } from '../activities/load-test/k6-run.ts';
import { separateUser, describeSeparation } from '../activities/load-test/k6-user.ts';
import { localK6 } from '../activities/load-test/local-k6.ts';
import { remoteK6 } from '../activities/load-test/remote-k6.ts';
import type { Environment } from '../release/environment.ts';

export interface LoadScripts {
  startK6: StartK6;
  /** Whether something beside k6 itself keeps scripts from what this process may read. */
  separated: boolean;
  /** For the log. */
  message: string;
}

/** Paths of the environment file are relative to `environmentFolder`. */
export function loadScripts({ spec: { load, evidence } }: Environment, environmentFolder: string): LoadScripts {
  const at = (path: string) => (isAbsolute(path) ? path : resolve(environmentFolder, path));
  const { hosts, runner } = load;
  if (runner !== undefined) {
    const socket = at(runner);
    return { startK6: remoteK6({ socket, hosts }), separated: true, message: `load scripts run at the k6 runner ${socket}` };
  }
  const user = separateUser();
  // Another user cannot get at a folder among the evidence.
  const workFolder = user === null ? join(at(evidence.folder), 'work') : join(tmpdir(), 'tminus-load');
  const k6Path = load.k6.includes('/') ? at(load.k6) : load.k6;
  return { startK6: localK6({ k6Path, workFolder, user, hosts }), separated: user !== null, message: describeSeparation(user) };
}
