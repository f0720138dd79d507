// The switch and fault endpoints of the real shop: the fake of the unit tests answers as they do, and the effects of a drill work on real processes.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { operationOf } from '../activities/effects/effect.ts';
import { lastWriteAtMs } from '../activities/kubernetes/converge-write.ts';
import { FakeAdmin } from '../activities/testing/fake-admin.ts';
import { FakeClusterApi, target } from '../activities/testing/fake-cluster-api.ts';
import { podAt } from '../activities/testing/fake-admin-pods.ts';
import { countdown, FAULTS, WANTED } from '../activities/testing/one-drill.ts';
import { entryOf, fakeEffects } from '../activities/testing/one-effect.ts';
import { goBuild } from '../lab/go-build.ts';

/** The first build of the shop compiles its dependencies. */
jest.setTimeout(300_000);

const HOSTS = ['127.0.18.1', '127.0.18.2', '127.0.18.3'];
let folder: string;
let port: number;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shop-'));
  // With the flags of the lab, whose compiled packages it shares.
  const files = { output: join(folder, 'go-api'), log: join(folder, 'build.log') };
  await goBuild({ title: 'the shop', module: resolve('lab/target'), packages: ['./cmd/go-api'], ...files });
  port = await freePort();
  for (const host of HOSTS) await startShop(host);
});
afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  return free;
}

/** It needs no database for its admin port. */
async function startShop(host: string): Promise<void> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    LISTEN: `${host}:0`,
    PPROF_LISTEN: `${host}:${port}`,
    DATABASE_URL: 'postgres://shop@127.0.0.1:1/shop',
  };
  processes.push(spawn(join(folder, 'go-api'), [], { env, stdio: 'ignore' }));
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(`http://${host}:${port}/admin/faults`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await pause(50);
  }
  throw new Error(`the shop does not answer at ${host}:${port}`);
}

interface Shown {
  status: number;
  reason?: unknown;
  view?: unknown;
}

/** What both sides must agree on: no times, no texts. */
function shown(status: number, json: Record<string, unknown>): Shown {
  if (json['reason'] !== undefined) return { status, reason: json['reason'] };
  const state = (json['switch'] ?? json) as Record<string, unknown>;
  if (state['name'] !== undefined) {
    const { name, value, source, readonly, who, operation, until } = state;
    return {
      status,
      view: { name, value, source, readonly, who, operation, ends: until !== undefined, repeated: json['repeated'] === true },
    };
  }
  const operations = (json['operations'] ?? []) as Record<string, unknown>[];
  return { status, view: { armed: json['armed'], operations: operations.map((each) => ({ ...each, until: undefined })) } };
}

async function real(method: string, path: string, body?: string): Promise<Shown> {
  const response = await fetch(`http://${HOSTS[0]}:${port}${path}`, { method, ...(body === undefined ? {} : { body }) });
  return shown(response.status, (await response.json()) as Record<string, unknown>);
}

const SWITCH = '/admin/switches/pricing';
const put = (path: string, body: object): [string, string, string] => ['PUT', path, JSON.stringify(body)];
const off = { value: false, who: 'tminus', operation: 'op-1', expected: true, expectedOperation: '', ttl: '600000ms' };
const arm = { operation: 'arm-1', who: 'tminus', ttl: '600000ms', faults: FAULTS };

