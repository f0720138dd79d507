// What a machine lacks for the lab: one message each, with a hint.
import { existsSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { run, succeeds, systemPath } from './command.ts';
import { claim, readOwner } from './owner.ts';
import { network } from './paths.ts';
import type { LabPaths } from './paths.ts';
import { programOf } from './postgres.ts';
import type { WrongTool } from './tools/build.ts';
import { spawnSync } from 'node:child_process';
import { takenPorts } from '../workers/temporal-server.ts';

export interface MachineFacts {
  platform: string;
  isRoot: boolean;
  nodeVersion: string;
  /** `go1.26.8`, or undefined when there is none. */
  goVersion: string | undefined;
  /** Programs that were not found, by name. */
  missingPrograms: string[];
  /** What failed in a temporary network namespace, with the error output. */
  missingKernelFeatures: { feature: string; error: string }[];
  hasOverlay: boolean;
  cgroups: 'v1' | 'v2' | 'none';
  missingControllers: string[];
  freeDiskGib: number;
  memoryGib: number;
  /** Ports on the host that the lab needs and another program uses. */
  takenPorts: number[];
  /** Existing routes that cover the lab's addresses. */
  takenRoutes: string[];
  /** Another kubelet has its socket at the path that the lab's needs. */
  foreignKubelet: boolean;
}

export interface Lack {
  name: string;
  message: string;
  hint: string;
}

/** Debian package of each program; scripts/setup installs them. */
const packages: Record<string, string> = {
  ip: 'iproute2',
  sysctl: 'procps',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  iptables: 'iptables',
  openssl: 'openssl',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  'redis-server': 'redis-server',
  postgres: 'postgresql',
  initdb: 'postgresql',
  psql: 'postgresql',
  pg_isready: 'postgresql',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
};

const MIN_NODE_MAJOR = 24;
/** The wrapper modules require this version, and GOTOOLCHAIN=local downloads no other. */
const MIN_GO = [1, 26, 8];
/** Images, databases, logs and samples of one lab take about 1 GiB; building all tools takes 9 GiB of Go's cache. */
const MIN_DISK_GIB = 3;
/** All components together use 0.9 GiB, the shop and a load test 0.5 more. */
const MIN_MEMORY_GIB = 2;
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];
const setup = 'Run `scripts/setup`; it installs the package.';

/** Everything the machine lacks; empty when the lab can run. */
export function lacks(facts: MachineFacts): Lack[] {
  if (facts.platform !== 'linux')
    return [
      { name: 'platform', message: `The lab needs Linux, and this is ${facts.platform}.`, hint: 'Run it in a Linux virtual machine.' },
    ];
  const found: (Lack | false)[] = [
    !facts.isRoot && {
      name: 'root',
      message: 'The lab creates network namespaces, mounts and cgroups, which needs root.',
      hint: 'Run it with sudo, or as root in a virtual machine or container.',
    },
    !atLeast(facts.nodeVersion, [MIN_NODE_MAJOR]) && {
      name: 'node',
      message: `Node is ${facts.nodeVersion}, and the lab needs ${MIN_NODE_MAJOR} or newer.`,
      hint: 'Run `scripts/setup`; it installs Node as a package.',
    },
    goLack(facts.goVersion),
    ...[...new Set(facts.missingPrograms.map((program) => packages[program] ?? program))].map((name) =>
      packageLack(name, facts.missingPrograms),
    ),
    ...facts.missingKernelFeatures.map(({ feature, error }) => kernelLack(feature, error)),
    !facts.hasOverlay && kernelLack('overlay file systems', 'no overlay in /proc/filesystems'),
    facts.cgroups === 'none' && kernelLack('cgroups', 'nothing is mounted at /sys/fs/cgroup'),
    ...facts.missingControllers.map((controller) => kernelLack(`the cgroup controller ${controller}`, `it is not under /sys/fs/cgroup`)),
    facts.freeDiskGib < MIN_DISK_GIB && {
      name: 'disk',
      message: `The disk of the lab's folder has ${facts.freeDiskGib.toFixed(1)} GiB free, and the lab needs ${MIN_DISK_GIB} GiB.`,
      hint: 'Free disk space, or set TMINUS_LAB_DIR to a folder on another disk.',
    },
    facts.memoryGib < MIN_MEMORY_GIB && {
      name: 'memory',
      message: `The machine has ${facts.memoryGib.toFixed(1)} GiB of memory, and the lab needs ${MIN_MEMORY_GIB} GiB.`,
      hint: 'Add memory.',
    },
    portLack(facts.takenPorts),
    ...facts.takenRoutes.map((route) => ({
      name: 'route',
      message: `An existing route covers the lab's addresses: ${route}.`,
      hint: 'Remove that route, or its network, while the lab runs.',
    })),
    facts.foreignKubelet && {
      name: 'kubelet',
      message: 'Another kubelet runs on this machine (/var/lib/kubelet/device-plugins), and two cannot share that folder.',
      hint: 'Run the lab on a machine that is not a Kubernetes node.',
    },
  ];
  return found.filter((lack) => lack !== false);
}

/** One message for all ports: usually another Temporal server uses them all. */
function portLack(taken: number[]): Lack | false {
  const [first] = taken;
  return (
    first !== undefined && {
      name: 'port',
      message: `Ports of 127.0.0.1 that the lab's Temporal server needs are in use by another program: ${taken.join(', ')}.`,
      hint: `Stop that program (\`ss -ltnp 'sport = :${first}'\` lists it), or set TMINUS_LAB_TEMPORAL_PORT.`,
    }
  );
}

