import { lacks, toolLack } from './doctor.ts';
import type { MachineFacts } from './doctor.ts';

const fit: MachineFacts = {
  platform: 'linux',
  isRoot: true,
  nodeVersion: '24.21.0',
  goVersion: 'go1.26.8',
  missingPrograms: [],
  missingKernelFeatures: [],
  hasOverlay: true,
  cgroups: 'v1',
  missingControllers: [],
  freeDiskGib: 20,
  memoryGib: 8,
  takenPorts: [],
  takenRoutes: [],
  foreignKubelet: false,
};

const messages = (change: Partial<MachineFacts>) => lacks({ ...fit, ...change }).map(({ message }) => message);

test('finds nothing wrong with a machine that has everything', () => {
  expect(lacks(fit)).toEqual([]);
});

test.each<[string, Partial<MachineFacts>, string]>([
  ['the user is not root', { isRoot: false }, 'The lab creates network namespaces, mounts and cgroups, which needs root.'],
  ['Node is too old', { nodeVersion: '20.19.2' }, 'Node is 20.19.2, and the lab needs 24 or newer.'],
  ['there is no Go', { goVersion: undefined }, 'Go is not in PATH, and the tools and the shop are built with it.'],
  ['Go is too old', { goVersion: 'go1.26.7' }, 'Go is 1.26.7, and the lab needs 1.26.8 or newer.'],
  [
    'the kernel refuses veth',
    { missingKernelFeatures: [{ feature: 'veth pairs', error: 'RTNETLINK answers: Operation not supported' }] },
    'The kernel, or the container this runs in, does not support veth pairs: RTNETLINK answers: Operation not supported.',
  ],
  [
    'there is no overlay',
    { hasOverlay: false },
    'The kernel, or the container this runs in, does not support overlay file systems: no overlay in /proc/filesystems.',
  ],
  [
    'there are no cgroups',
    { cgroups: 'none' },
    'The kernel, or the container this runs in, does not support cgroups: nothing is mounted at /sys/fs/cgroup.',
  ],
  [
    'a controller is missing',
    { missingControllers: ['pids'] },
    'The kernel, or the container this runs in, does not support the cgroup controller pids: it is not under /sys/fs/cgroup.',
  ],
  ['the disk is full', { freeDiskGib: 2.95 }, "The disk of the lab's folder has 3.0 GiB free, and the lab needs 3 GiB."],
  ['memory is short', { memoryGib: 1.9 }, 'The machine has 1.9 GiB of memory, and the lab needs 2 GiB.'],
  [
    'ports are taken',
    { takenPorts: [7233, 7234] },
    "Ports of 127.0.0.1 that the lab's Temporal server needs are in use by another program: 7233, 7234.",
  ],
  [
    'another network has our addresses',
    { takenRoutes: ['10.244.0.0/16 dev flannel.1'] },
    "An existing route covers the lab's addresses: 10.244.0.0/16 dev flannel.1.",
  ],
  [
    'another kubelet lives here',
    { foreignKubelet: true },
    'Another kubelet runs on this machine (/var/lib/kubelet/device-plugins), and two cannot share that folder.',
  ],
])('says in one message that %s, and the way out', (_, change, message) => {
  expect(messages(change)).toEqual([message]);
  expect(lacks({ ...fit, ...change })[0]?.hint).toMatch(/^[A-Z].*\.$/);
});

test('names each missing package once, with the programs it brings', () => {
  expect(messages({ missingPrograms: ['containerd', 'ctr', 'redis-server'] })).toEqual([
    'The package containerd is missing (containerd, ctr).',
    'The package redis-server is missing (redis-server).',
  ]);
});

test('takes newer versions of Go and Node', () => {
  expect(messages({ goVersion: 'go1.27', nodeVersion: '25.0.0' })).toEqual([]);
});

test('reports everything that is missing at once', () => {
  expect(messages({ isRoot: false, goVersion: undefined, takenPorts: [7233, 7234] })).toHaveLength(3);
});

test('reports only the platform where it is not Linux', () => {
  expect(messages({ platform: 'darwin', isRoot: false, cgroups: 'none' })).toEqual(['The lab needs Linux, and this is darwin.']);
});

test('names a cached tool of another version, and how to build it again', () => {
  expect(toolLack({ path: '/cache/k6', pinned: '1.8.1', reported: undefined })).toMatchObject({
    message: 'The cached tool /cache/k6 reports no version, and 1.8.1 is pinned.',
    hint: 'Delete it; `scripts/lab up` builds it again.',
  });
});
