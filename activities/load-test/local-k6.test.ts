// How k6 is started, here and at a runner. k6 is replaced by a shell script that shows what it finds; the real one stands in *.k6.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StartK6 } from './k6-run.ts';
import { startK6Runner } from './k6-runner.ts';
import { separateUser, describeSeparation } from './k6-user.ts';
import { localK6 } from './local-k6.ts';
import { remoteK6 } from './remote-k6.ts';

const user = separateUser();
const folder = mkdtempSync(join(tmpdir(), 'local-k6-'));
chmodSync(folder, 0o711);
const workFolder = join(folder, 'work');
afterAll(() => rmSync(folder, { recursive: true }));

const run = {
  script: Buffer.from('export default 1'),
  stages: [{ seconds: 1, ratePerSecond: 1 }],
  maxVus: 1,
  targetUrl: 'http://127.0.0.1:1',
};

/** A k6 that runs these commands, at a place that no other user gets at. */
function fake(commands: string): string {
  const home = mkdtempSync(join(folder, 'home-'));
  const k6Path = join(home, 'k6');
  writeFileSync(k6Path, `#!/bin/sh\n${commands}\n`);
  chmodSync(k6Path, 0o755);
  return k6Path;
}
const local = (commands: string, more: object = {}): StartK6 => localK6({ k6Path: fake(commands), workFolder, user, hosts: [], ...more });

describe('k6 as a process of this machine', () => {
  it('gets a few named variables, a home of its own, and no proxy that would lead anywhere', async () => {
    process.env['TMINUS_CANARY'] = 'canary';
    process.env['K6_OUT'] = 'canary';
    const k6 = await local('env')(run);
    const variables = (await text(k6.points)).trim().split('\n');
    delete process.env['TMINUS_CANARY'];
    delete process.env['K6_OUT'];
    const names = variables
      .map((line) => line.split('=')[0] ?? '')
      .filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_', 'LANG', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'].includes(name));
    expect(names.sort()).toEqual(['HOME', 'HTTPS_PROXY', 'HTTP_PROXY', 'K6_AUTO_EXTENSION_RESOLUTION', 'NO_PROXY', 'PATH', 'TMPDIR']);
    expect(variables).toContainEqual(expect.stringMatching(`^HOME=${workFolder}/load-`));
    expect(variables).toContain('HTTPS_PROXY=http://255.255.255.255:0');
    expect(variables).toContain('NO_PROXY=127.0.0.1');
    expect(await k6.ended).toMatchObject({ exitCode: 0 });
    expect(readdirSync(workFolder)).toEqual([]);
  });

  it('runs as a user that owns no files where this one may switch, and as this one where it may not', async () => {
    const secret = join(folder, 'signing-key.pem');
    writeFileSync(secret, 'canary-key', { mode: 0o600 });
    const k6 = await local(`id -u; id -g; id -G; cat ${secret}; cat /proc/${process.pid}/environ; grep -c ':64931:' /etc/passwd`)(run);
    const said = await text(k6.points);
    const { lastError } = await k6.ended;
    const own = process.getuid?.();
    expect(user).toEqual(own === 0 ? { uid: 64_931, gid: 64_931 } : null);
    if (user === null) {
      expect(said).toContain(`${own}`);
      expect(describeSeparation(user)).toContain(`load scripts run as the user of this process (uid ${own}), which cannot switch users`);
      return;
    }
    // Neither secret, and no person of that number.
    expect(said).toBe('64931\n64931\n64931\n0\n');
    expect(lastError).not.toContain('canary');
    expect(describeSeparation(user)).toBe('load scripts run as user 64931, which owns no files');
  });

  it('is refused a folder that another user could replace', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    await expect(local('exit 0', { workFolder: open })(run)).rejects.toThrow(`${open} is not a folder that only this user can write to`);
  });

  it('ends with the shell’s message when there is no k6', async () => {
    const k6 = await localK6({ k6Path: join(folder, 'no-such-k6'), workFolder, user, hosts: [] })(run);
    expect(await text(k6.points)).toBe('');
    expect(await k6.ended).toMatchObject({ exitCode: 127, lastError: expect.stringContaining('not found') });
  });
});

