import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tminus-failpoint-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process that passes the point before the launch write and then says that it lives. */
function pass(env: Record<string, string>) {
  const code = `import { failpoint } from ${JSON.stringify(join(import.meta.dirname, 'failpoint.ts'))}; failpoint('deployment-image.apply-write.before'); console.log('alive');`;
  const { signal, stdout } = spawnSync('node', ['--input-type=module', '--eval', code], {
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
});