/** A cached tool that is damaged or of another version than the pinned one. */
export function toolLack({ path, pinned, reported }: WrongTool): Lack {
  return {
    name: 'tool',
    message: `The cached tool ${path} reports ${reported ?? 'no version'}, and ${pinned} is pinned.`,
    hint: 'Delete it; `scripts/lab up` builds it again.',
  };
}

function goLack(version: string | undefined): Lack | false {
  const wanted = MIN_GO.join('.');
  const hint = `Install Go ${wanted} or newer, and add it to PATH.`;
  if (version === undefined) return { name: 'go', message: 'Go is not in PATH, and the tools and the shop are built with it.', hint };
  return (
    !atLeast(version.replace(/^go/, ''), MIN_GO) && {
      name: 'go',
      message: `Go is ${version.replace(/^go/, '')}, and the lab needs ${wanted} or newer.`,
      hint,
    }
  );
}

function packageLack(name: string, missing: string[]): Lack {
  const programs = missing.filter((program) => (packages[program] ?? program) === name);
  return { name: 'package', message: `The package ${name} is missing (${programs.join(', ')}).`, hint: setup };
}

function kernelLack(feature: string, error: string): Lack {
  return {
    name: 'kernel',
    message: `The kernel, or the container this runs in, does not support ${feature}: ${error.replace(/\.+$/, '')}.`,
    hint: 'Use a machine whose kernel supports it, such as a virtual machine with a common distribution.',
  };
}

function atLeast(version: string, least: number[]): boolean {
  const parts = version.replace(/^v/, '').split(/[.-]/).map(Number);
  for (const [index, wanted] of least.entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** Kernel features the network needs; each is tried in a namespace that ends with the command. */
const kernelTrials: Record<string, string> = {
  'network namespaces': 'true',
  'veth pairs': 'ip link add name t0 type veth peer name t1',
  'network bridges': 'ip link add name t0 type bridge',
  'iptables with nat': 'iptables -w -t nat -A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.1:80',
  'iptables statistic and comment matches':
    'iptables -w -t nat -A OUTPUT -m comment --comment x -m statistic --mode random --probability 0.5 -j RETURN',
  'iptables marks': 'iptables -w -t nat -A OUTPUT -j MARK --or-mark 0x4000',
};

/** Inspects the machine, and leaves it unchanged. */
export async function machineFacts(lab: LabPaths): Promise<MachineFacts> {
  const isRoot = process.getuid?.() === 0;
  const trials = await Promise.all(
    Object.entries(kernelTrials).map(async ([feature, script]) => ({ feature, error: isRoot ? await errorOf(script) : undefined })),
  );
  const present = await Promise.all(Object.keys(packages).map(async (program) => ((await isInstalled(program)) ? undefined : program)));
  const missingPrograms = present.filter((program) => program !== undefined);
  const cgroups = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : existsSync('/sys/fs/cgroup/memory') ? 'v1' : 'none';
  const { bavail, bsize } = statfsSync(nearestFolder(lab.state));
  return {
    platform: process.platform,
    isRoot,
    nodeVersion: process.versions.node,
    goVersion: goVersion(),
    missingPrograms,
    // Without ip or iptables the trials would report a missing package as a missing kernel feature.
    missingKernelFeatures:
      missingPrograms.length > 0 ? [] : trials.flatMap(({ feature, error }) => (error === undefined ? [] : [{ feature, error }])),
    hasOverlay: await succeeds(['grep', '-qw', 'overlay', '/proc/filesystems']),
    cgroups,
    missingControllers: cgroups === 'v1' ? CONTROLLERS.filter((name) => !existsSync(`/sys/fs/cgroup/${name}`)) : [],
    freeDiskGib: (bavail * bsize) / 2 ** 30,
    memoryGib: totalmem() / 2 ** 30,
    takenPorts: claim(lab) === 'ours' ? [] : await takenPorts(lab.temporalPort),
    takenRoutes: readOwner(lab) || missingPrograms.includes('ip') ? [] : await routesOverLab(),
    foreignKubelet: !readOwner(lab) && existsSync('/var/lib/kubelet/device-plugins/kubelet.sock'),
  };
}

async function errorOf(script: string): Promise<string | undefined> {
  return run(['unshare', '--net', 'sh', '-c', script]).then(
    () => undefined,
    (error: Error) => (error.message.split(': ').slice(1).join(': ') || error.message).split('\n')[0],
  );
}

async function isInstalled(program: string): Promise<boolean> {
  if (program.startsWith('/')) return existsSync(program);
  if (existsSync(programOf(program))) return true;
  return systemPath.split(':').some((folder) => existsSync(`${folder}/${program}`));
}

/** Of the go in the caller's PATH, which runs the builds. */
function goVersion(): string | undefined {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
  return status === 0 ? stdout.trim() : undefined;
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(path.slice(0, path.lastIndexOf('/')) || '/');
}

async function routesOverLab(): Promise<string[]> {
  const routes = await run(['ip', 'route', 'show', 'table', 'main']);
  return routes
    .split('\n')
    .map((route) => route.trim())
    .filter((route) => [network.podRange, network.address.replace(/\.\d+$/, '.')].some((ours) => route.startsWith(ours)));
}
