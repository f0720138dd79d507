// The lab's network: one namespace, a veth pair to the host, routes. Its iptables live inside and vanish with it.
import { existsSync } from 'node:fs';
import { inLab, run, succeeds } from './command.ts';
import { network } from './paths.ts';

const { namespace, hostInterface, hostAddress, address, prefixLength, podRange } = network;

/** Makes the network, or leaves it as it is when it is whole. */
export async function makeNetwork(): Promise<void> {
  if (await isWhole()) return;
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

/** Removes what makeNetwork made, also after a half-made or half-removed one. */
export async function removeNetwork(): Promise<void> {
  if (existsSync(`/sys/class/net/${hostInterface}`)) await run(['ip', 'link', 'delete', hostInterface]);
  if (existsSync(`/run/netns/${namespace}`)) await run(['ip', 'netns', 'delete', namespace]);
}

async function isWhole(): Promise<boolean> {
  if (!existsSync(`/run/netns/${namespace}`) || !existsSync(`/sys/class/net/${hostInterface}`)) return false;
  const route = await run(['ip', 'route', 'show', podRange]);
  // /run survives some reboots as a folder; only a namespace that can be entered is one.
  return route.includes(address) && (await succeeds(inLab(['ip', 'addr', 'show', 'dev', 'eth0'])));
}
