// The real script in a folder of its own, with programs that a test plays. Nothing is installed.
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const installed = 'printf installed';
/** Plays npm: makes the Node of the project, whose native bindings load or not. */
const npm = (bindings: string) => `echo "npm $*" >> "$CALLS"; mkdir -p node_modules/.bin
printf '#!/bin/sh\\ncase "$1" in --version) echo v24.21.0;; *) ${bindings};; esac\\n' > node_modules/.bin/node; chmod +x node_modules/.bin/node`;

function machine(programs: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-setup-'));
  const bin = join(folder, 'bin');
  for (const made of [bin, join(folder, 'scripts')]) mkdirSync(made);
  copyFileSync(join(import.meta.dirname, 'setup'), join(folder, 'scripts/setup'));
  writeFileSync(join(folder, 'package-lock.json'), '{ "name": "one" }');
  for (const name of [
    'bash',
    'sh',
    'cmp',
    'cp',
    'mkdir',
    'chmod',
    'date',
    'dirname',
    'sed',
    'sort',
    'head',
    'tail',
    'uname',
    'printf',
    'mktemp',
    'rm',
    'ln',
  ]) {
    const real = ['/bin', '/usr/bin'].map((place) => join(place, name)).find((path) => existsSync(path));
    if (real) symlinkSync(real, join(bin, name));
  }
  const fake: Record<string, string> = {
    'dpkg-query': installed,
    id: 'echo 0',
    go: 'echo go1.26.8',
    npm: npm('exit 0'),
    'apt-get': 'echo "apt-get $*" >> "$CALLS"',
    ...programs,
  };
  for (const [name, body] of Object.entries(fake)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const calls = join(folder, 'calls');
  const parts = join(folder, 'parts.tsv');
  return {
    folder,
    parts: () => readFileSync(parts, 'utf8'),
    run: (...argv: string[]) => {
      writeFileSync(calls, '');
      const { status, stdout, stderr } = spawnSync('/bin/bash', [join(folder, 'scripts/setup'), ...argv], {
        env: { PATH: bin, CALLS: calls, HOME: folder, TMINUS_SETUP_PARTS: parts },
        encoding: 'utf8',
      });
      return { status, said: stdout + stderr, calls: readFileSync(calls, 'utf8').trim().split('\n') };
    },
  };
}

describe('scripts/setup', () => {
  it('installs npm packages once, honouring the lockfile, and is silent and idle the second time', () => {
    const { run } = machine();
    const first = run();
    expect(first).toMatchObject({ status: 0, said: expect.stringMatching(/^setup {3}npm packages {2}\d+ s\n$/) });
    expect(first.calls).toEqual(['npm install --ignore-scripts --no-save --no-audit --no-fund --loglevel=error']);
    expect(run()).toEqual({ status: 0, said: '', calls: [''] });
  });

  it('writes down what each installation took, and nothing about what was there', () => {
    const busy = 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done';
    const { parts, run } = machine({ 'dpkg-query': 'exit 1', 'apt-get': `case $1 in install) ${busy};; esac` });
    run();
    const rows = parts()
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(new Set(rows.map(([name]) => name))).toEqual(new Set(['Debian packages', 'npm packages']));
    const [wall, cpu] = (rows.find(([name]) => name === 'Debian packages') ?? []).slice(1).map(Number);
    expect(wall).toBeGreaterThanOrEqual(0);
    expect(cpu).toBeGreaterThanOrEqual(0);
    expect(cpu).toBeLessThan(60);
  });

  it('ends with the exit code of the installation that failed, after the other has ended', () => {
    const { said, status } = machine({ 'dpkg-query': 'exit 1', 'apt-get': 'echo no such package; exit 100' }).run();
    expect(status).toBe(2);
    expect(said).toContain('these Debian packages could not be installed: containerd runc');
    expect(said).toMatch(/setup {3}npm packages {2}\d+ s/);
  });

  it('installs again when the lockfile has changed', () => {
    const { folder, run } = machine();
    run();
    writeFileSync(join(folder, 'package-lock.json'), '{ "name": "two" }');
    expect(run().calls).toHaveLength(1);
  });

  it('installs once without the lockfile where native packages do not load, and refuses when they still do not', () => {
    const { said, status, calls } = machine({ npm: npm('exit 1') }).run();
    expect(calls).toHaveLength(2);
    expect(calls[1]).toContain('--no-package-lock');
    expect({ said, status }).toMatchObject({ status: 2, said: expect.stringContaining('do not load') });
  });

  it('installs nothing, and says what is missing, when it is not run as root', () => {
    const { said, status, calls } = machine({ 'dpkg-query': 'exit 1', id: 'echo 1000' }).run();
    expect(status).toBe(2);
    expect(said).toContain('only root can install them: containerd runc');
    expect(calls).toEqual(['']);
  });

  it('installs only npm packages for the command line, without root and Go', () => {
    const { said, status, calls } = machine({ 'dpkg-query': 'exit 1', id: 'echo 1000', go: 'exit 127' }).run('npm');
    expect({ said, status }).toMatchObject({ status: 0, said: expect.stringMatching(/^setup {3}npm packages {2}\d+ s\n$/) });
    expect(calls).toEqual(['npm install --ignore-scripts --no-save --no-audit --no-fund --loglevel=error']);
  });

  it.each([
    ['too old', 'echo go1.25.9', /Go 1\.25\.9 is too old: 1\.26/],
    ['missing', 'exit 127', /Go is missing/],
  ])('refuses a Go that is %s', (_, go, sentence) => {
    expect(machine({ go }).run()).toMatchObject({ status: 2, said: expect.stringMatching(sentence) });
  });

  it('takes newer versions of Go by number, not by letter', () => {
    expect(machine({ go: 'echo go1.100.0' }).run().status).toBe(0);
  });

  it('refuses another Node than 24', () => {
    const other = npm('exit 0').replace('v24.21.0', 'v20.19.0');
    expect(machine({ npm: other }).run()).toMatchObject({
      status: 2,
      said: expect.stringContaining('Node 24 is needed and this is v20.19.0'),
    });
  });
});
