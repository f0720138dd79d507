// What a machine lacks for the lab, one sentence each, with the way out.
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
  /** What a throw-away network namespace refused, with its complaint. */
  refusedKernelFeatures: { feature: string; complaint: string }[];
  hasOverlay: boolean;
  cgroups: 'v1' | 'v2' | 'none';
  missingControllers: string[];
  freeDiskGib: number;
  memoryGib: number;
  /** Ports on the host that the lab needs and something else holds. */
  takenPorts: number[];
  /** Routes of others over the lab's addresses. */
  takenRoutes: string[];
  /** A kubelet that is not ours keeps its socket where ours must. */
  foreignKubelet: boolean;
}

export interface Lack {
  name: string;
  sentence: string;
  wayOut: string;
}

/** Debian package of each program, as scripts/setup installs them. */
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

const LEAST_NODE_MAJOR = 24;
/** The wrapper modules name this version, and GOTOOLCHAIN=local fetches no other. */
const LEAST_GO = [1, 26, 8];
/** Images, databases, logs and samples of one lab take about 1 GiB; building all tools cold takes 9 GiB of Go's cache besides. */
const LEAST_DISK_GIB = 3;
/** All components together use 0.9 GiB, the shop and a load test 0.5 more. */
const LEAST_MEMORY_GIB = 2;
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids'];
const setup = 'Run `scripts/setup`, which installs it.';

/** Everything the machine lacks, all at once; empty when the lab can run. */
export function lacks(facts: MachineFacts): Lack[] {
  if (facts.platform !== 'linux')
    return [
      { name: 'platform', sentence: `The lab needs Linux, and this is ${facts.platform}.`, wayOut: 'Run it in a Linux virtual machine.' },
    ];
  const found: (Lack | false)[] = [
    !facts.isRoot && {
      name: 'root',
      sentence: 'The lab makes network namespaces, mounts and cgroups, and only root may.',
      wayOut: 'Run it with sudo, or in a virtual machine or container where you are root.',
    },
    !atLeast(facts.nodeVersion, [LEAST_NODE_MAJOR]) && {
      name: 'node',
      sentence: `Node ${LEAST_NODE_MAJOR} is needed, and this is ${facts.nodeVersion}.`,
      wayOut: 'Run `scripts/setup`, which brings it as a package.',
    },
    goLack(facts.goVersion),
    ...[...new Set(facts.missingPrograms.map((program) => packages[program] ?? program))].map((name) =>
      packageLack(name, facts.missingPrograms),
    ),
    ...facts.refusedKernelFeatures.map(({ feature, complaint }) => kernelLack(feature, complaint)),
    !facts.hasOverlay && kernelLack('overlay file systems', 'no overlay in /proc/filesystems'),
    facts.cgroups === 'none' && kernelLack('cgroups', 'nothing is mounted at /sys/fs/cgroup'),
    ...facts.missingControllers.map((controller) => kernelLack(`the cgroup controller ${controller}`, `it is not under /sys/fs/cgroup`)),
    facts.freeDiskGib < LEAST_DISK_GIB && {
      name: 'disk',
      sentence: `The disk of the lab's folder has ${facts.freeDiskGib.toFixed(1)} GiB left, and the lab needs ${LEAST_DISK_GIB}.`,
      wayOut: 'Free some, or point TMINUS_LAB_DIR to another disk.',
    },
    facts.memoryGib < LEAST_MEMORY_GIB && {
      name: 'memory',
      sentence: `The machine has ${facts.memoryGib.toFixed(1)} GiB of memory, and the lab needs ${LEAST_MEMORY_GIB}.`,
      wayOut: 'Give it more.',
    },
    ...facts.takenPorts.map((port) => ({
      name: 'port',
      sentence: `Port ${port} of 127.0.0.1 is held by another program, and the lab's Temporal needs it.`,
      wayOut: `End that program (\`ss -ltnp 'sport = :${port}'\` names it), or set TMINUS_LAB_TEMPORAL_PORT.`,
    })),
    ...facts.takenRoutes.map((route) => ({
      name: 'route',
      sentence: `The lab's addresses are routed elsewhere on this machine: ${route}.`,
      wayOut: 'Remove that route or the network it belongs to while the lab runs.',
    })),
    facts.foreignKubelet && {
      name: 'kubelet',
      sentence: 'Another kubelet lives on this machine (/var/lib/kubelet/device-plugins), and two cannot share it.',
      wayOut: 'Run the lab on a machine that is no Kubernetes node.',
    },
  ];
  return found.filter((lack) => lack !== false);
}

/** A cached tool that is damaged or of another version than the pinned one. */
export function toolLack({ path, pinned, reported }: WrongTool): Lack {
  return {
    name: 'tool',
    sentence: `The cached tool ${path} reports ${reported ?? 'no version'}, and ${pinned} is pinned.`,
    wayOut: 'Delete it; `scripts/lab up` builds it again.',
  };
}

