// All pods of the lab run below one cgroup of every hierarchy, so that they can be found, ended and removed together.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endProcess, identify } from './process-identity.ts';

export const cgroupName = 'tminus-lab';

const ROOT = '/sys/fs/cgroup';

/** Creates the lab's cgroup; with cgroups v1 in the hierarchy of every controller. */
export function makeCgroups(): void {
  if (existsSync(join(ROOT, 'cgroup.controllers'))) return makeUnified();
  for (const hierarchy of hierarchies()) {
    mkdirSync(join(hierarchy, cgroupName), { recursive: true });
    // A new cpuset is empty, and a process cannot enter an empty one.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(hierarchy, file))) writeFileSync(join(hierarchy, cgroupName, file), readFileSync(join(hierarchy, file)));
  }
}

/** With cgroups v2 each controller must be enabled for the children. */
function makeUnified(): void {
  mkdirSync(join(ROOT, cgroupName), { recursive: true });
  for (const folder of [ROOT, join(ROOT, cgroupName)]) {
    for (const controller of readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(' '))
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
  }
}

/** Ends every process in the lab's cgroups: containers whose shim or containerd was killed. */
export async function endPods(): Promise<void> {
  const pids = new Set(
    ours().flatMap((folder) => readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)),
  );
  const running = [...pids].map((pid) => identify(pid)).filter((identity) => identity !== undefined);
  await Promise.all(running.map((identity) => endProcess(identity, 'SIGKILL', END_TIMEOUT_MS)));
}

/** A killed process leaves its cgroup within milliseconds; the kernel may take longer to release the folder. */
const END_TIMEOUT_MS = 5_000;
const POLL_MS = 20;

/** Removes the lab's cgroups, innermost first. Their processes must have ended. */
export async function removeCgroups(): Promise<void> {
  for (const folder of ours().reverse()) {
    const deadline = Date.now() + END_TIMEOUT_MS;
    while (!removed(folder)) {
      if (Date.now() > deadline)
        throw new Error(`the cgroup ${folder} cannot be removed: it still has a process; its file cgroup.procs lists it`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** The lab's cgroups in all hierarchies, outermost first. */
function ours(): string[] {
  return [ROOT, ...hierarchies()]
    .map((hierarchy) => join(hierarchy, cgroupName))
    .filter((folder) => existsSync(folder))
    .flatMap(withChildren);
}

function withChildren(folder: string): string[] {
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [folder, ...children.flatMap((child) => withChildren(join(folder, child.name)))];
}

/** Mounted v1 hierarchies, without symbolic links: controllers that share a hierarchy are links to it (`cpu -> cpu,cpuacct`). */
function hierarchies(): string[] {
  if (!existsSync(ROOT) || existsSync(join(ROOT, 'cgroup.procs'))) return [];
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, entry.name, 'cgroup.procs')))
    .map((entry) => join(ROOT, entry.name));
}
