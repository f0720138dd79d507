import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildKey, lookUp, tellsVersion, toolCache, toolPath, variableOf } from './build.ts';
import { findTool, tools } from './tools.ts';
import type { Tool } from './tools.ts';

const { tool, binary } =
  findTool('kube-proxy') ??
  (() => {
    throw new Error('kube-proxy is a tool');
  })();

function program(folder: string, words: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'kube-proxy');
  writeFileSync(path, `#!/bin/sh\necho "${words}"\n`);
  chmodSync(path, 0o755);
  return path;
}

const fresh = () => mkdtempSync(join(tmpdir(), 'tminus-tools-'));

test('takes the program the variable names, before one in PATH', () => {
  const folder = fresh();
  const named = program(join(folder, 'named'), 'anything');
  program(join(folder, 'path'), 'Kubernetes v1.35.8');
  expect(lookUp(tool, binary, { TMINUS_TOOL_KUBE_PROXY: named, PATH: join(folder, 'path') })).toBe(named);
});

test('refuses a variable that names no program, instead of silently building another', () => {
  expect(() => lookUp(tool, binary, { TMINUS_TOOL_KUBE_PROXY: '/nowhere/kube-proxy', PATH: '' })).toThrow(
    'TMINUS_TOOL_KUBE_PROXY is /nowhere/kube-proxy, and no program is there',
  );
});

test('takes the first program in PATH that tells the pinned version, and passes by older ones', () => {
  const folder = fresh();
  program(join(folder, 'old'), 'Kubernetes v1.35.80');
  const right = program(join(folder, 'right'), 'Kubernetes v1.35.8');
  expect(lookUp(tool, binary, { PATH: `${join(folder, 'empty')}:${join(folder, 'old')}:${join(folder, 'right')}` })).toBe(right);
});

test('finds nothing where PATH has only another version', () => {
  const folder = fresh();
  program(folder, 'Kubernetes v1.34.1');
  expect(lookUp(tool, binary, { PATH: folder })).toBeUndefined();
});

test.each([
  ['etcd Version: 3.6.14', '3.6.14', true],
  ['prometheus, version 3.7.3 (branch: , revision: unknown)', '3.7.3', true],
  ['k6 v1.8.10 (go1.26.8, linux/amd64)', '1.8.1', false],
  ['temporal version 11.32.0', '1.32.0', false],
  ['version 1x35x8', '1.35.8', false],
])('reads %j for %s as %s', (words, version, expected) => {
  expect(tellsVersion(words, version)).toBe(expected);
});

test.each<[string, Partial<Tool>, string, string, string]>([
  ['module', {}, 'module b', 'sum', 'linux/x64'],
  ['sums', {}, 'module a', 'other sum', 'linux/x64'],
  ['stamps', { stamps: ['a.b=c'] }, 'module a', 'sum', 'linux/x64'],
  ['platform', {}, 'module a', 'sum', 'linux/arm64'],
  // The boundary between the two files counts, too.
  ['split of the files', {}, 'module as', 'um', 'linux/x64'],
])('builds anew when the %s changes', (_, change, goMod, goSum, platform) => {
  expect(buildKey({ ...tool, ...change }, goMod, goSum, platform)).not.toBe(buildKey(tool, 'module a', 'sum', 'linux/x64'));
});

test('keeps built tools where the user keeps caches', () => {
  expect(toolCache({ TMINUS_CACHE: '/c', XDG_CACHE_HOME: '/x' })).toBe('/c/tminus/tools');
  expect(toolCache({ XDG_CACHE_HOME: '/x' })).toBe('/x/tminus/tools');
  expect(toolCache({})).toMatch(/\/\.cache\/tminus\/tools$/);
});

test('names the tools it knows when asked for another', async () => {
  await expect(toolPath('kubectx', () => undefined)).rejects.toThrow(/no tool kubectx; it knows etcd, etcdctl, kube-apiserver/);
});

test('knows a tool by its name and by each of its binaries', () => {
  expect(findTool('compose')?.binary.name).toBe('docker-compose');
  expect(variableOf('temporal-server')).toBe('TMINUS_TOOL_TEMPORAL_SERVER');
});

/** Prometheus numbers its Go module otherwise: 3.7.3 is v0.307.3. */
const moduleVersion = ({ name, version }: Tool) =>
  name === 'prometheus' || name === 'promtool'
    ? version.replace(/^(\d+)\.(\d+)\./, (_, major: string, minor: string) => `0.${major}${minor.padStart(2, '0')}.`)
    : version;

test.each(tools.map((pinned): [string, Tool] => [pinned.name, pinned]))(
  'the wrapper module of %s pins the version the manifest says',
  (_, pinned) => {
    const goMod = readFileSync(join(import.meta.dirname, pinned.name, 'go.mod'), 'utf8');
    const required = goMod.split('\n').map((line) =>
      line
        .trim()
        .replace(/^require /, '')
        .split(' '),
    );
    for (const { goPackage } of pinned.binaries) {
      expect(goMod).toMatch(new RegExp(`^(tool |\\t)${goPackage.replaceAll('.', '\\.')}$`, 'm'));
      const versions = required
        .filter(([module]) => module !== undefined && (goPackage === module || goPackage.startsWith(`${module}/`)))
        .map(([, version]) => version);
      expect(versions).toContain(`v${moduleVersion(pinned)}`);
    }
  },
);
