import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pauseRecipe } from './images/images.ts';
import { paths } from './paths.ts';
import { provide } from './provide.ts';
import { fakeGo, restoreGo } from './testing/fake-go.ts';
import type { FakeGo } from './testing/fake-go.ts';
import { findTool } from './tools/tools.ts';
import type { Tool } from './tools/tools.ts';

let go: FakeGo;
let told: string[];
const progress = (line: string) => void told.push(line);
beforeEach(() => {
  go = fakeGo('k6 v1.8.1');
  told = [];
});
afterEach(restoreGo);

const tool = (name: string): Tool => findTool(name)?.tool ?? fail(name);
const fail = (name: string) => {
  throw new Error(`${name} is not a tool`);
};
const emptyLab = () => paths({ TMINUS_LAB_DIR: mkdtempSync(join(tmpdir(), 'tminus-provide-')) });

test('compiles the standard library first and alone, then tools and images, and nothing the second time', async () => {
  const lab = emptyLab();
  const parts = await provide(lab, [tool('k6')], [pauseRecipe], progress);
  expect(parts.map(({ name }) => name).toSorted()).toEqual(['images', 'k6 1.8.1', 'standard library of Go']);
  expect(parts[0]?.name).toBe('standard library of Go');
  expect(go.calls()[0]).toMatch(/ net\/http\/pprof os\/user$/);
  expect(go.calls()).toHaveLength(3);
  told = [];
  expect(await provide(lab, [tool('k6')], [pauseRecipe], progress)).toEqual([]);
  expect(told).toEqual(['tool  k6 1.8.1  cached']);
  expect(go.calls()).toHaveLength(3);
});

test('takes a tool in PATH of the same minor version, names it in one line, and builds nothing', async () => {
  const path = join(go.folder, 'bin/k6');
  writeFileSync(path, '#!/bin/sh\necho "k6 v1.8.7 (go1.26.8, linux/amd64)"\n', { mode: 0o755 });
  expect(await provide(emptyLab(), [tool('k6')], [], progress)).toEqual([]);
  expect(told).toEqual([`tool  k6 1.8.7  ${path}, from PATH`]);
  expect(go.calls()).toEqual([]);
});

test('builds of a tool only the binaries that the user did not bring', async () => {
  go.play('Kubernetes v1.35.8');
  for (const name of ['kubelet', 'kubectl'])
    writeFileSync(join(go.folder, 'bin', name), '#!/bin/sh\necho Kubernetes v1.35.1\n', { mode: 0o755 });
  await provide(emptyLab(), [tool('kubernetes')], [], progress);
  expect(told.filter((line) => line.includes('building'))).toEqual([
    'tool  kubernetes 1.35.8  building kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy',
  ]);
});
