import { BlockList, isIPv4 } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allBut, reachOf, resolveReach } from './k6-reach.ts';

const family = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');
/** As Go reads a range: an IPv4 address is in no IPv6 range. Node's list would take it for one that is mapped. */
function blocks(ranges: readonly string[]): (address: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/');
    lists[family(network)].addSubnet(network, Number(prefix), family(network));
  }
  return (address) => lists[family(address)].check(address, family(address));
}

describe('the ranges that are blocked', () => {
  it('hold every address but the allowed ones', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }), fc.oneof(fc.ipV4(), fc.ipV6()), (allowed, other) => {
        const blocked = blocks(allBut(allowed));
        for (const address of allowed) expect(blocked(address)).toBe(false);
        const same = (a: string, b: string) =>
          family(a) === family(b) && new URL(`http://${bracketed(a)}`).host === new URL(`http://${bracketed(b)}`).host;
        expect(blocked(other)).toBe(!allowed.some((address) => same(address, other)));
      }),
    );
  });

  it('hold the neighbours of an address, loopback, link-local and metadata addresses', () => {
    const blocked = blocks(allBut(['10.0.0.7']));
    const others = [
      '10.0.0.6',
      '10.0.0.8',
      '127.0.0.1',
      '169.254.169.254',
      '0.0.0.0',
      '255.255.255.255',
      '::1',
      'fe80::1',
      'fd00:ec2::254',
    ];
    expect(others.filter((address) => !blocked(address))).toEqual([]);
    expect(allBut(['10.0.0.7'])).toHaveLength(33);
  });

  it('are two without an allowed address', () => {
    expect(allBut([])).toEqual(['0.0.0.0/0', '0:0:0:0:0:0:0:0/0']);
  });
});

const bracketed = (address: string) => (isIPv4(address) ? address : `[${address}]`);

describe('what a script may reach', () => {
  const target = { name: 'shop.example', ports: [8080], addresses: ['10.0.0.7'] };

  it('is one port of the target; every other name and port leads nowhere', () => {
    expect(reachOf(target, [])).toMatchObject({
      hosts: { 'shop.example:8080': '10.0.0.7:8080', '10.0.0.7:8080': '10.0.0.7:8080', '*': '255.255.255.255' },
      noProxy: ['shop.example', '10.0.0.7'],
    });
  });

  it('is also what the environment file adds', () => {
    const login = { name: 'login.example', ports: [443, 80], addresses: ['10.0.1.1', '10.0.1.2'] };
    const { hosts, blacklist } = reachOf(target, [login]);
    expect(hosts).toMatchObject({ 'login.example:443': '10.0.1.1:443', 'login.example:80': '10.0.1.1:80' });
    expect(['10.0.0.7', '10.0.1.1', '10.0.1.2'].map(blocks(blacklist))).toEqual([false, false, true]);
  });

  it('is every address of a target that has several, and no wildcard catches them', () => {
    const { hosts, blacklist } = reachOf({ ...target, addresses: ['10.0.0.7', '10.0.0.8', 'fd00::1'] }, []);
    expect(hosts).toEqual({});
    expect(['10.0.0.7', '10.0.0.8', 'fd00::1', '10.0.0.9'].map(blocks(blacklist))).toEqual([false, false, true, true]);
  });

  it.each([
    ['http://shop.example', 'shop.example', 80],
    ['https://shop.example/base/', 'shop.example', 443],
    ['http://127.0.0.1:30080', '127.0.0.1', 30_080],
    ['http://[::1]:8080', '::1', 8080],
  ])('is read from the target %s', async (url, name, port) => {
    const asked: string[] = [];
    const { hosts, noProxy } = await resolveReach(url, [], async (each) => {
      asked.push(each);
      return [each === 'shop.example' ? '10.0.0.7' : each];
    });
    expect(asked).toEqual([name]);
    expect(noProxy[0]).toBe(name);
    expect(hosts[`${name}:${port}`]).toBe(name === '::1' ? undefined : `${name === 'shop.example' ? '10.0.0.7' : name}:${port}`);
  });

  it('is not known where a name has no address, and the message names it', async () => {
    await expect(resolveReach('http://no-such-host.invalid', [])).rejects.toThrow(
      /^the load script cannot connect to no-such-host\.invalid: no address found/,
    );
  });
});
