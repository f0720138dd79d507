// The connections that k6 may open for a script: to its target, and to hosts that the environment file adds. k6 refuses all others.
import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';

/** Network options of k6. */
export interface Reach {
  /** Option `hosts`: `name:port` to `address:port`. */
  hosts: Record<string, string>;
  /** Option `--blacklist-ip`: ranges that cover every address except the allowed ones. */
  blacklist: string[];
  /** Names and addresses that bypass the proxy. The proxy does not exist: it blocks remote modules, which bypass the blacklist. */
  noProxy: string[];
}

/** A host that k6 may connect to. */
export interface Place {
  /** Name or address as in a URL, without brackets. */
  name: string;
  ports: readonly number[];
  /** Addresses of the name; at least one. */
  addresses: readonly string[];
}

/** The limited broadcast address: TCP cannot connect to it. */
export const NOWHERE = '255.255.255.255';

/**
 * Pure. A target with one IPv4 address is pinned: k6 connects only to its `name:port` and `address:port` and resolves no other name. k6 cannot pin
 * a name with several addresses or an IPv6 address: it may then connect to any port of these addresses.
 */
export function reachOf(target: Place, others: readonly Place[]): Reach {
  const places = [target, ...others].map((place) => ({ ...place, addresses: preferred(place.addresses) }));
  const pinned = places.filter(({ addresses }, index) => index > 0 || addresses.length === 1);
  const hosts = Object.fromEntries(pinned.flatMap(pins));
  // The wildcard also matches `address:port`, so it requires that the target is pinned.
  if (pinned.length === places.length && isIP(target.name) !== 6) hosts['*'] = NOWHERE;
  const allowed = places.flatMap(({ addresses }, index) => (index > 0 ? addresses.slice(0, 1) : addresses));
  return { hosts, blacklist: allBut(allowed), noProxy: [...new Set([...places.map(({ name }) => name), ...allowed])] };
}

/** Resolves the names on the machine that runs k6. Throws when a name has no address. */
export async function resolveReach(targetUrl: string, hosts: readonly string[], find = addressesOf): Promise<Reach> {
  const url = new URL(targetUrl);
  const target = { name: url.hostname.replace(/^\[|\]$/g, ''), ports: [Number(url.port) || (url.protocol === 'https:' ? 443 : 80)] };
  const others = hosts.map((host) => {
    const [name = '', port] = host.split(':');
    return { name, ports: port === undefined ? [443, 80] : [Number(port)] };
  });
  const found = await Promise.all([target, ...others].map(async (place) => ({ ...place, addresses: await find(place.name) })));
  return reachOf(found[0] as Place, found.slice(1));
}

async function addressesOf(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  const found = await lookup(name, { all: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`the load script cannot connect to ${name}: no address found (${cause.code ?? cause.message})`, { cause });
  });
  return found.map(({ address }) => address);
}

/** k6 prefers IPv4 too (its option `dns`). */
function preferred(addresses: readonly string[]): string[] {
  const v4 = addresses.filter((address) => isIPv4(address));
  return [...new Set(v4.length > 0 ? v4 : addresses)];
}

function pins({ name, ports, addresses }: Place): [string, string][] {
  const address = addresses[0] ?? NOWHERE;
  return ports.flatMap((port): [string, string][] => {
    const to = isIPv4(address) ? `${address}:${port}` : `[${address}]:${port}`;
    // k6 does not accept an IPv6 address as a host name.
    return [name, address].filter((key) => isIP(key) !== 6).map((key) => [`${key}:${port}`, to]);
  });
}

/** CIDR ranges that cover every address except these: for one IPv4 address 32 ranges, and `::/0`. */
export function allBut(addresses: readonly string[]): string[] {
  const v4 = addresses.filter((address) => isIPv4(address)).map((address) => numberOf(address.split('.'), 8, 10));
  const v6 = addresses.filter((address) => isIP(address) === 6).map((address) => numberOf(groupsOf(address), 16, 16));
  return [...without(v4, 32).map((range) => cidr(range, 8, 10, '.')), ...without(v6, 128).map((range) => cidr(range, 16, 16, ':'))];
}

interface Range {
  first: bigint;
  /** Leading bits that all its addresses share. */
  prefix: number;
  bits: number;
}

/** Halves the range until each half contains none of the addresses, or is one of them. */
function without(addresses: readonly bigint[], bits: number, first = 0n, prefix = 0): Range[] {
  const sizeBits = BigInt(bits - prefix);
  const inside = addresses.filter((address) => address >> sizeBits === first >> sizeBits);
  if (inside.length === 0) return [{ first, prefix, bits }];
  if (prefix === bits) return [];
  const half = 1n << (sizeBits - 1n);
  return [...without(inside, bits, first, prefix + 1), ...without(inside, bits, first + half, prefix + 1)];
}

const numberOf = (groups: readonly string[], groupBits: number, radix: number): bigint =>
  groups.reduce((sum, group) => (sum << BigInt(groupBits)) + BigInt(Number.parseInt(group, radix)), 0n);

function cidr({ first, prefix, bits }: Range, groupBits: number, radix: number, separator: string): string {
  const mask = (1n << BigInt(groupBits)) - 1n;
  const groups = Array.from({ length: bits / groupBits }, (_, index) => (first >> BigInt(bits - (index + 1) * groupBits)) & mask);
  return `${groups.map((group) => group.toString(radix)).join(separator)}/${prefix}`;
}

/** The eight groups of an IPv6 address. URL normalises every spelling: at most one `::`, and IPv4 parts as groups. */
function groupsOf(address: string): string[] {
  const [unscoped = ''] = address.split('%');
  const [left = '', right] = new URL(`http://[${unscoped}]`).hostname.slice(1, -1).split('::');
  const [before, after] = [left, right ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]];
  return right === undefined ? before : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}
