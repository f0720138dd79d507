import { expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { against, showing } from './testing/against.ts';
import { refusal, type Answers } from './testing/fake-server.ts';
import { mei, NAME, waiting } from './testing/statuses.ts';
import { NOBODY, tminus } from './testing/tminus-process.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'tminus-cli-'));

const whoami: Answers = { 'GET /api/v1/whoami': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'Principal', principal: mei } } };

it('reads the token from a file that only its owner may read', async () => {
  const home = folder();
  const file = join(home, 'token');
  writeFileSync(file, 'from-file\n', { mode: 0o600 });
  const run = (argv: string[] = []) => against(whoami, ['whoami', ...argv], { env: { TMINUS_TOKEN: '', TMINUS_HOME: home } });
  const mine = await run();
  expect(mine).toMatchObject({ code: 0, stdout: 'Mei Tan (local/mei)   groups: shop-developers\n', stderr: '' });
  expect(mine.server.asked[0]?.authorization).toBe('Bearer from-file');
  chmodSync(file, 0o640);
  const open = await run();
  expect(open).toMatchObject({ code: 4, stdout: '', stderr: `others can read the token file ${file}\n  chmod 600 ${file}\n` });
  expect(open.server.asked).toEqual([]);
});

it('takes the token file of another person, but never a token, as an option', async () => {
  const file = join(folder(), 'li.wei.token');
  writeFileSync(file, 'li-wei', { mode: 0o600 });
  const { server } = await against(whoami, ['whoami', '--token-file', file]);
  expect(server.asked[0]?.authorization).toBe('Bearer li-wei');
  expect((await tminus(['whoami', '--token', 'secret'])).code).toBe(2);
});

it('signs in with a token from stdin or a file, once the server has said whose it is', async () => {
  const home = join(folder(), 'new');
  const env = { TMINUS_TOKEN: '', TMINUS_HOME: home };
  const piped = await against(whoami, ['login'], { env, stdin: 'from-stdin\n' });
  expect(piped).toMatchObject({ code: 0, stdout: `signed in as Mei Tan (local/mei)\nkept in ${join(home, 'token')}\n`, stderr: '' });
  expect(piped.server.asked[0]?.authorization).toBe('Bearer from-stdin');
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('from-stdin\n');
  expect(statSync(join(home, 'token')).mode & 0o777).toBe(0o600);
  // What it keeps is what the other verbs use.
  expect((await against(whoami, ['whoami'], { env })).server.asked[0]?.authorization).toBe('Bearer from-stdin');

  const file = join(home, 'given');
  writeFileSync(file, 'from-file', { mode: 0o600 });
  expect(await against(whoami, ['login', '--token-file', file, '--json'], { env })).toMatchObject({ code: 0 });
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('from-file\n');
});

it('keeps the token it has when the server does not know the new one', async () => {
  const home = folder();
  writeFileSync(join(home, 'token'), 'good\n', { mode: 0o600 });
  const env = { TMINUS_TOKEN: '', TMINUS_HOME: home };
  const refused = await against(
    { 'GET /api/v1/whoami': refusal(401, 'NotSignedIn', 'nobody was given this token', 'ask for one') },
    ['login'],
    {
      env,
      stdin: 'garbage',
    },
  );
  expect(refused).toMatchObject({ code: 4, stdout: '', stderr: 'nobody was given this token\n  ask for one\n' });
  expect((await tminus(['login'], { env, stdin: '' })).stderr).toContain('what is in stdin is not a token');
  expect(await tminus(['login', '--token-file', '/nowhere'], { env })).toMatchObject({
    code: 2,
    stderr: '--token-file: there is no file /nowhere\n',
  });
  expect(readFileSync(join(home, 'token'), 'utf8')).toBe('good\n');
});

it('tells in sentences what is missing', async () => {
  const away = await tminus(['doctor'], { server: NOBODY, cwd: folder() });
  expect(away.code).toBe(1);
  expect(away.stdout).toMatch(
    /^✔ pass +node +Node \d+.*\n✖ fail +server +nothing answers at http:\/\/127.0.0.1:6; start it with `tminus dev`, or name another with --server or TMINUS_SERVER\n$/,
  );
  const well = await against(
    {
      ...whoami,
      ...showing(waiting),
      'GET /healthz': { body: {} },
      'GET /api/v1/releases': {
        body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items: [{ name: NAME, state: 'running' }] },
      },
    },
    ['doctor'],
    { cwd: folder() },
  );
  expect(well.code).toBe(0);
  expect(well.stdout.split('\n').slice(2, 5)).toEqual([
    '✔ pass           identity   you are Mei Tan, groups: shop-developers',
    '✔ pass           temporal   Temporal answers; 1 countdowns, 1 of them running',
    '✔ pass           worker     a worker answers for go-api-1.4.0',
  ]);
});

it('tells as whom load scripts run under `tminus dev` here, or where else', async () => {
  const cwd = folder();
  const doctor = async () => (await tminus(['doctor'], { server: NOBODY, cwd })).stdout.split('\n')[1] ?? '';
  expect(await doctor()).toContain('server');
  await tminus(['init'], { cwd });
  const own =
    process.getuid?.() === 0
      ? /^✔ pass +load +load scripts run as user 64931, which owns no files$/
      : /^\? inconclusive +load +load scripts run as the user of this process \(uid \d+\), which cannot switch users: /;
  expect(await doctor()).toMatch(own);
  const file = join(cwd, '.tminus/environment.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^ {2}# load: .*$/m, '  load: { runner: /run/k6.sock }'));
  expect(await doctor()).toMatch(/^✔ pass +load +load scripts run at the k6 runner \/run\/k6\.sock$/);
});

it('tells which countdowns have no worker of their version, and does not call that well', async () => {
  const items = [
    { name: NAME, state: 'running', workerVersion: '8c1f0a6d2b3e', hasWorker: true },
    { name: 'pay-2.0', state: 'running', workerVersion: '1b2c3d4e5f60', hasWorker: false },
  ];
  const { code, stdout } = await against(
    {
      ...whoami,
      'GET /healthz': { body: {} },
      'GET /api/v1/releases': { body: { apiVersion: 'tminus.dev/v1alpha1', kind: 'ReleaseList', items, nextPage: null } },
    },
    ['doctor'],
  );
  expect(code).toBe(1);
  expect(stdout).toContain(
    '✖ fail           worker     no worker of version 1b2c3d4e5f60 runs, so nothing goes on of pay-2.0: neither steps nor hold, deadline or rollback; start a worker of that version',
  );
});
