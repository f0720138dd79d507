import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

/** Passes the point before the launch write and then prints that it lives. */
const code = `import { failpoint } from ${JSON.stringify(join(import.meta.dirname, 'failpoint.ts'))}; await failpoint('deployment-image.apply-write.before'); console.log('alive');`;
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

  it('waits where it is named with pause, says that it was reached, and goes on when the file is removed', async () => {
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
