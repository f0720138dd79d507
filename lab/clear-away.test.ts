import { isShimOf, mountsBelow } from './clear-away.ts';

const socket = '/run/tminus-lab/containerd.sock';
const shim = (address: string) => ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'abc', '-address', address, ''];

test('recognises the shims of our containerd', () => {
  expect(isShimOf(shim(socket), socket)).toBe(true);
});

test.each<[string, string[]]>([
  ['another containerd', shim('/run/containerd/containerd.sock')],
  ['a socket whose name only begins like ours', shim(`${socket}.ttrpc`)],
  ['a program that is not a shim', ['/usr/bin/grep', '-address', socket]],
  ['a shim without an address', ['/usr/bin/containerd-shim-runc-v2', socket]],
])('leaves %s alone', (_, argv) => {
  expect(isShimOf(argv, socket)).toBe(false);
});

const mountinfo = [
  '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
  '80 22 0:40 / /run/tminus-lab/kubelet/pods/1/volumes rw - tmpfs tmpfs rw',
  '81 22 254:0 /x /run/tminus-lab/postgres rw - ext4 /dev/vda rw',
  '82 81 0:41 / /run/tminus-lab/postgres/inner rw - tmpfs tmpfs rw',
  '83 22 0:42 / /run/tminus-lab-of-others rw - tmpfs tmpfs rw',
  '84 22 0:43 / /home/a\\040b/.lab/data rw - overlay overlay rw',
  '',
].join('\n');

test('unmounts what is mounted below a folder, innermost first, and nothing else', () => {
  expect(mountsBelow(mountinfo, '/run/tminus-lab')).toEqual([
    '/run/tminus-lab/postgres/inner',
    '/run/tminus-lab/postgres',
    '/run/tminus-lab/kubelet/pods/1/volumes',
  ]);
});

test('finds mounts below a folder whose name holds a blank', () => {
  expect(mountsBelow(mountinfo, '/home/a b/.lab')).toEqual(['/home/a b/.lab/data']);
});
