import { lacks, toolLack } from './doctor.ts';
import type { MachineFacts } from './doctor.ts';

const fit: MachineFacts = {
  platform: 'linux',
  isRoot: true,
  nodeVersion: '24.21.0',
  goVersion: 'go1.26.8',
  missingPrograms: [],
  refusedKernelFeatures: [],
  hasOverlay: true,
  cgroups: 'v1',
  missingControllers: [],
  freeDiskGib: 20,
  memoryGib: 8,
  takenPorts: [],
  takenRoutes: [],
  foreignKubelet: false,
};

const sentences = (change: Partial<MachineFacts>) => lacks({ ...fit, ...change }).map(({ sentence }) => sentence);

test('finds nothing wrong with a machine that has everything', () => {
  expect(lacks(fit)).toEqual([]);
});

test.each<[string, Partial<MachineFacts>, string]>([
  ['the user is not root', { isRoot: false }, 'The lab makes network namespaces, mounts and cgroups, and only root may.'],
  ['Node is too old', { nodeVersion: '20.19.2' }, 'Node 24 is needed, and this is 20.19.2.'],
  ['there is no Go', { goVersion: undefined }, 'The tools and the shop are built with Go, and there is no go in PATH.'],
  ['Go is too old', { goVersion: 'go1.26.7' }, 'Go 1.26.8 is needed, and this is go1.26.7.'],
  [
    'the kernel refuses veth',
    { refusedKernelFeatures: [{ feature: 'veth pairs', complaint: 'RTNETLINK answers: Operation not supported' }] },
    'The kernel, or the container this runs in, refuses veth pairs: RTNETLINK answers: Operation not supported.',
  ],
  [
    'there is no overlay',
    { hasOverlay: false },
    'The kernel, or the container this runs in, refuses overlay file systems: no overlay in /proc/filesystems.',
  ],
  [
    'there are no cgroups',
    { cgroups: 'none' },
    'The kernel, or the container this runs in, refuses cgroups: nothing is mounted at /sys/fs/cgroup.',
  ],
  [
    'a controller is missing',
    { missingControllers: ['pids'] },
    'The kernel, or the container this runs in, refuses the cgroup controller pids: it is not under /sys/fs/cgroup.',
  ],
  ['the disk is full', { freeDiskGib: 2.95 }, "The disk of the lab's folder has 3.0 GiB left, and the lab needs 3."],
  ['memory is short', { memoryGib: 1.9 }, 'The machine has 1.9 GiB of memory, and the lab needs 2.'],
  ['a port is taken', { takenPorts: [7233] }, "Port 7233 of 127.0.0.1 is held by another program, and the lab's Temporal needs it."],
  [
    'another network has our addresses',
    { takenRoutes: ['10.244.0.0/16 dev flannel.1'] },
    "The lab's addresses are routed elsewhere on this machine: 10.244.0.0/16 dev flannel.1.",
  ],
  [
    'another kubelet lives here',
    { foreignKubelet: true },
    'Another kubelet lives on this machine (/var/lib/kubelet/device-plugins), and two cannot share it.',
  ],
])('says in one sentence that %s, and the way out', (_, change, sentence) => {
  expect(sentences(change)).toEqual([sentence]);
  expect(lacks({ ...fit, ...change })[0]?.wayOut).toMatch(/^[A-Z].*\.$/);
});

test('names each missing package once, with the programs it brings', () => {
  expect(sentences({ missingPrograms: ['containerd', 'ctr', 'redis-server'] })).toEqual([
    'The package containerd is missing (containerd, ctr).',
    'The package redis-server is missing (redis-server).',
  ]);
});

test('takes newer versions of Go and Node', () => {
  expect(sentences({ goVersion: 'go1.27', nodeVersion: '25.0.0' })).toEqual([]);
});

test('says everything that is missing at once', () => {
  expect(sentences({ isRoot: false, goVersion: undefined, takenPorts: [7233, 7234] })).toHaveLength(4);
});

test('says only that it is no Linux where nothing else could be asked', () => {
  expect(sentences({ platform: 'darwin', isRoot: false, cgroups: 'none' })).toEqual(['The lab needs Linux, and this is darwin.']);
});

test('names a cached tool of another version, and how to build it again', () => {
  expect(toolLack({ path: '/cache/k6', pinned: '1.8.1', reported: undefined })).toMatchObject({
    sentence: 'The cached tool /cache/k6 reports no version, and 1.8.1 is pinned.',
    wayOut: 'Delete it; `scripts/lab up` builds it again.',
  });
});
