import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failpoints } from './failpoint.ts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Passes the point before the launch write and then prints that it lives. */
const code = `
  import { failpoint } from ${JSON.stringify(join(import.meta.dirname, 'failpoint.ts'))};
  await failpoint('deployment-image.apply-write.before');
  console.log('alive');`;
const argv = ['--input-type=module', '--eval', code];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-failpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pass(env: Record<string, string>) {
  const { signal, stdout } = spawnSync('node', argv, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
  });
  return { signal, alive: stdout.includes('alive') };
}

describe('a failpoint', () => {
  it('does nothing unless it is named', () => {
    expect(pass({})).toEqual({ signal: null, alive: true });
    writeFileSync(join(folder, 'deployment-image.apply-write.after'), '');
    expect(pass({ TMINUS_FAILPOINTS: folder })).toEqual({ signal: null, alive: true });
  });

  it('kills the process at once when it is named, and not the one that is started again', () => {
    writeFileSync(join(folder, 'deployment-image.apply-write.before'), '');
    expect(pass({ TMINUS_FAILPOINTS: folder })).toEqual({ signal: 'SIGKILL', alive: false });
    expect(existsSync(join(folder, 'deployment-image.apply-write.before'))).toBe(false);
    expect(pass({ TMINUS_FAILPOINTS: folder })).toEqual({ signal: null, alive: true });
  });

  it('waits when its file has pause, reports that it was reached, and continues when the file is removed', async () => {
    const file = join(folder, 'deployment-image.apply-write.before');
    writeFileSync(file, 'pause');
    const child = spawn('node', argv, { env: { PATH: process.env['PATH'] ?? '', TMINUS_FAILPOINTS: folder } });
    const ended = once(child, 'exit');
    let alive = false;
    child.stdout.on('data', () => (alive = true));
    while (!existsSync(`${file}.reached`) && child.exitCode === null) await new Promise((again) => setTimeout(again, 20));
    expect([alive, child.exitCode]).toEqual([false, null]);
    rmSync(file);
    await ended;
    expect([alive, child.exitCode]).toEqual([true, 0]);
  });
});

describe('the list of failpoints', () => {
  it('has each phase of each effect, before and after, the guard and the load test, and each once', () => {
    expect(failpoints).toEqual(
      expect.arrayContaining([
        'deployment-image.register.before',
        'deployment-image.restore-read-back.after',
        'guard.store.before',
        'load-test.running',
      ]),
    );
    expect(failpoints).toHaveLength(2 * (9 + 3 * 8 + 2) + 1);
    expect(new Set(failpoints).size).toBe(failpoints.length);
  });

  it('is named in the code where each is passed', () => {
    const passed = globSync(['activities/**/*.ts'], { cwd: join(import.meta.dirname, '..') })
      .filter((path) => !path.endsWith('.test.ts') && !path.endsWith('failpoint.ts'))
      .map((path) => readFileSync(join(import.meta.dirname, '..', path), 'utf8'))
      .join('\n');
    const phases = ['capture', 'register', 'apply', 'restore', 'prove', 'restore-prove', 'settle'];
    expect(phases.filter((phase) => !passed.includes(`'${phase}'`) && !passed.includes(`deployment-image.${phase}'`))).toEqual([]);
  });
});
