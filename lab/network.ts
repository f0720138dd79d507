// The lab's network: one namespace, a veth pair to the host, routes. Its iptables rules are removed with the namespace.
import { existsSync } from 'node:fs';
import { inLab, run, succeeds } from './command.ts';
import { network } from './paths.ts';

const { namespace, hostInterface, hostAddress, address, prefixLength, podRange } = network;

/** Creates the network unless it is complete. */
export async function makeNetwork(): Promise<void> {
  if (await isComplete()) return;
  await removeNetwork();
  await run(['ip', 'netns', 'add', namespace]);
  await run(['ip', 'link', 'add', hostInterface, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace]);
  await run(['ip', 'addr', 'add', `${hostAddress}/${prefixLength}`, 'dev', hostInterface]);
  await run(['ip', 'link', 'set', hostInterface, 'up']);
  const inside = [
    ['ip', 'addr', 'add', `${address}/${prefixLength}`, 'dev', 'eth0'],
    ['ip', 'link', 'set', 'eth0', 'up'],
    ['ip', 'link', 'set', 'lo', 'up'],
    ['ip', 'route', 'add', 'default', 'via', hostAddress],
    ['sysctl', '-qw', 'net.ipv4.ip_forward=1'],
  ];
  for (const argv of inside) await run(inLab(argv));
  await run(['ip', 'route', 'add', podRange, 'via', address]);
}

/** Removes what makeNetwork created, also when it is incomplete. */
export async function removeNetwork(): Promise<void> {
  if (existsSync(`/sys/class/net/${hostInterface}`)) await run(['ip', 'link', 'delete', hostInterface]);
  if (existsSync(`/run/netns/${namespace}`)) await run(['ip', 'netns', 'delete', namespace]);
}

async function isComplete(): Promise<boolean> {
  if (!existsSync(`/run/netns/${namespace}`) || !existsSync(`/sys/class/net/${hostInterface}`)) return false;
  const route = await run(['ip', 'route', 'show', podRange]);
  // After some reboots /run has the file without a namespace; entering it is the test.
  return route.includes(address) && (await succeeds(inLab(['ip', 'addr', 'show', 'dev', 'eth0'])));
}
