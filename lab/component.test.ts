import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentStates, killNow, startAll, stop } from './component.ts';
import type { Component } from './component.ts';
import { claim, becomeOwner } from './owner.ts';
import { paths } from './paths.ts';
import type { LabPaths } from './paths.ts';

const running: LabPaths[] = [];

/** A lab of our own below /tmp, with nothing in it but the processes of the test. */
function emptyLab(checkout = process.cwd()): LabPaths {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-component-'));
  const at = (name: string) => join(folder, name);
  const lab = {
    ...paths({ TMINUS_LAB_DIR: at('state') }),
    checkout,
    logs: at('logs'),
    data: at('data'),
    run: at('run'),
    processes: at('run/processes'),
    owner: at('run/owner.json'),
  };
  mkdirSync(lab.data);
  running.push(lab);
  return lab;
}

afterEach(async () => {
  for (const lab of running.splice(0)) for (const { name } of componentStates(lab)) await stop(lab, name);
});

const lasting = (name: string, change: Partial<Component> = {}): Component => ({
  name,
  argv: ['sleep', '60'],
  ready: async () => undefined,
  ...change,
});
const quiet = () => undefined;

test('starts a component only after those it needs are ready', async () => {
  const lab = emptyLab();
  const order: string[] = [];
  let asked = 0;
  const etcd = lasting('etcd', {
    ready: async () => {
      asked += 1;
      if (asked < 3) return 'not yet';
      order.push('etcd ready');
      return undefined;
    },
  });
  const apiserver = lasting('apiserver', {
    after: ['etcd'],
    prepare: { what: 'x', work: async () => void order.push('apiserver starts') },
  });
  expect(await startAll(lab, [etcd, apiserver], quiet)).toEqual(['etcd', 'apiserver']);
  expect(order).toEqual(['etcd ready', 'apiserver starts']);
});

test('prints what a start waits for, and does not count its preparation as start time', async () => {
  const lab = emptyLab();
  const printed: string[] = [];
  const prepare = { what: 'images are compiled', work: () => new Promise<void>((done) => setTimeout(done, 400)) };
  let asked = 0;
  const ready = async () => ((asked += 1) === 1 ? 'the node is not ready' : undefined);
  const patience = { readyTimeoutMs: 300, progressEveryMs: 100 };
  expect(await startAll(lab, [lasting('kubelet', { prepare, ready })], (line) => void printed.push(line), patience)).toEqual(['kubelet']);
  expect(printed[0]).toMatch(/^wait  kubelet {12}images are compiled, 0\.\d s$/);
});

test('leaves what runs as it is, and starts again only what was killed', async () => {
  const lab = emptyLab();
  const rows = [lasting('etcd'), lasting('redis')];
  await startAll(lab, rows, quiet);
  const before = componentStates(lab);
  expect(await killNow(lab, 'redis')).toBe(true);
  expect(componentStates(lab).map(({ name, alive }) => [name, alive])).toEqual([
    ['etcd', true],
    ['redis', false],
  ]);
  expect(await startAll(lab, rows, quiet)).toEqual(['redis']);
  expect(componentStates(lab).find(({ name }) => name === 'etcd')?.pid).toBe(before.find(({ name }) => name === 'etcd')?.pid);
});

test('fails with the end of the log when a component ends before it is ready', async () => {
  const lab = emptyLab();
  const broken = lasting('etcd', { argv: ['sh', '-c', 'echo cannot bind port 2379; exit 1'], ready: async () => 'not ready' });
  await expect(startAll(lab, [broken], quiet)).rejects.toThrow(/etcd ended before it was ready[^]*cannot bind port 2379/);
});

test('names the missing program', async () => {
  await expect(startAll(emptyLab(), [lasting('etcd', { argv: ['/nowhere/etcd'] })], quiet)).rejects.toThrow(
    'etcd does not start: spawn /nowhere/etcd ENOENT',
  );
});

test('gives components neither proxies nor credentials of the caller', async () => {
  const lab = emptyLab();
  process.env['HTTPS_PROXY'] = 'http://proxy.example:3128';
  const file = join(lab.data, 'environment');
  const row = lasting('etcd', {
    argv: ['sh', '-c', `env > ${file}.draft; mv ${file}.draft ${file}; exec sleep 60`],
    ready: async () => (readOrEmpty(file) === '' ? 'not written' : undefined),
  });
  try {
    await startAll(lab, [row], quiet);
  } finally {
    delete process.env['HTTPS_PROXY'];
  }
  expect(readOrEmpty(file)).toContain('PATH=');
  expect(readOrEmpty(file)).not.toContain('proxy');
});

test('reports the owner of the lab', async () => {
  const lab = emptyLab();
  expect(claim(lab)).toBe('free');
  becomeOwner(lab);
  expect(claim(lab)).toBe('abandoned');
  await startAll(lab, [lasting('etcd')], quiet);
  expect(claim(lab)).toBe('ours');
  const another = { ...lab, state: '/elsewhere/.lab' };
  expect(claim(another)).toBe('taken');
  await killNow(lab, 'etcd');
  expect(claim(another)).toBe('abandoned');
});

test('allows a takeover of a lab whose checkout was deleted while it ran', async () => {
  const lab = emptyLab('/deleted/checkout');
  becomeOwner(lab);
  await startAll(lab, [lasting('etcd')], quiet);
  expect(claim({ ...lab, state: '/elsewhere/.lab' })).toBe('abandoned');
});

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
