import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeGo, restoreGo } from '../testing/fake-go.ts';
import type { FakeGo } from '../testing/fake-go.ts';
import { buildBinaries, buildKey, toolCache, toolPath, toolPlace, unbuilt, versionInUse, wrongTools } from './build.ts';
import { findTool, tools } from './tools.ts';
import type { Tool } from './tools.ts';

const tool = tools.find(({ name }) => name === 'kubernetes')!;

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

test('names the tools there are when asked for another', async () => {
  await expect(toolPath('kubectx', () => undefined)).rejects.toThrow(
    /kubectx is not a tool of the lab; its tools are etcd, kube-apiserver/,
  );
});

test('finds a tool by its name and by each of its binaries', () => {
  expect(findTool('compose')?.binary.name).toBe('docker-compose');
  expect(findTool('kubelet')?.tool.name).toBe('kubernetes');
});

describe('with a go that a test plays', () => {
  let go: FakeGo;
  beforeEach(() => {
    go = fakeGo();
  });
  afterEach(restoreGo);

  test('builds the one binary that is asked for, once', async () => {
    go.play('Client Version: v1.35.8');
    expect(toolPlace('kubectl')).toMatch(/tools\/kubernetes-[0-9a-f]{16}\/kubectl$/);
    expect(await toolPath('kubectl', () => undefined)).toBe(toolPlace('kubectl'));
    await toolPath('kubectl', () => undefined);
    expect(go.calls()).toEqual([expect.stringMatching(/ k8s\.io\/kubernetes\/cmd\/kubectl$/)]);
    expect(unbuilt(tool, tool.binaries).map(({ name }) => name)).not.toContain('kubectl');
  });

  test('builds all binaries of a tool that is asked for by its own name', async () => {
    go.play('Kubernetes v1.35.8');
    expect(await toolPath('kubernetes', () => undefined)).toBe(toolPlace('kube-apiserver'));
    expect(unbuilt(tool, tool.binaries)).toEqual([]);
  });

  test('builds the missing binaries of a tool with one command', async () => {
    go.play('Kubernetes v1.35.8');
    const said: string[] = [];
    await buildBinaries(tool, tool.binaries.slice(0, 2), (line) => void said.push(line));
    expect(go.calls()).toEqual([
      expect.stringMatching(/ k8s\.io\/kubernetes\/cmd\/kube-apiserver k8s\.io\/kubernetes\/cmd\/kube-controller-manager$/),
    ]);
    expect(said).toEqual([
      'tool  kubernetes 1.35.8  building kube-apiserver, kube-controller-manager',
      expect.stringMatching(/^tool {2}kubernetes 1\.35\.8 {2}built in \d+ s, \d+ CPU s$/),
    ]);
  });

  test('refuses a binary that reports another version than the pinned one, and keeps nothing of it', async () => {
    go.play('Client Version: v1.35.7');
    await expect(toolPath('kubectl', () => undefined)).rejects.toThrow('kubectl was built, but reports 1.35.7 instead of 1.35.8');
    expect(existsSync(toolPlace('kubectl'))).toBe(false);
  });

  test('leaves no binary in the cache when the build is killed after its first one was written, and builds anew', async () => {
    go.play('Kubernetes v1.35.8', 'kill -KILL $$');
    await expect(buildBinaries(tool, tool.binaries.slice(0, 2), () => undefined)).rejects.toThrow(
      /go build of kubernetes 1\.35\.8 failed with exit code 137; the whole log is .*\/tools\/kubernetes-[0-9a-f]{16}\.log/,
    );
    expect(unbuilt(tool, tool.binaries)).toHaveLength(tool.binaries.length);
    go.play('Kubernetes v1.35.8');
    await buildBinaries(tool, tool.binaries.slice(0, 2), () => undefined);
    expect(unbuilt(tool, tool.binaries)).toHaveLength(tool.binaries.length - 2);
    expect(readdirSync(join(go.folder, 'tminus/tools')).filter((name) => name.includes('draft'))).toEqual([]);
  });

  test('compiles a slim main package with the imports of its row, and refuses when upstream no longer has the replaced one', async () => {
    const upstream = join(go.folder, 'upstream');
    mkdirSync(upstream);
    go.list(upstream);
    go.play('prometheus, version 3.7.3', `cp main.go "${go.folder}/compiled.go"`);
    writeFileSync(join(upstream, 'main.go'), 'import (\n\t"os"\n\t_ "github.com/prometheus/prometheus/plugins" // all\n)\n');
    await toolPath('prometheus', () => undefined);
    const names = ['file', 'http', 'kubernetes'].map((name) => `\t_ "github.com/prometheus/prometheus/discovery/${name}"`);
    expect(readFileSync(join(go.folder, 'compiled.go'), 'utf8')).toBe(`import (\n\t"os"\n${names.join('\n')} // all\n)\n`);
    writeFileSync(join(upstream, 'main.go'), 'import "os"\n');
    await expect(toolPath('promtool', () => undefined)).rejects.toThrow(
      'github.com/prometheus/prometheus/cmd/promtool does not import github.com/prometheus/prometheus/plugins',
    );
  });

  test('finds a cached binary that does not report its pinned version any more', async () => {
    go.play('Client Version: v1.35.8');
    const path = await toolPath('kubectl', () => undefined);
    expect(wrongTools()).toEqual([]);
    writeFileSync(path, 'half a file');
    expect(wrongTools()).toEqual([{ path, pinned: '1.35.8', reported: undefined }]);
  });

  test('reports the version of a program the user brought, and the pinned one where there is none', () => {
    expect(versionInUse('kube-apiserver')).toBe('1.35.8');
    writeFileSync(join(go.folder, 'bin/kube-apiserver'), '#!/bin/sh\necho Kubernetes v1.35.2\n', { mode: 0o755 });
    expect(versionInUse('kube-apiserver')).toBe('1.35.2');
    expect(toolPlace('kube-apiserver')).toBe(join(go.folder, 'bin/kube-apiserver'));
  });
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