const conversation: [method: string, path: string, body?: string][] = [
  ['GET', SWITCH],
  ['GET', '/admin/switches/none'],
  put('/admin/switches/none', off),
  put('/admin/switches/breakers', { ...off, operation: 'op-0' }),
  put(SWITCH, { ...off, expected: false }),
  put(SWITCH, { ...off, expectedOperation: 'other' }),
  put(SWITCH, { ...off, ttl: '25h' }),
  put(SWITCH, { ...off, ttl: '0s' }),
  put(SWITCH, { ...off, who: '' }),
  put(SWITCH, { ...off, operation: 'x'.repeat(257) }),
  put(SWITCH, { ...off, unknown: 1 }),
  put(SWITCH, { ...off, value: 'false' }),
  put(SWITCH, { value: null, who: 'tminus', ttl: '1s' }),
  ['PUT', SWITCH, 'not JSON'],
  put(SWITCH, off),
  put(SWITCH, off),
  put(SWITCH, { ...off, ttl: '1m' }),
  ['GET', SWITCH],
  put(SWITCH, { value: false, who: 'li.wei' }),
  put(SWITCH, { value: null, who: 'tminus', operation: 'op-1#restore', expectedOperation: 'op-1' }),
  put(SWITCH, { value: null, who: 'li.wei' }),
  put(SWITCH, off),
  put(SWITCH, { ...off, operation: 'op-2', ttl: '600000ms' }),
  put(SWITCH, { value: null, who: 'tminus', operation: 'op-2#restore', expectedOperation: 'op-2' }),
  put(SWITCH, { value: null, who: 'tminus', operation: 'op-2#restore', expectedOperation: 'op-2' }),
  ['GET', SWITCH],
  ['GET', '/admin/faults'],
  put('/admin/faults', { ...arm, ttl: '' }),
  put('/admin/faults', { ...arm, ttl: '25h' }),
  put('/admin/faults', { ...arm, who: '' }),
  put('/admin/faults', { ...arm, faults: {} }),
  put('/admin/faults', { ...arm, faults: { none: '' } }),
  put('/admin/faults', { ...arm, unknown: '' }),
  put('/admin/faults', arm),
  put('/admin/faults', arm),
  put('/admin/faults', { ...arm, ttl: '1m' }),
  put('/admin/faults', { ...arm, operation: 'arm-2' }),
  put('/admin/faults', { ...arm, operation: 'arm-3', faults: { 'slow-order': '' } }),
  ['DELETE', '/admin/faults'],
  ['DELETE', '/admin/faults?operation=arm-1'],
  ['DELETE', '/admin/faults?operation=arm-1'],
  put('/admin/faults', arm),
  ['DELETE', '/admin/faults?operation=arm-3'],
  ['DELETE', '/admin/faults?operation=never'],
  put('/admin/faults', { ...arm, operation: 'never' }),
];

describe('the fake admin port', () => {
  it('answers as the real one does', async () => {
    const fake = new FakeAdmin();
    for (const [method, path, body] of conversation) {
      const { status, json } = fake.handle(method, path, body ?? '');
      expect({ method, path, body, ...shown(status, json) }).toEqual({ method, path, body, ...(await real(method, path, body)) });
    }
  });

  it('ends switches and faults after their TTL as the real one does', async () => {
    const fake = new FakeAdmin();
    const short = [
      put(SWITCH, { ...off, operation: 'short', ttl: '300ms' }),
      put('/admin/faults', { ...arm, operation: 'short', ttl: '300ms' }),
    ];
    for (const [method, path, body] of short) {
      expect(shown(...answerOf(fake, method, path, body))).toEqual(await real(method, path, body));
    }
    await pause(500);
    fake.nowMs += 500;
    for (const [method, path, body] of [['GET', SWITCH], ['GET', '/admin/faults'], ...short] as [string, string, string?][])
      expect(shown(...answerOf(fake, method, path, body))).toEqual(await real(method, path, body));
  });
});

function answerOf(fake: FakeAdmin, method: string, path: string, body = ''): [number, Record<string, unknown>] {
  const { status, json } = fake.handle(method, path, body);
  return [status, json];
}

describe('the effects of a drill on three real processes', () => {
  const world = async () => {
    const api = new FakeClusterApi();
    api.seen = (pods) => HOSTS.flatMap((ip) => (pods[0] ? [podAt(pods[0], ip, true)] : []));
    return fakeEffects(api, await mkdtemp(join(folder, 'evidence-')), { adminPort: port });
  };
  const pages = (path: string) => Promise.all(HOSTS.map(async (host) => (await fetch(`http://${host}:${port}${path}`)).json()));

  it.each([
    ['service-switch', 'shop/go-api/switch/pricing', { switch: 'pricing' }, SWITCH],
    ['service-fault', 'shop/go-api/fault', { settings: FAULTS }, '/admin/faults'],
  ] as const)('%s is applied, read back and restored', async (kind, key, settings, path) => {
    const effect = (await world())[kind];
    const asked = { kind, target: { cluster: 'lab', key }, generation: 1, countdown, settings: { deployment: target, ...settings } };
    const clean = (await pages(path)).map(stable);
    const { before } = await effect.capture(asked);
    const entry = { ...entryOf(before, countdown), id: `real/${kind}`, kind };
    const operation = operationOf(entry, countdown);
    await expect(effect.apply(operation, before, WANTED[kind], lastWriteAtMs())).resolves.toMatchObject({ wrote: true });
    await expect(effect.apply(operation, before, WANTED[kind], lastWriteAtMs())).resolves.toMatchObject({ wrote: false });
    for (const page of await pages(path)) expect(JSON.stringify(page)).toContain(`real/${kind}`);
    const write = await effect.restore(operation, before, lastWriteAtMs());
    await expect(effect.prove(entry, before, write, null)).resolves.toMatchObject({ restored: true, leftAlone: false });
    expect((await pages(path)).map(stable)).toEqual(clean);
  });

  /** Without the time of the last change. */
  const stable = (page: unknown) => ({ ...(page as Record<string, unknown>), since: undefined });
});