describe('k6 at a runner', () => {
  const socket = join(folder, 'k6.sock');
  let runner: { close(): Promise<void> } | null;
  const start = async (commands: string) => {
    runner = await startK6Runner({ socket, k6Path: fake(commands), workFolder, user });
  };
  const remote = remoteK6({ socket, hosts: [] });
  beforeEach(() => void (runner = null));
  afterEach(async () => {
    await runner?.close();
    expect(existsSync(workFolder) ? readdirSync(workFolder) : []).toEqual([]);
  });

  it('gives its points as they come, and how it ended', async () => {
    await start('echo one; echo two; echo "it broke" >&2; exit 99');
    const k6 = await remote(run);
    expect(await text(k6.points)).toBe('one\ntwo\n');
    expect(await k6.ended).toEqual({ exitCode: 99, signal: null, lastError: 'it broke' });
  });

  it('sees nothing of the worker that asked: the environment is that of the runner', async () => {
    await start('env');
    process.env['TMINUS_CANARY'] = 'canary';
    const k6 = await remote(run);
    expect(await text(k6.points)).not.toContain('canary');
    delete process.env['TMINUS_CANARY'];
    await k6.ended;
  });

  it('stops on request, with its last error', async () => {
    await start('trap "echo last; exit 105" INT; echo first; while :; do sleep 0.05; done');
    const k6 = await remote(run);
    const points = text(k6.points);
    await wait(300);
    await k6.stop();
    expect(await points).toBe('first\nlast\n');
    expect(await k6.ended).toMatchObject({ exitCode: 105 });
  });

  it('ends with the connection: killed here, or because the worker was', async () => {
    const alive = join(folder, 'alive');
    writeFileSync(alive, '');
    chmodSync(alive, 0o666);
    // k6 may be another user, who gets at this file all the same.
    await start(`trap "" INT TERM; echo first; while :; do echo x >> ${alive}; sleep 0.05; done`);
    const k6 = await remote(run);
    await once(k6.points, 'readable');
    k6.kill();
    expect(await k6.ended).toEqual({ exitCode: null, signal: null, lastError: `the k6 runner at ${socket} closed the connection` });
    const worker = `
      import { remoteK6 } from ${JSON.stringify(join(import.meta.dirname, 'remote-k6.ts'))};
      const k6 = await remoteK6({ socket: ${JSON.stringify(socket)}, hosts: [] })({ ...${JSON.stringify({ ...run, script: '' })}, script: Buffer.from('x') });
      k6.points.on('data', () => process.stdout.write('runs'));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', worker], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    expect(readdirSync(workFolder)).toHaveLength(1);
    child.kill('SIGKILL');
    for (let turn = 0; turn < 200 && readdirSync(workFolder).length > 0; turn += 1) await wait(20);
    expect(readdirSync(workFolder)).toEqual([]);
    const { size } = statSync(alive);
    expect(size).toBeGreaterThan(0);
    await wait(300);
    expect(statSync(alive).size).toBe(size);
  });

  it('ends without an exit code when the runner goes away', async () => {
    await start('echo first; while :; do sleep 0.05; done');
    const k6 = await remote(run);
    await once(k6.points, 'readable');
    await runner?.close();
    runner = null;
    expect(await k6.ended).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('does not run without a runner, or when the target has no address', async () => {
    await expect(remoteK6({ socket: join(folder, 'none.sock'), hosts: [] })(run)).rejects.toThrow(
      /^the k6 runner at .*none\.sock does not respond: /,
    );
    await start('exit 0');
    await expect(remote({ ...run, targetUrl: 'http://no-such-host.invalid' })).rejects.toThrow(
      /cannot start k6: the load script cannot connect to no-such-host\.invalid/,
    );
    await expect(remote({ ...run, maxVus: 0 })).rejects.toThrow(/cannot start k6: maxVus: /);
  });
});