function goLack(version: string | undefined): Lack | false {
  const wanted = LEAST_GO.join('.');
  const wayOut = `Install Go ${wanted} or newer and put it into PATH.`;
  if (version === undefined)
    return { name: 'go', sentence: 'The tools and the shop are built with Go, and there is no go in PATH.', wayOut };
  return (
    !atLeast(version.replace(/^go/, ''), LEAST_GO) && { name: 'go', sentence: `Go ${wanted} is needed, and this is ${version}.`, wayOut }
  );
}

function packageLack(name: string, missing: string[]): Lack {
  const programs = missing.filter((program) => (packages[program] ?? program) === name);
  return { name: 'package', sentence: `The package ${name} is missing (${programs.join(', ')}).`, wayOut: setup };
}

function kernelLack(feature: string, complaint: string): Lack {
  return {
    name: 'kernel',
    sentence: `The kernel, or the container this runs in, refuses ${feature}: ${complaint.replace(/\.+$/, '')}.`,
    wayOut: 'Use a machine whose kernel has it; a virtual machine with a common distribution does.',
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

/** Kernel features the network needs, each tried in a namespace that vanishes with the command. */
const kernelTrials: Record<string, string> = {
  'network namespaces': 'true',
  'veth pairs': 'ip link add name t0 type veth peer name t1',
  'network bridges': 'ip link add name t0 type bridge',
  'iptables with nat': 'iptables -w -t nat -A OUTPUT -p tcp -j DNAT --to-destination 10.0.0.1:80',
  'iptables statistic and comment matches':
    'iptables -w -t nat -A OUTPUT -m comment --comment x -m statistic --mode random --probability 0.5 -j RETURN',
  'iptables marks': 'iptables -w -t nat -A OUTPUT -j MARK --or-mark 0x4000',
};

/** Looks at the machine. Changes nothing that stays. */
export async function machineFacts(lab: LabPaths): Promise<MachineFacts> {
  const isRoot = process.getuid?.() === 0;
  const trials = await Promise.all(
    Object.entries(kernelTrials).map(async ([feature, script]) => ({ feature, complaint: isRoot ? await complaintOf(script) : undefined })),
  );
  const present = await Promise.all(Object.keys(packages).map(async (program) => ((await isThere(program)) ? undefined : program)));
  const missingPrograms = present.filter((program) => program !== undefined);
  const cgroups = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 'v2' : existsSync('/sys/fs/cgroup/memory') ? 'v1' : 'none';
  const { bavail, bsize } = statfsSync(nearestFolder(lab.state));
  return {
    platform: process.platform,
    isRoot,
    nodeVersion: process.versions.node,
    goVersion: goVersion(),
    missingPrograms,
    // Without ip or iptables the trials would blame the kernel for a missing package.
    refusedKernelFeatures:
      missingPrograms.length > 0
        ? []
        : trials.flatMap(({ feature, complaint }) => (complaint === undefined ? [] : [{ feature, complaint }])),
    hasOverlay: await succeeds(['grep', '-qw', 'overlay', '/proc/filesystems']),
    cgroups,
    missingControllers: cgroups === 'v1' ? CONTROLLERS.filter((name) => !existsSync(`/sys/fs/cgroup/${name}`)) : [],
    freeDiskGib: (bavail * bsize) / 2 ** 30,
    memoryGib: totalmem() / 2 ** 30,
    takenPorts: claim(lab) === 'ours' ? [] : await takenPorts(lab.temporalPort),
    takenRoutes: readOwner(lab) || missingPrograms.includes('ip') ? [] : await routesOverOurs(),
    foreignKubelet: !readOwner(lab) && existsSync('/var/lib/kubelet/device-plugins/kubelet.sock'),
  };
}

async function complaintOf(script: string): Promise<string | undefined> {
  return run(['unshare', '--net', 'sh', '-c', script]).then(
    () => undefined,
    (error: Error) => (error.message.split(': ').slice(1).join(': ') || error.message).split('\n')[0],
  );
}

async function isThere(program: string): Promise<boolean> {
  if (program.startsWith('/')) return existsSync(program);
  if (existsSync(programOf(program))) return true;
  return systemPath.split(':').some((folder) => existsSync(`${folder}/${program}`));
}

/** The go of the caller's PATH, for it is the one that builds. */
function goVersion(): string | undefined {
  const { status, stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
  return status === 0 ? stdout.trim() : undefined;
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(path.slice(0, path.lastIndexOf('/')) || '/');
}

async function routesOverOurs(): Promise<string[]> {
  const routes = await run(['ip', 'route', 'show', 'table', 'main']);
  return routes
    .split('\n')
    .map((route) => route.trim())
    .filter((route) => [network.podRange, network.address.replace(/\.\d+$/, '.')].some((ours) => route.startsWith(ours)));
}
