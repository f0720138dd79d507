import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts, lookUp, variableOf, versionIn } from './look-up.ts';
import { tools } from './tools.ts';
import type { Tool, ToolBinary } from './tools.ts';

const proxy: ToolBinary = { name: 'kube-proxy', goPackage: 'k8s.io/kubernetes/cmd/kube-proxy', versionArguments: ['--version'] };
const kubernetes = { name: 'kubernetes', version: '1.35.8', acceptedInPath: 'minor', binaries: [proxy] } as Partial<Tool> as Tool;
const exact: Tool = { ...kubernetes, acceptedInPath: 'exact' };

function program(folder: string, words: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'kube-proxy');
  writeFileSync(path, `#!/bin/sh\necho "${words}"\n`);
  chmodSync(path, 0o755);
  return path;
}

const fresh = () => mkdtempSync(join(tmpdir(), 'tminus-tools-'));

test('takes the program the variable names in any version, before one in PATH', () => {
  const folder = fresh();
  const named = program(join(folder, 'named'), 'Kubernetes v1.30.1');
  program(join(folder, 'path'), 'Kubernetes v1.35.8');
  expect(lookUp(kubernetes, proxy, { TMINUS_TOOL_KUBE_PROXY: named, PATH: join(folder, 'path') })).toEqual({
    path: named,
    version: '1.30.1',
    from: 'variable',
  });
});

test('refuses a variable that names no program, instead of building one silently', () => {
  expect(() => lookUp(kubernetes, proxy, { TMINUS_TOOL_KUBE_PROXY: '/nowhere/kube-proxy', PATH: '' })).toThrow(
    'TMINUS_TOOL_KUBE_PROXY=/nowhere/kube-proxy is not an executable file; correct it or unset it',
  );
});

test('takes the first program in PATH with the same minor version, and passes by others', () => {
  const folder = fresh();
  program(join(folder, 'old'), 'Kubernetes v1.34.8');
  const right = program(join(folder, 'right'), 'Kubernetes v1.35.2');
  program(join(folder, 'later'), 'Kubernetes v1.35.8');
  const PATH = ['empty', 'old', 'right', 'later'].map((name) => join(folder, name)).join(':');
  expect(lookUp(kubernetes, proxy, { PATH })).toEqual({ path: right, version: '1.35.2', from: 'PATH' });
});

test('takes only the pinned version of a tool that is not accepted by minor version', () => {
  const folder = fresh();
  program(join(folder, 'patch'), 'Kubernetes v1.35.9');
  const right = program(join(folder, 'right'), 'Kubernetes v1.35.8');
  expect(lookUp(exact, proxy, { PATH: `${join(folder, 'patch')}:${join(folder, 'right')}` })?.path).toBe(right);
  expect(lookUp(exact, proxy, { PATH: join(folder, 'patch') })).toBeUndefined();
});

test('finds nothing where a program in PATH prints no version', () => {
  const folder = fresh();
  program(folder, 'usage: kube-proxy');
  expect(lookUp(kubernetes, proxy, { PATH: folder })).toBeUndefined();
});

test.each<[string, 'exact' | 'minor', boolean]>([
  ['1.35.8', 'exact', true],
  ['1.35.7', 'exact', false],
  ['1.35.0', 'minor', true],
  ['1.35.19', 'minor', true],
  ['1.3.5', 'minor', false],
  ['1.36.8', 'minor', false],
  ['2.35.8', 'minor', false],
])('takes %s for 1.35.8, %s: %s', (reported, acceptedInPath, expected) => {
  expect(accepts({ version: '1.35.8', acceptedInPath }, reported)).toBe(expected);
});

test('accepts by minor version what the lab does not depend on in each patch: Kubernetes, Prometheus and k6', () => {
  const names = tools.filter(({ acceptedInPath }) => acceptedInPath === 'minor').map(({ name }) => name);
  expect(names).toEqual(['kubernetes', 'k6', 'prometheus', 'promtool']);
});

test.each([
  ['etcd Version: 3.6.14\nGit SHA: Not provided\nGo Version: go1.26.8', '3.6.14', '3.6.14'],
  ['prometheus, version 3.7.3 (branch: , revision: unknown)', '3.7.3', '3.7.3'],
  ['k6 v1.8.10 (go1.26.8, linux/amd64)', '1.8.1', '1.8.10'],
  ['a program (go1.8.1, linux/amd64)', '1.8.1', undefined],
  ['temporal version 11.32.0', '1.32.0', '11.32.0'],
  ['Kubernetes v1.35.8+k3s1', '1.35.8', '1.35.8'],
  ['Kubernetes v1.35.8-rc.1', '1.35.8', undefined],
  ['Client Version: v1.35.8\nKustomize Version: v5.7.1', '1.35.8', '1.35.8'],
  ['library 5.7.1\nprogram 1.35.8', '1.35.8', '1.35.8'],
  ['version 1x35x8', '1.35.8', undefined],
])('reads in %j, with %s pinned, the version %s', (text, pinned, expected) => {
  expect(versionIn(text, pinned)).toBe(expected);
});

test('names the variable of a binary in capitals and underscores', () => {
  expect(variableOf('temporal-server')).toBe('TMINUS_TOOL_TEMPORAL_SERVER');
});
