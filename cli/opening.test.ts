// `tminus open` on a real terminal, with a browser that records its address.
import { expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hasDisplay } from './verbs/open.ts';

const PAGE = 'http://127.0.0.1:6/r/go-api-1.4.0';
const bin = resolve(import.meta.dirname, 'bin.ts');

/** Runs `tminus open` in a pseudo-terminal. Returns its output and the URL that the browser was started with. */
function open(env: Record<string, string>, options = ''): { printed: string; opened: string | null } {
  const folder = mkdtempSync(join(tmpdir(), 'tminus-open-'));
  const opened = join(folder, 'opened');
  const browser = join(folder, 'browser');
  writeFileSync(browser, `#!/bin/sh\necho "$1" > ${opened}.part && mv ${opened}.part ${opened}\n`);
  chmodSync(browser, 0o755);
  // The program ends before the browser starts: the shell waits for the file, 10 s at most.
  const wait = `for i in $(seq 100); do [ -e ${opened} ] && break; sleep 0.1; done`;
  const { stdout } = spawnSync(
    'script',
    ['-qec', `${process.execPath} ${bin} open go-api-1.4.0 ${options}; ${options === '' ? wait : ':'}`, '/dev/null'],
    {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        LANG: 'C.UTF-8',
        TMINUS_SERVER: 'http://127.0.0.1:6',
        XDG_DATA_DIRS: folder,
        XDG_DATA_HOME: folder,
        BROWSER: browser,
        ...env,
      },
    },
  );
  return { printed: stdout.trim(), opened: existsSync(opened) ? readFileSync(opened, 'utf8').trim() : null };
}

it('prints the address and opens the browser if there is a display', () => {
  expect(open({ DISPLAY: ':9' })).toEqual({ printed: PAGE, opened: PAGE });
}, 30_000);

it('only prints the address with --print', () => {
  expect(open({ DISPLAY: ':9' }, '--print')).toEqual({ printed: PAGE, opened: null });
}, 30_000);

it.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: '' }, false],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { WSL_DISTRO_NAME: 'Debian' }, true],
  ['darwin', {}, true],
] as const)('on %s with %j has a display: %s', (platform, env, expected) => {
  expect(hasDisplay(platform, env)).toBe(expected);
});
