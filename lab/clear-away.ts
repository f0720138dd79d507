// Stops the lab and removes everything it left on the machine, also after a run that was killed at any time.
import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { endPods, removeCgroups } from './cgroups.ts';
import { run, succeeds } from './command.ts';
import { componentStates, killNow, stop } from './component.ts';
import { ctr } from './images/images.ts';
import { removeNetwork } from './network.ts';
import { readOwner, restoreKernelSettings } from './owner.ts';
import type { Owner } from './owner.ts';
import { network } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { endProcess, identify } from './process-identity.ts';

/** They restart containers while others end them, so they are killed first. */
const startersOfContainers = ['kubelet', 'kube-controller-manager', 'kube-scheduler'];

/** Ends all processes, then removes mounts, network, cgroups, files outside the lab's folder, and data. Keeps logs and image archives. */
export async function clearAway(lab: LabPaths): Promise<void> {
  const owner = readOwner(lab);
  const states = [...new Set([lab.state, owner?.state ?? lab.state])];
  await Promise.all(startersOfContainers.map((name) => killNow(lab, name)));
  await endTasks(lab);
  await Promise.all(componentStates(lab).map(({ name }) => endAtOnce(lab, name)));
  await endShims(lab);
  await endPods();
  removeShimSockets(lab);
  for (const folder of [lab.run, ...states]) await unmountBelow(folder);
  await removeNetwork();
  await removeCgroups();
  if (owner) restoreKernelSettings(owner);
  await removeTracesOutside(states, owner);
  for (const state of states) removeState(state);
  rmSync(lab.run, { recursive: true, force: true });
}

/** containerd ends its containers while it runs; `endShims` and `endPods` end the rest. */
async function endTasks(lab: LabPaths): Promise<void> {
  if (!componentStates(lab).some(({ name, alive }) => name === 'containerd' && alive)) return;
  const ids = (await ctr(lab, ['tasks', 'list', '-q']).catch(() => '')).split('\n').filter(Boolean);
  // An error here is not a failure: the next two steps end what a damaged containerd cannot.
  if (ids.length > 0) await succeeds(['ctr', '-a', lab.containerdSocket, '-n', 'k8s.io', 'tasks', 'delete', '--force', ...ids]);
}

/** PostgreSQL's child processes survive a SIGKILL of their parent, so it is shut down. */
const shutDown = new Set(['postgres']);

/** The others are killed: their data is removed anyway, and a graceful shutdown of the apiserver takes 11 s. */
async function endAtOnce(lab: LabPaths, name: string): Promise<void> {
  if (!shutDown.has(name)) await killNow(lab, name);
  await stop(lab, name);
}

const SHIM_TIMEOUT_MS = 3_000;

/** Shims outlive containerd and keep the network namespace alive. The lab's are those with its socket as `-address`. */
async function endShims(lab: LabPaths): Promise<void> {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isShimOf(commandLine(name), lab.containerdSocket))
    .map(Number);
  const shims = pids.map((pid) => identify(pid)).filter((identity) => identity !== undefined);
  await Promise.all(shims.map((shim) => endProcess(shim, 'SIGKILL', SHIM_TIMEOUT_MS)));
}

/** True for `containerd-shim-... -address SOCKET`. */
export function isShimOf(argv: string[], socket: string): boolean {
  return (
    (argv[0] ?? '').split('/').at(-1)?.startsWith('containerd-shim') === true &&
    argv[argv.indexOf('-address') + 1] === socket &&
    argv.includes('-address')
  );
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // The process ended between readdir and read.
    return [];
  }
}

/** A killed shim leaves its socket in a folder shared by all containerds; its bundle holds the path. */
function removeShimSockets(lab: LabPaths): void {
  const bundles = join(lab.containerdState, 'io.containerd.runtime.v2.task', 'k8s.io');
  if (!existsSync(bundles)) return;
  for (const id of readdirSync(bundles)) {
    const addressFile = join(bundles, id, 'address');
    if (existsSync(addressFile))
      rmSync(
        readFileSync(addressFile, 'utf8')
          .trim()
          .replace(/^unix:\/\//, ''),
        { force: true },
      );
  }
}

/** Mount points below a folder, innermost first, from /proc/self/mountinfo (blanks in paths are written \040). */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  const points = mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map((point) => point.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))));
  return points.filter((point) => point === folder || point.startsWith(`${folder}/`)).reverse();
}

async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), folder)) {
    // Lazy unmount as a last resort: a process that just ended may still use it.
    if (!(await succeeds(['umount', point]))) await run(['umount', '-l', point]);
  }
}

/** Inner folders first: each is removed when it is empty. */
const foldersOutside = [
  '/run/containerd/s',
  '/run/containerd/runc',
  '/run/containerd',
  '/run/mount',
  '/var/log/containers',
  '/var/lib/cni/results',
  '/var/lib/cni/cache',
  '/var/lib/cni',
  '/var/lib/kubelet/device-plugins',
  '/var/lib/kubelet',
];

/** Folders that kubelet, containerd and CNI create at fixed paths. */
async function removeTracesOutside(states: string[], owner: Owner | undefined): Promise<void> {
  if (owner?.madeNetnsFolder && existsSync('/run/netns') && readdirSync('/run/netns').length === 0) {
    if (await succeeds(['mountpoint', '-q', '/run/netns'])) await run(['umount', '/run/netns']);
    removeIfEmpty('/run/netns');
  }
  removeWhere('/var/log/containers', (path) => states.some((state) => readlinkSync(path).startsWith(`${state}/`)));
  removeCniResults();
  if (owner?.madeKubeletFolder) removeWhere('/var/lib/kubelet/device-plugins', () => true);
  for (const folder of foldersOutside) removeIfEmpty(folder);
}

/**
 * CNI keeps a file per pod and network, named `<network>-<pod>-<interface>`. The loopback network has the same name for all clusters, so its
 * files are selected by the lab's pods.
 */
function removeCniResults(): void {
  const results = '/var/lib/cni/results';
  if (!existsSync(results)) return;
  const own = new RegExp(`^${network.namespace}-([0-9a-f]+)-`);
  const pods = new Set(
    readdirSync(results)
      .map((name) => own.exec(name)?.[1])
      .filter((pod) => pod !== undefined),
  );
  removeWhere(results, (path) => pods.has(path.split('/').at(-1)?.split('-').at(-2) ?? ''));
}

function removeWhere(folder: string, isOurs: (path: string) => boolean): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (isOurs(join(folder, name))) rmSync(join(folder, name), { recursive: true, force: true });
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Logs are for diagnosis, and image archives take seconds to build. */
const KEPT = new Set(['logs', 'images']);

function removeState(state: string): void {
  if (!existsSync(state)) return;
  for (const name of readdirSync(state)) if (!KEPT.has(name)) rmSync(join(state, name), { recursive: true, force: true });
}
